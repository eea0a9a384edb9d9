import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeValue } from '../../src/codecs/index.ts'
import { LOCK, LOCK_OFFSET, RECOVERY } from '../../src/segment/index.ts'
import { type Bench, openBench } from '../../testing/segments.ts'

const POLICIES = ['adaptive', 'lru', 'clear'] as const

const noProblems = ({ engine }: Bench) => assert.deepEqual(engine.verify().problems, [])

const pin = ({ engine }: Bench, key: string, value: string, expiresAtMs = 0) =>
  engine.store(key, encodeValue(value), expiresAtMs, 'set', { pinned: true })

for (const eviction of POLICIES) {
  for (const bitmap of [false, true]) {
    describe(`a pinned item (${eviction}, ${bitmap ? 'bitmap' : 'one block an item'})`, () => {
      const sizes = bitmap
        ? { maxItems: 40, bitmap, blockSize: 16, blockCount: 80 }
        : { maxItems: 40, bitmap }
      const open = () => openBench({ ...sizes, eviction })
      const flood = (bench: Bench) => {
        for (let i = 0; i < 300; i++) bench.set(`k${i}`, 'x'.repeat(1 + (i % 40)))
      }

      test('outlasts any number of others, and its own overwriting', () => {
        const bench = open()
        pin(bench, 'a', 'A')
        flood(bench)
        assert.equal(bench.get('a'), 'A')
        pin(bench, 'a', 'a longer value than before')
        flood(bench)
        assert.equal(bench.get('a'), 'a longer value than before')
        assert.equal(bench.engine.stats().pinned, 1)
        noProblems(bench)
      })

      test('can be evicted from the set without a pin on', () => {
        const bench = open()
        pin(bench, 'a', 'A')
        bench.set('a', 'B')
        assert.equal(bench.engine.stats().pinned, 0)
        flood(bench)
        assert.equal(bench.get('a'), undefined)
        noProblems(bench)
      })

      test('is kept from the set with a pin on', () => {
        const bench = open()
        bench.set('a', 'A')
        pin(bench, 'a', 'B')
        flood(bench)
        assert.equal(bench.get('a'), 'B')
        noProblems(bench)
      })

      test('goes with a delete, a clear, and its end; its place is free for another', () => {
        const bench = open()
        for (let turn = 0; turn < 3; turn++) {
          pin(bench, 'a', 'A', bench.clock.nowMs() + 10)
          if (turn === 0) bench.engine.delete('a')
          if (turn === 1) bench.engine.clear()
          if (turn === 2) bench.clock.advance(10)
          bench.engine.upkeep.sweep()
          assert.equal(bench.get('a'), undefined)
          assert.equal(bench.engine.stats().pinned, 0)
        }
        noProblems(bench)
      })

      test('is pinned after recovery, too', () => {
        const bench = open()
        pin(bench, 'a', 'A')
        bench.set('b', 'B')
        const needsRecovery = (LOCK_OFFSET + LOCK.fields.needsRecovery.offset) / 4
        bench.segment.words[needsRecovery] = RECOVERY.rebuild
        flood(bench)
        assert.equal(bench.get('a'), 'A')
        assert.equal(bench.engine.stats().pinned, 1)
        noProblems(bench)
      })
    })
  }
}

describe('pinned items', () => {
  test('are at most an eighth of all, and the cache stays as it was beyond', () => {
    const bench = openBench({ maxItems: 40, eviction: 'adaptive' })
    for (let i = 0; i < 5; i++) assert.equal(pin(bench, `p${i}`, 'v'), 'stored')
    bench.set('plain', 'p')
    assert.equal(pin(bench, 'plain', 'pinned'), 'pins-full')
    assert.equal(pin(bench, 'new', 'pinned'), 'pins-full')
    assert.equal(bench.get('plain'), 'p')
    assert.equal(pin(bench, 'p0', 'again'), 'stored')
    noProblems(bench)
  })

  test('take at most an eighth of the blocks', () => {
    const bench = openBench({ maxItems: 40, bitmap: true, blockSize: 16, blockCount: 80 })
    assert.equal(pin(bench, 'a', 'x'.repeat(16 * 8)), 'stored')
    assert.equal(pin(bench, 'b', 'x'.repeat(16 * 3)), 'pins-full')
    assert.equal(pin(bench, 'b', 'x'.repeat(16 * 2)), 'stored')
    assert.equal(pin(bench, 'a', 'x'.repeat(16 * 9)), 'pins-full')
    noProblems(bench)
  })

  test('that ended make room for others at once', () => {
    const bench = openBench({ maxItems: 40, eviction: 'adaptive' })
    for (let i = 0; i < 5; i++) pin(bench, `p${i}`, 'v', bench.clock.nowMs() + 10)
    assert.equal(pin(bench, 'new', 'v'), 'pins-full')
    bench.clock.advance(10)
    assert.equal(pin(bench, 'new', 'v'), 'stored')
    noProblems(bench)
  })

  test('in the way of a large value move, and none is lost', () => {
    const bench = openBench({
      maxItems: 64,
      bitmap: true,
      blockSize: 16,
      blockCount: 256,
      eviction: 'adaptive',
    })
    for (let i = 0; i < 64; i++) {
      const key = `k${i}`
      if (i % 8 === 0) pin(bench, key, 'pinned'.repeat(4))
      else bench.set(key, 'v'.repeat(60))
    }
    for (let i = 0; i < 50; i++) {
      assert.equal(bench.set(`large${i}`, 'L'.repeat(16 * (20 + i))), 'stored', `${i}`)
      noProblems(bench)
    }
    for (let i = 0; i < 64; i += 8) assert.equal(bench.get(`k${i}`), 'pinned'.repeat(4))
  })
})
