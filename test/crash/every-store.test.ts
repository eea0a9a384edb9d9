import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { VALUE_TYPE } from '../../src/base/index.ts'
import { encodeValue } from '../../src/codecs/index.ts'
import { Engine } from '../../src/engine/index.ts'
import type { Geometry } from '../../src/segment/index.ts'
import { COLLIDING } from '../../testing/depths.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { asText } from '../../testing/segments.ts'
import { openImage, RecordedSegment } from './recorded-segment.ts'

const SIZES = {
  maxItems: 7,
  maxKeySize: 48,
  blockSize: 64,
  blockCount: 7,
  bitmap: false,
  hash: 'seeded',
  ignoresTtl: false,
  checksums: false,
  maxTags: 8,
  eventPlaces: 0,
} as const
const BITMAP = { ...SIZES, bitmap: true, blockSize: 16, blockCount: 17 } as const

const MODES: Readonly<Record<string, Geometry>> = {
  'one block an item, nothing evicted': { ...SIZES, eviction: 'none' },
  'one block an item, lru': { ...SIZES, eviction: 'lru' },
  'one block an item, adaptive': { ...SIZES, eviction: 'adaptive' },
  'one block an item, cleared when full': { ...SIZES, eviction: 'clear' },
  'bitmap, nothing evicted': { ...BITMAP, eviction: 'none' },
  'bitmap, lru': { ...BITMAP, eviction: 'lru' },
  'bitmap, adaptive': { ...BITMAP, eviction: 'adaptive' },
  // `verify` compares each item with its checksum.
  'one block an item, a store': { ...SIZES, eviction: 'lru', checksums: true },
  'bitmap, a store': { ...BITMAP, eviction: 'adaptive', checksums: true },
  'bitmap, cleared when full': { ...BITMAP, eviction: 'clear' },
}

const LONG_KEY = 'a key that is longer than what fits into its slot'.slice(0, 44)
/** The keys of one chain: their hashes collide. */
const [BEHIND, IN_FRONT] = COLLIDING
const KEYS = ['a', 'b', BEHIND, IN_FRONT, 'ends', LONG_KEY, 'new', 'n', 'last', 'tagged'] as const
/** Many more requests than an item needs to count as the most requested. */
const ENOUGH_REQUESTS = 3000

interface Operation {
  /** The item of the call. The call may lose it; all other items are as before or as afterwards. */
  readonly key: string
  /** The item is never lost: it is as before or as afterwards. */
  readonly keepsItem?: boolean
  /** Fills the cache first. */
  readonly full?: boolean
  /** Lets items with an end expire first. */
  readonly late?: boolean
  /** Two items share a chain, and the second is requested more often. */
  readonly crowded?: boolean
  run(engine: Engine): void
}

const set = (key: string, value: string) => (engine: Engine) => {
  engine.store(key, encodeValue(value), 0, 'set')
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  'a new item': { key: 'new', run: set('new', 'x'.repeat(40)) },
  'an item over one of the same size': { key: 'a', run: set('a', 'B') },
  'a longer value over a shorter one': { key: 'a', run: set('a', 'y'.repeat(60)) },
  'a shorter value over a longer one': { key: LONG_KEY, run: set(LONG_KEY, 'z') },
  'an item whose slot a stamp tells': {
    key: 'a',
    run: engine => {
      const stamps = engine.createStamps(1)
      engine.get('a', asText)
      stamps.write(0)
      const outcome = engine.overwriteIfUnchanged(stamps, 0, encodeValue('y'.repeat(60)), 0)
      assert.equal(outcome, 'stored')
    },
  },
  'an add': {
    key: 'new',
    run: engine => void engine.store('new', encodeValue('added'), 0, 'add'),
  },
  'a new item into a full cache': { key: 'new', full: true, run: set('new', 'w'.repeat(50)) },
  'a longer value in a full cache': { key: 'b', full: true, run: set('b', 'w'.repeat(60)) },
  'a delete': { key: 'b', run: engine => void engine.delete('b') },
  'a touch': { key: 'a', keepsItem: true, run: engine => void engine.touch('a', 1) },
  'an increment': {
    key: 'n',
    keepsItem: true,
    run: engine => void engine.count('n', 'inc', 5n, undefined),
  },
  'a counter that begins': {
    key: 'new',
    run: engine =>
      void engine.count('new', 'inc', 5n, {
        initial: 1n,
        expiresAtMs: 0,
        type: VALUE_TYPE.integer,
      }),
  },
  'an item with tags over one without': {
    key: 'a',
    run: engine => void engine.store('a', encodeValue('B'), 0, 'set', { tags: ['red', 'new'] }),
  },
  'an item whose tag takes over the place of another': {
    key: 'new',
    run: engine => {
      for (let i = 0; i < 9; i++) {
        engine.store('new', encodeValue('tagged'), 0, 'set', { tags: [`t${i}`] })
      }
    },
  },
  'the deletion of a tag': { key: 'tagged', run: engine => engine.deleteTag('red', false) },
  'a soft deletion of a tag': { key: 'tagged', run: engine => engine.deleteTag('red', true) },
  'a touch of an item that may be stale': {
    key: 'tagged',
    keepsItem: true,
    run: engine => void engine.touch('tagged', 5000),
  },
  'a pin': {
    key: 'a',
    run: engine => void engine.store('a', encodeValue('P'), 0, 'set', { pinned: true }),
  },
  'a sweep': { key: 'ends', late: true, run: engine => void engine.upkeep.sweepStep() },
  'a new item where one is over': { key: 'new', late: true, full: true, run: set('new', 'v') },
  'a move to the front of a chain': {
    key: BEHIND,
    keepsItem: true,
    crowded: true,
    run: engine => engine.upkeep.orderChains(),
  },
  'a clear': { key: '', run: engine => void engine.clear() },
}

