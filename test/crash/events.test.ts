import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { VALUE_TYPE } from '../../src/base/index.ts'
import { encodeValue } from '../../src/codecs/index.ts'
import { Engine, type EventReader, type ReadEvent } from '../../src/engine/index.ts'
import { EVENT_KIND, type Geometry } from '../../src/segment/index.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { asText } from '../../testing/segments.ts'
import { openImage, RecordedSegment } from './recorded-segment.ts'

const GEOMETRY: Geometry = {
  maxItems: 4,
  maxKeySize: 100,
  blockSize: 64,
  blockCount: 20,
  bitmap: true,
  hash: 'seeded',
  eviction: 'lru',
  ignoresTtl: false,
  checksums: false,
  maxTags: 8,
  eventPlaces: 4096,
}
const LONG_KEY = 'l'.repeat(100)
const KEYS = ['a', 'ends', LONG_KEY, 'tagged', 'new']

const set = (key: string, value: string) => (engine: Engine) => {
  engine.store(key, encodeValue(value), 0, 'set')
}

const CHANGES: Readonly<Record<string, (engine: Engine) => void>> = {
  'a value over another': set('a', 'B'),
  'a value with a long key': set(LONG_KEY, 'B'),
  'a new item that evicts another': set('new', 'N'),
  'a delete': engine => void engine.delete('a'),
  'a counter': engine =>
    void engine.count('n', 'inc', 1n, { initial: 0n, expiresAtMs: 0, type: VALUE_TYPE.integer }),
  'the deletion of a tag': engine => engine.deleteTag('red', false),
  'a clear': engine => void engine.clear(),
}

describe('killed after any store with events', () => {
  for (const [what, change] of Object.entries(CHANGES)) {
    test(`of ${what}: each change that happened has its event, or there is a gap`, () => {
      const clock = new ManualClock()
      const recorded = new RecordedSegment(GEOMETRY)
      const engine = new Engine(recorded.segment, { clock, lockTimeoutMs: 1000 })
      for (const key of ['a', 'ends', LONG_KEY]) set(key, 'A')(engine)
      engine.store('tagged', encodeValue('T'), 0, 'set', { tags: ['red'] })
      const images = recorded.record(() => change(engine))
      recorded.restore()
      const [first, last] = [images[0], images.at(-1)]
      assert.ok(first !== undefined && last !== undefined && images.length > 5)
      const finished = follow(first, last)
      assert.ok(finished.changed.length > 0)
      assert.equal(finished.events.some(isGap), false, 'a whole change has no gap')
      let whole = 0
      for (const image of images) {
        const { events, changed, items } = follow(first, image)
        if (events.some(isGap)) continue
        for (const key of changed)
          assert.ok(
            events.some(event => isOf(event, key)),
            key,
          )
        if (events.length > 0 && image === last) assert.deepEqual(items, finished.items)
        whole++
      }
      assert.ok(whole >= 2, 'before and after it no change is in doubt')
    })
  }
})

/** What a listener that was there before, in another process, learns of a state. */
function follow(first: Buffer, image: Buffer) {
  const segment = openImage(GEOMETRY, first)
  const clock = new ManualClock()
  const engine = new Engine(segment, { clock, lockTimeoutMs: 1000 })
  const reader = engine.readEvents()
  assert.ok(reader !== undefined)
  const before = KEYS.map(key => engine.get(key, asText))
  image.copy(segment.bytes)
  assert.deepEqual(engine.verify().problems, [])
  const items = KEYS.map(key => engine.get(key, asText))
  const changed = KEYS.filter((_, index) => items[index] !== before[index])
  const counter = engine.get('n', () => true)
  if (counter === true) changed.push('n')
  return { events: [...drain(reader)], changed, items }
}

function* drain(reader: EventReader): Generator<ReadEvent> {
  for (let event = reader.next(); event !== undefined; event = reader.next()) yield event
}

function isGap({ kind }: ReadEvent): boolean {
  return kind === EVENT_KIND.gap
}

function isOf({ kind, key }: ReadEvent, changed: string): boolean {
  return kind >= EVENT_KIND.clear || key === changed
}
