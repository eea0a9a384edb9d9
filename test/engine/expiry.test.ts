import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Bench, openBench } from '../../testing/segments.ts'
import { stateDouble } from './damage.ts'

function earliest({ segment }: Bench): number {
  return segment.doubles[stateDouble('earliestExpiryAtMs')] as number
}

describe('expiry', () => {
  test('is known for the item that ends first, so that nobody searches before', () => {
    const bench = openBench()
    assert.equal(earliest(bench), Infinity)
    bench.set('never', 'v')
    assert.equal(earliest(bench), Infinity)
    bench.set('late', 'v', 5000)
    bench.set('soon', 'v', 1000)
    bench.set('later', 'v', 9000)
    assert.equal(earliest(bench), bench.clock.nowMs() + 1000)
    bench.engine.touch('never', bench.clock.nowMs() + 10)
    assert.equal(earliest(bench), bench.clock.nowMs() + 10)
  })

  test('of counters and of replaced values is known, too', () => {
    const bench = openBench()
    const atMs = bench.clock.nowMs() + 70
    bench.engine.count('n', 'inc', 1n, { initial: 0n, expiresAtMs: atMs, type: 5 })
    assert.equal(earliest(bench), atMs)
    bench.set('n', 'v', 50)
    assert.equal(earliest(bench), bench.clock.nowMs() + 50)
  })

  test('makes room in a full cache: all that ended goes before anything is refused', () => {
    const bench = openBench({ maxItems: 3000 })
    for (let i = 0; i < 3000; i++) bench.set(`k${i}`, 'v', i === 2999 ? 10 : undefined)
    assert.equal(bench.set('new', 'v'), 'full')
    bench.clock.advance(10)
    assert.equal(bench.set('new', 'v'), 'stored')
    assert.equal(bench.set('newer', 'v'), 'full')
    assert.deepEqual(bench.engine.verify().problems, [])
  })

  test('after a whole round is known anew, and set items are not forgotten in between', () => {
    const bench = openBench({ maxItems: 4 })
    for (const [key, ttlMs] of Object.entries({ a: 10, b: 20, c: 30, d: 40 })) {
      bench.set(key, 'v', ttlMs)
    }
    for (const [advance, key] of [
      [10, 'e'],
      [10, 'f'],
      [10, 'g'],
      [10, 'h'],
    ] as const) {
      bench.clock.advance(advance)
      assert.equal(bench.set(key, 'v', 1000), 'stored')
      assert.deepEqual(bench.engine.verify().problems, [])
    }
    assert.equal(bench.set('i', 'v'), 'full')
    bench.clock.advance(970)
    assert.equal(bench.set('i', 'v'), 'stored')
    assert.equal(bench.engine.stats().expired, 5)
  })

  test('of an item set behind a sweep under way is not forgotten at the end of the round', () => {
    const bench = openBench({ maxItems: 40, eviction: 'lru' })
    for (let i = 0; i < 40; i++) bench.set(`k${i}`, 'v', { 38: 20, 39: 10 }[i])
    // A set into the full cache looks at 32 slots, so a round takes two.
    bench.clock.advance(10)
    bench.set('first half', 'v')
    bench.set('second half', 'v')
    bench.clock.advance(10)
    bench.set('first half again, behind which it is stored', 'v', 50)
    bench.set('second half again', 'v')
    assert.equal(bench.engine.stats().expired, 2)
    assert.equal(earliest(bench), bench.clock.nowMs() + 50)
    assert.deepEqual(bench.engine.verify().problems, [])
  })

  test('goes before eviction in an LRU cache, where it is near', () => {
    const bench = openBench({ maxItems: 4, eviction: 'lru' })
    for (const key of ['a', 'b', 'c']) bench.set(key, key)
    bench.set('ends', 'v', 10)
    bench.clock.advance(10)
    bench.set('d', 'd')
    assert.deepEqual(['a', 'b', 'c', 'd'].map(bench.get), ['a', 'b', 'c', 'd'])
    assert.deepEqual([bench.engine.stats().evicted, bench.engine.stats().expired], [0, 1])
  })

  test('with a clock that goes back gives items more time, and breaks nothing', () => {
    const bench = openBench({ maxItems: 3 })
    bench.set('a', 'v', 1000)
    bench.clock.advance(5000)
    bench.set('b', 'v', 1000)
    assert.equal(bench.get('a'), undefined)
    bench.clock.advance(-6000)
    assert.equal(bench.get('a'), 'v')
    assert.equal(bench.get('b'), 'v')
    bench.set('c', 'v', 1000)
    assert.equal(bench.set('d', 'v'), 'full')
    assert.deepEqual(bench.engine.verify().problems, [])
    bench.clock.advance(1000)
    assert.equal(bench.set('d', 'v'), 'stored')
    assert.deepEqual(['a', 'b', 'c', 'd'].map(bench.get), ['v', 'v', undefined, 'v'])
    assert.deepEqual(bench.engine.verify().problems, [])
  })
})
