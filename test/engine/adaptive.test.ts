import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seededRandom } from '../../testing/random.ts'
import { type Bench, openBench } from '../../testing/segments.ts'

function openAdaptive(maxItems: number): Bench {
  return openBench({ eviction: 'adaptive', maxItems })
}

/**
 * Gets a key, and sets it after a miss.
 *
 * @returns whether it was a hit
 */
function getOrSet(bench: Bench, key: string): boolean {
  if (bench.get(key) !== undefined) return true
  assert.equal(bench.set(key, 'v'), 'stored')
  return false
}

describe('the adaptive policy', () => {
  test('keeps what is used again while many keys pass by that are not', () => {
    const bench = openAdaptive(100)
    const hot = Array.from({ length: 50 }, (_, index) => `hot-${index}`)
    for (let round = 0; round < 4; round++) for (const key of hot) getOrSet(bench, key)
    for (let i = 0; i < 2000; i++) getOrSet(bench, `passing-${i}`)
    // A new key whose hash looks like that of one evicted may push out one of them.
    assert.ok(hot.filter(key => bench.engine.has(key)).length >= 45)
    assert.deepEqual(bench.engine.verify().problems, [])
  })

  test('keeps a part of a loop over more keys than fit, where LRU never has a hit', () => {
    const rate = (eviction: 'adaptive' | 'lru') => {
      const bench = openBench({ eviction, maxItems: 100 })
      let hits = 0
      for (let i = 0; i < 200 * 150; i++) if (getOrSet(bench, `k${i % 200}`)) hits++
      return hits / (200 * 150)
    }
    assert.equal(rate('lru'), 0)
    const adaptive = rate('adaptive')
    assert.ok(adaptive > 0.2, `${adaptive} of at most 0.5`)
  })

  test('is as good as LRU where each key is used twice, soon, and never again', () => {
    const bench = openAdaptive(100)
    let hits = 0
    for (let i = 0; i < 20_000; i++) {
      getOrSet(bench, `k${i}`)
      if (i >= 60 && getOrSet(bench, `k${i - 60}`)) hits++
    }
    assert.ok(hits > 0.95 * 20_000, `${hits} of 20000`)
  })

  test('a key that comes back soon after it was evicted stays longer than a new one', () => {
    const bench = openAdaptive(100)
    for (let i = 0; i < 100; i++) getOrSet(bench, `first-${i}`)
    for (let i = 0; i < 30; i++) getOrSet(bench, `more-${i}`)
    assert.equal(bench.engine.has('first-0'), false)
    getOrSet(bench, 'first-0')
    for (let i = 0; i < 300; i++) getOrSet(bench, `rest-${i}`)
    assert.equal(bench.engine.has('first-0'), true)
  })

  for (const bitmap of [false, true]) {
    test(`keeps all invariants and what was set last (${bitmap ? 'bitmap' : 'one block'})`, t => {
      const random = seededRandom(t)
      const sizes = bitmap ? { bitmap, blockCount: 60, blockSize: 16 } : {}
      const bench = openBench({ eviction: 'adaptive', maxItems: 30, ...sizes })
      const values = new Map<string, string>()
      for (let step = 0; step < 6000; step++) {
        const key = `k${random.below(60)}`
        const dice = random.below(100)
        if (dice < 50) {
          const value = bench.get(key)
          if (value !== undefined) assert.equal(value, values.get(key))
        } else if (dice < 85) {
          const value = random.text(random.below(bitmap ? 200 : 60))
          assert.equal(bench.set(key, value), 'stored')
          values.set(key, value)
          assert.equal(bench.get(key), value, 'what was set last is there')
        } else if (dice < 95) {
          bench.engine.delete(key)
          values.delete(key)
        } else if (dice < 97) {
          bench.set(key, 'ends', 5)
          values.set(key, 'ends')
          bench.clock.advance(10)
          values.delete(key)
        } else if (dice === 99 && step % 10 === 0) {
          bench.engine.clear()
          values.clear()
        }
        if (step % 20 === 0) assert.deepEqual(bench.engine.verify().problems, [], `step ${step}`)
      }
    })
  }

  test('whatever its bytes say, it goes on: nothing throws and nothing is wrong', t => {
    const random = seededRandom(t)
    for (let turn = 0; turn < 300; turn++) {
      const bench = openAdaptive(20)
      for (let i = 0; i < 30; i++) getOrSet(bench, `k${i % 25}`)
      const { layout, bytes } = bench.segment
      const { adaptiveOffset, checksumsOffset } = layout
      for (let i = 0; i < 1 + random.below(20); i++) {
        bytes[adaptiveOffset + random.below(checksumsOffset - adaptiveOffset)] = random.below(256)
      }
      for (let i = 0; i < 40; i++) {
        const key = `k${random.below(30)}`
        assert.equal(bench.set(key, key), 'stored')
        assert.equal(bench.get(key), key)
      }
      bench.engine.clear()
      assert.deepEqual(bench.engine.verify().problems, [])
    }
  })
})
