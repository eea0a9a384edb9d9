/**
 * What is left of a store when the machine goes down: each page of its file as it was at any time
 * before, or lost. Nothing served may ever be wrong, and what was not damaged is served.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { VALUE_TYPE } from '../../src/base/index.ts'
import type { Engine } from '../../src/engine/engine.ts'
import {
  type Geometry,
  LOCK,
  LOCK_OFFSET,
  RECOVERY,
  SLOT_STRIDE,
  STATE_OFFSET,
} from '../../src/segment/index.ts'
import { type Random, seededRandom } from '../../testing/random.ts'
import { asText, type Bench, openBench } from '../../testing/segments.ts'
import { slotOf, slotWord } from './damage.ts'

const PAGE_SIZE = 4096
const FIRST_PAGE = 0
const KEYS = Array.from({ length: 300 }, (_, i) => (i % 7 === 0 ? `${i}`.padEnd(90, '-') : `k${i}`))
const ITEM_COUNT = 400

const MODES: Readonly<Record<string, Partial<Geometry>>> = {
  'one block an item': { blockSize: 400, eviction: 'none' },
  'one block an item, LRU': { blockSize: 400, eviction: 'lru' },
  'bitmap, LRU': { bitmap: true, blockSize: 64, blockCount: 4000, eviction: 'lru' },
  'bitmap, adaptive': { bitmap: true, blockSize: 64, blockCount: 4000, eviction: 'adaptive' },
}

function openStore(mode: Partial<Geometry>): Bench {
  return openBench({
    maxItems: ITEM_COUNT,
    maxKeySize: 96,
    blockCount: ITEM_COUNT,
    ...mode,
    checksums: true,
  })
}

/** Attaches as the first process that opens the file after the machine has started again. */
function restart(bench: Bench): Engine {
  const { words } = bench.segment
  words[(LOCK_OFFSET + LOCK.fields.owner.offset) / 4] = 0
  words[(LOCK_OFFSET + LOCK.fields.needsRecovery.offset) / 4] = RECOVERY.check
  return bench.attach()
}

/** Every kind, bytes and end that each key ever had. */
class History {
  readonly #seen = new Map<string, Set<string>>()
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  note(key: string): void {
    const seen = this.#seen.get(key) ?? new Set()
    this.#seen.set(key, seen.add(stateOf(this.#engine, key)))
  }

  has(key: string, state: string): boolean {
    return this.#seen.get(key)?.has(state) === true
  }
}

function stateOf(engine: Engine, key: string): string {
  const decode = (bytes: Buffer, offset: number, size: number, type: number) =>
    `${type} ${bytes.toString('latin1', offset, offset + size)}`
  const state = engine.get(key, decode)
  return state === undefined ? 'absent' : `${state} ${engine.found.expiresAtMs}`
}

/** Changes some items in every way there is. */
function work({ engine, clock, set }: Bench, random: Random, history: History): void {
  const fresh = { initial: 0n, expiresAtMs: 0, type: VALUE_TYPE.integer }
  for (let step = 0; step < 300; step++) {
    const key = random.pick(KEYS)
    const choice = random.below(12)
    if (choice === 0) engine.delete(key)
    else if (choice === 1) engine.touch(key, clock.nowMs() + 1 + random.below(1e9))
    else if (choice < 5) engine.count(`n${key}`.slice(0, 90), 'inc', 1n, fresh)
    else set(key, random.text(random.below(random.pick([10, 100, 400]))), 1e6 + random.below(1e6))
    history.note(key)
    history.note(`n${key}`.slice(0, 90))
  }
}

/** Replaces pages by older ones or by zeros, except the first page, which has the header. */
function losePages({ segment }: Bench, random: Random, images: readonly Buffer[]): Set<number> {
  const lost = new Set<number>()
  const rate = random.pick([0.02, 0.2, 0.6])
  for (let page = FIRST_PAGE + 1; page * PAGE_SIZE < segment.bytes.length; page++) {
    if (!random.chance(rate)) continue
    lost.add(page)
    const start = page * PAGE_SIZE
    const image = random.pick([...images, Buffer.alloc(segment.bytes.length)])
    image.copy(segment.bytes, start, start, start + PAGE_SIZE)
  }
  return lost
}

/** @returns whether all bytes of an item are on pages that were not lost */
function isUntouched(bench: Bench, slot: number, lost: ReadonlySet<number>): boolean {
  const { layout } = bench.segment
  const { table, blocks } = bench.parts
  const pieces = [
    [slotWord(bench, slot) * 4, SLOT_STRIDE],
    [layout.keyTailsOffset + (slot - 1) * layout.keyTailStride, layout.keyTailStride],
    [layout.checksumsOffset + (slot - 1) * 4, 4],
    [blocks.offset(table.firstBlock(slot)), table.valueSize(slot)],
  ] as const
  return pieces.every(([offset, size]) => {
    for (let page = Math.floor(offset / PAGE_SIZE); page * PAGE_SIZE < offset + size; page++) {
      if (lost.has(page)) return false
    }
    return true
  })
}

