/**
 * Values of mixed sizes leave gaps; a long one gets its run by moving others, not by evicting all.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Geometry } from '../../src/segment/index.ts'
import { randomFrom } from '../../testing/random.ts'
import { type Bench, openBench } from '../../testing/segments.ts'

const BLOCK_COUNT = 128
const BITMAP = { maxItems: 100, blockSize: 16, blockCount: BLOCK_COUNT, bitmap: true } as const

/** Half of the blocks are free, every second pair of them, so no run is longer than two. */
function openGappy(wanted: Partial<Geometry>): Bench {
  const bench = openBench({ ...BITMAP, ...wanted })
  for (let i = 0; i < BLOCK_COUNT / 2; i++) bench.set(`k${i}`, pairFor(i))
  for (let i = 0; i < BLOCK_COUNT / 2; i += 2) bench.engine.delete(`k${i}`)
  return bench
}

/** Of two blocks. */
function pairFor(index: number): string {
  return `${index}`.padEnd(32, '.')
}

function keptCount(bench: Bench): number {
  let kept = 0
  for (let i = 1; i < BLOCK_COUNT / 2; i += 2) {
    const value = bench.get(`k${i}`)
    if (value === undefined) continue
    assert.equal(value, pairFor(i))
    kept++
  }
  return kept
}

describe('a long value where only gaps are free', () => {
  for (const eviction of ['adaptive', 'lru'] as const) {
    for (const checksums of [false, true]) {
      test(`is stored and nothing is evicted (${eviction}, checksums: ${checksums})`, () => {
        const bench = openGappy({ eviction, checksums })
        assert.equal(bench.set('long', 'x'.repeat(16 * 40)), 'stored')
        assert.equal(bench.get('long'), 'x'.repeat(16 * 40))
        assert.equal(keptCount(bench), 32)
        assert.equal(bench.engine.stats().freeBlocks, 64 - 40)
        assert.deepEqual(bench.engine.verify().problems, [])
      })
    }
  }

  test('replaces a shorter value of its key, and nothing else is lost', () => {
    const bench = openGappy({ eviction: 'lru' })
    assert.equal(bench.set('k1', 'y'.repeat(16 * 50)), 'stored')
    assert.equal(bench.get('k1'), 'y'.repeat(16 * 50))
    bench.set('k1', pairFor(1))
    assert.ok(keptCount(bench) >= 31)
    assert.deepEqual(bench.engine.verify().problems, [])
  })

  test('is refused where nothing may be evicted, and all is as it was', () => {
    const bench = openGappy({ eviction: 'none' })
    assert.equal(bench.set('long', 'x'.repeat(16 * 40)), 'full')
    assert.equal(keptCount(bench), 32)
    assert.deepEqual(bench.engine.verify().problems, [])
  })

  test('is never torn or lost to others, whatever is stored before it', () => {
    const random = randomFrom(3)
    const bench = openBench({ ...BITMAP, blockCount: 300, eviction: 'adaptive', checksums: true })
    const model = new Map<string, string>()
    for (let turn = 0; turn < 5000; turn++) {
      const key = `key-${random.below(120)}`
      const value = `${turn}:`.padEnd(1 + random.below(random.chance(0.1) ? 2000 : 60), '#')
      assert.equal(bench.set(key, value), 'stored')
      model.set(key, value)
      if (random.chance(0.1)) {
        bench.engine.delete(key)
        model.delete(key)
      }
      const asked = `key-${random.below(120)}`
      const found = bench.get(asked)
      assert.ok(found === undefined || found === model.get(asked), `${asked} in turn ${turn}`)
    }
    assert.deepEqual(bench.engine.verify().problems, [])
  })
})
