/**
 * Damaged segments: each byte changed once, and random bytes changed while other processes read.
 *
 * A cache without a store has no checksums, so a change of a value's bytes, position or size gives
 * another value. The engine must notice any other damage, or it must do no harm. So the engine
 * compares keys, checks positions, and bounds every walk.
 */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { ErrorCode } from '../../src/base/index.ts'
import { encodeValue } from '../../src/codecs/index.ts'
import { Cache } from '../../src/index.ts'
import { CELL_STRIDE, CELLS_OFFSET, SLOT, SLOT_STRIDE } from '../../src/segment/format.ts'
import { Child } from '../../testing/child.ts'
import { type Random, seededRandom } from '../../testing/random.ts'
import { asText, type Bench, openBench } from '../../testing/segments.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { noise } from '../../verification/fuzz/mutate.ts'
import { allowing } from '../../verification/fuzz/target.ts'
import type { Work, Worked } from './overwritten-child.ts'

const MODES = {
  'one block an item': {},
  'one block an item, lru': { eviction: 'lru' },
  'bitmap, adaptive': { bitmap: true, blockSize: 16, blockCount: 60, eviction: 'adaptive' },
  'a store': { checksums: true, eviction: 'lru' },
} as const

/** Errors that a damaged cache may throw. */
const NOTICED: readonly ErrorCode[] = ['UNDERCROFT_CORRUPT']
const KEYS = ['a', 'bb', 'ccc', 'dddd', 'eeeee', 'ffffff'] as const
const textOf = (key: string) => `${key} `.repeat(key.length)

function fill(bench: Bench): void {
  for (const key of KEYS) bench.set(key, textOf(key), key === 'bb' ? 1000 : undefined)
  bench.engine.delete('ccc')
}

/** Calls every operation. Each must end for any damage, and may throw one of these errors. */
function useAll(bench: Bench, mayDiffer: boolean): void {
  const { engine } = bench
  for (const key of KEYS) {
    const value = allowing(NOTICED, () => engine.get(key, asText))
    const isOwn = value === undefined || value === textOf(key)
    assert.ok(isOwn || mayDiffer, `${key} became ${JSON.stringify(value)}`)
  }
  allowing(NOTICED, () => engine.verify())
  allowing(NOTICED, () => bench.set('new', 'value'))
  allowing(NOTICED, () => engine.store('a', encodeValue('other'), 0, 'set'))
  allowing(NOTICED, () => engine.delete('dddd'))
  allowing(NOTICED, () => engine.verify())
}

/** @returns whether the byte describes a value: its position, size, type or expiry */
function describesValue({ segment }: Bench, offset: number): boolean {
  const { slotsOffset } = segment.layout
  const inSlot = (offset - slotsOffset) % SLOT_STRIDE
  const { info, valueSize, firstBlock, expiresAtMs } = SLOT.fields
  return [info, valueSize, firstBlock, expiresAtMs].some(
    (field, index) => inSlot >= field.offset && inSlot < field.offset + (index === 3 ? 8 : 4),
  )
}

/** @returns all bytes, but only some of the many equal counters of processes */
function* offsetsOf({ segment }: Bench): Generator<number> {
  const { bucketsOffset, blocksOffset } = segment.layout
  for (let offset = 0; offset < CELLS_OFFSET + 2 * CELL_STRIDE; offset++) yield offset
  for (let offset = CELLS_OFFSET + 2 * CELL_STRIDE; offset < bucketsOffset; offset += 61) {
    yield offset
  }
  for (let offset = bucketsOffset; offset < blocksOffset; offset++) yield offset
}

describe('one byte changed anywhere before the blocks', () => {
  for (const [name, geometry] of Object.entries(MODES)) {
    test(`of ${name}: no crash, no hang, no other item's bytes`, t => {
      const random = seededRandom(t)
      const bench = openBench({ maxItems: 8, ...geometry })
      fill(bench)
      const image = Buffer.from(bench.segment.bytes)
      const { slotsOffset } = bench.segment.layout
      let begin = performance.now()
      let slowestMs = 0
      for (const offset of offsetsOf(bench)) {
        const before = image[offset]
        for (const damaged of [before ^ (1 << random.below(8)), before ^ 0xff, random.below(256)]) {
          image.copy(bench.segment.bytes)
          bench.segment.bytes[offset] = damaged
          const mayDiffer = offset >= slotsOffset && describesValue(bench, offset)
          try {
            useAll(bench, mayDiffer)
          } catch (error) {
            throw new Error(`byte ${offset}: ${before} became ${damaged}: ${error}`, {
              cause: error,
            })
          }
        }
        slowestMs = Math.max(slowestMs, performance.now() - begin)
        begin = performance.now()
      }
      t.diagnostic(`slowest byte: ${slowestMs.toFixed(1)} ms`)
    })
  }
})

describe('a file overwritten while two processes use it', () => {
  for (const bitmap of [false, true]) {
    test(`${bitmap ? 'in' : 'without'} bitmap mode: both go on, with errors of ours`, async t => {
      const random = seededRandom(t)
      const directory = memoryDir(t)
      const sizes = { maxItems: 30, maxKeySize: 40, blockSize: bitmap ? 32 : 256, bitmap }
      const options = { ...sizes, ...(bitmap ? { blocks: 300 } : {}) }
      using cache = Cache.open({ name: 'overwritten', directory, ...options })
      cache.set('key 1', 'there')
      const script = new URL('./overwritten-child.js', import.meta.url)
      const children = await Promise.all([1, 2].map(() => Child.start<Work, Worked>(t, script)))
      const codes = new Set<string>()
      let operations = 0
      for (let round = 0; round < ROUNDS; round++) {
        const working = children.map(child => child.ask({ directory, rounds: 400 }))
        overwrite(join(directory, 'overwritten.undercroft'), random)
        for (const worked of await Promise.all(working)) {
          operations += worked.operations
          for (const code of Object.keys(worked.codes)) codes.add(code)
        }
      }
      t.diagnostic(`${operations} operations, ${[...codes].join(', ')}`)
      assert.deepEqual(
        [...codes].filter(code => !EXPECTED.has(code)),
        [],
      )
    })
  }
})

const ROUNDS = 12

/** Errors that a cache may throw while its bytes change. */
const EXPECTED: ReadonlySet<string> = new Set(['UNDERCROFT_CORRUPT', 'UNDERCROFT_LOCK_TIMEOUT'])

/** Overwrites twenty ranges of up to 64 bytes at random offsets. */
function overwrite(file: string, random: Random): void {
  const fd = fs.openSync(file, 'r+')
  const { size } = fs.fstatSync(fd)
  for (let count = 0; count < 20; count++) {
    const bytes = noise(1 + random.below(64), random)
    fs.writeSync(fd, bytes, 0, bytes.length, random.below(size - bytes.length))
  }
  fs.closeSync(fd)
}