for (const [title, mode] of Object.entries(MODES)) {
  describe(`after a power loss (${title})`, () => {
    test('whatever pages are old or lost, no value is wrong, and whole ones are there', t => {
      const random = seededRandom(t)
      for (let turn = 0; turn < 8; turn++) {
        const bench = openStore(mode)
        const history = new History(bench.engine)
        for (const key of KEYS) history.note(key)
        const images: Buffer[] = []
        for (let phase = 0; phase < 3; phase++) {
          work(bench, random, history)
          images.push(Buffer.from(bench.segment.bytes))
        }
        const known = [...KEYS, ...KEYS.map(key => `n${key}`.slice(0, 90))]
        const slots = new Map(
          known.filter(key => bench.engine.has(key)).map(key => [key, slotOf(bench, key)]),
        )
        const lost = losePages(bench, random, images)
        const whole = [...slots].filter(([, slot]) => isUntouched(bench, slot, lost))
        const engine = restart(bench)
        assert.deepEqual(engine.verify().problems, [], `turn ${turn}`)
        for (const key of known) {
          const state = stateOf(engine, key)
          assert.ok(state === 'absent' || history.has(key, state), `${key} was never ${state}`)
        }
        for (const [key] of whole) assert.ok(engine.has(key), `${key} is whole and not served`)
        for (const key of KEYS.slice(0, 50)) bench.set(key, 'new')
        assert.deepEqual(engine.verify().problems, [])
      }
    })

    test('with nothing lost everything is there as it was, also for the eviction policy', t => {
      const random = seededRandom(t)
      const bench = openStore(mode)
      work(bench, random, new History(bench.engine))
      const before = KEYS.map(key => bench.get(key))
      const uses = KEYS.map(key => bench.engine.has(key) && standing(bench, slotOf(bench, key)))
      const engine = restart(bench)
      assert.deepEqual(
        uses,
        KEYS.map(key => engine.has(key) && standing(bench, slotOf(bench, key))),
      )
      assert.deepEqual(
        before,
        KEYS.map(key => engine.get(key, asText)),
      )
      assert.equal(engine.stats().dropped, 0)
      assert.deepEqual(engine.verify().problems, [])
    })

    test('a damaged item is dropped and counted, all others are served', () => {
      const bench = openStore(mode)
      for (const key of KEYS) bench.set(key, `value of ${key}`)
      const victims = KEYS.filter((_, index) => index % 10 === 3)
      for (const [index, key] of victims.entries()) damage(bench, slotOf(bench, key), index)
      const engine = restart(bench)
      for (const key of KEYS) {
        const expected = victims.includes(key) ? undefined : `value of ${key}`
        assert.equal(engine.get(key, asText), expected, key)
      }
      assert.equal(engine.stats().dropped, victims.length)
      assert.deepEqual(engine.verify().problems, [])
    })
  })
}

/** What the policy knows of an item, whichever it is. */
function standing({ parts }: Bench, slot: number): readonly unknown[] {
  return [parts.eviction?.lastUse(slot), parts.table.evictionMark(slot)]
}

/** Of the value, of its end, of its size, of its key, or of its checksum. */
function damage(bench: Bench, slot: number, kind: number): void {
  const { bytes, words, layout } = bench.segment
  const at = slotWord(bench, slot)
  const value = bench.parts.blocks.offset(bench.parts.table.firstBlock(slot))
  const kinds = [
    () => bytes.writeUInt8((bytes[value] as number) ^ 1, value),
    () => bench.parts.table.setExpiresAtMs(slot, 4e12),
    () => bench.parts.table.setValueSize(slot, bench.parts.table.valueSize(slot) - 1),
    () => bytes.fill(0, value, value + 16),
    () => words.fill(0, at + 8, at + 9),
    () => words.fill(0, layout.checksumsOffset / 4 + slot - 1, layout.checksumsOffset / 4 + slot),
  ]
  kinds[kind % kinds.length]?.()
}

test('a cache without a store is empty after it: nobody can tell what is whole', () => {
  const bench = openBench()
  bench.set('k', 'v')
  const engine = restart(bench)
  assert.equal(engine.has('k'), false)
  assert.deepEqual(engine.verify(), { ok: true, problems: [], items: 0 })
})

test('items behind a lost stretch of the slot table are found, whatever the counts say', () => {
  const bench = openStore(MODES['one block an item'] ?? {})
  for (const key of KEYS) bench.set(key, 'v')
  bench.segment.bytes.fill(0, STATE_OFFSET, STATE_OFFSET + 128)
  const first = slotWord(bench, 1) * 4
  bench.segment.bytes.fill(0, first, first + 200 * SLOT_STRIDE)
  const engine = restart(bench)
  assert.deepEqual(
    KEYS.filter(key => engine.has(key)),
    KEYS.slice(200),
  )
  assert.deepEqual(engine.verify().problems, [])
  for (const key of KEYS) assert.equal(bench.set(key, 'w'), 'stored')
})

test('a check that was cut short is done again, and is not taken for an ordinary recovery', () => {
  const bench = openStore(MODES['bitmap, LRU'] ?? {})
  for (const key of KEYS) bench.set(key, `value of ${key}`)
  damage(bench, slotOf(bench, 'k1'), 0)
  const { table } = bench.parts
  // Leaves what a process leaves that was killed in the middle: odd versions, empty chains.
  for (let index = 0; index < table.bucketCount; index++) {
    table.beginChange(table.bucketAt(index))
    table.emptyChain(table.bucketAt(index))
  }
  bench.segment.words[(LOCK_OFFSET + LOCK.fields.needsRecovery.offset) / 4] = RECOVERY.check
  bench.segment.words[(LOCK_OFFSET + LOCK.fields.owner.offset) / 4] = 4711
  assert.equal(bench.get('k1'), undefined)
  assert.equal(bench.get('k2'), 'value of k2')
  assert.equal(bench.engine.stats().dropped, 1)
  assert.deepEqual(bench.engine.verify().problems, [])
})