type Items = ReadonlyMap<string, string | undefined>

describe('killed after any store', () => {
  for (const [mode, wanted] of Object.entries(MODES)) {
    for (const [what, operation] of Object.entries(OPERATIONS)) {
      const geometry: Geometry = operation.crowded ? { ...wanted, hash: 'murmur2' } : wanted
      test(`of ${what}: nothing is torn or broken, no other item is lost (${mode})`, t => {
        const clock = new ManualClock()
        const recorded = new RecordedSegment(geometry)
        t.after(() => recorded.restore())
        const engine = new Engine(recorded.segment, { clock, lockTimeoutMs: 1000 })
        fill(engine, operation, clock)
        const images = recorded.record(() => operation.run(engine))
        recorded.restore()
        const [first] = images
        const last = images.at(-1)
        assert.ok(first !== undefined && last !== undefined)
        assert.ok(images.length > 1, 'it stored something')
        const before = readItems(geometry, first, clock)
        const after = readItems(geometry, last, clock)
        for (const [store, image] of images.entries()) {
          checkImage(geometry, image, clock, { before, after, operation, store })
        }
        t.diagnostic(`${images.length} states`)
      })
    }
  }
})

function fill(engine: Engine, operation: Operation, clock: ManualClock): void {
  const [first, second] = operation.crowded === true ? [BEHIND, IN_FRONT] : ['a', 'b']
  set(first, 'A')(engine)
  set(second, 'b'.repeat(20))(engine)
  engine.store('ends', encodeValue('over soon'), clock.nowMs() + 10, 'set')
  set(LONG_KEY, 'l'.repeat(30))(engine)
  const stale = { tags: ['red'], freshUntilMs: clock.nowMs() + 1000 }
  engine.store('tagged', encodeValue('T'), clock.nowMs() + 2000, 'set', stale)
  engine.count('n', 'inc', 7n, { initial: 0n, expiresAtMs: 0, type: VALUE_TYPE.integer })
  for (const key of KEYS) engine.get(key, asText)
  if (operation.full === true) set('last', 'f'.repeat(32))(engine)
  if (operation.late === true) clock.advance(10)
  if (operation.crowded !== true) return
  for (let i = 0; i < ENOUGH_REQUESTS; i++) engine.get(BEHIND, asText)
}

/** Reads first, as survivors that write nothing do; then what a takeover leaves is checked. */
function readItems(geometry: Geometry, image: Buffer, clock: ManualClock): Items {
  const engine = new Engine(openImage(geometry, image), { clock, lockTimeoutMs: 1000 })
  const items = new Map(KEYS.map(key => [key, engine.get(key, asText)]))
  assert.deepEqual(engine.verify().problems, [])
  for (const [key, value] of items) assert.equal(engine.get(key, asText), value, `${key}, again`)
  return items
}

interface Expected {
  readonly before: Items
  readonly after: Items
  readonly operation: Operation
  readonly store: number
}

function checkImage(geometry: Geometry, image: Buffer, clock: ManualClock, all: Expected): void {
  const { before, after, operation, store } = all
  const found = readItems(geometry, image, clock)
  for (const [key, value] of found) {
    const allowed = [before.get(key), after.get(key)]
    if (key === operation.key && operation.keepsItem !== true) allowed.push(undefined)
    assert.ok(
      allowed.includes(value),
      `after store ${store}, ${key} is ${value}, which is none of ${allowed}`,
    )
  }
  const engine = new Engine(openImage(geometry, image), { clock, lockTimeoutMs: 1000 })
  if (geometry.eviction !== 'none') {
    assert.equal(engine.store('later', encodeValue('works'), 0, 'set'), 'stored')
    assert.equal(engine.get('later', asText), 'works')
  }
  assert.deepEqual(engine.verify().problems, [])
}
