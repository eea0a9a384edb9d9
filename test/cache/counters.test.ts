import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cache } from '../../src/index.ts'
import { ManualClock } from '../../testing/manual-clock.ts'

test('with onlyPresent a counter is changed, and none is created', () => {
  const clock = new ManualClock()
  const name = `counters-${process.pid}`
  using cache = Cache.open<number>({ name, maxItems: 4, clock, memory: 'private' })
  assert.equal(cache.increment('n', 1, { onlyPresent: true, initial: 5 }), undefined)
  assert.equal(cache.has('n'), false)
  cache.set('n', 41, { ttlMs: 100 })
  assert.equal(cache.increment('n', 1, { onlyPresent: true }), 42)
  clock.advance(100)
  assert.equal(cache.decrement('n', 1n, { onlyPresent: true }), undefined)
  assert.deepEqual(cache.verify().problems, [])
})

test('incrementEntry returns the end of the window, which later calls do not move', () => {
  const clock = new ManualClock()
  const name = `counter-entries-${process.pid}`
  using cache = Cache.open<number>({ name, maxItems: 64, clock, memory: 'private' })
  const begin = clock.nowMs()
  const spaces = [cache, cache.namespace('of')]
  for (const space of spaces) {
    const first = space.incrementEntry('n', 1, { ttlMs: 1000, pinned: true })
    assert.deepEqual(first, { value: 1, expiresAtMs: begin + 1000 })
  }
  clock.advance(999)
  for (const space of spaces) {
    const next = space.incrementEntry('n', 2, { ttlMs: 1000 })
    assert.deepEqual(next, { value: 3, expiresAtMs: begin + 1000 })
  }
  clock.advance(1)
  for (const space of spaces) {
    assert.equal(space.incrementEntry('n', 1, { onlyPresent: true }), undefined)
    const again = space.incrementEntry('n', 1, { ttlMs: 1000 })
    assert.deepEqual(again, { value: 1, expiresAtMs: begin + 2000 })
  }
  assert.deepEqual(cache.incrementEntry('endless'), { value: 1, expiresAtMs: Infinity })
  cache.set('stale-later', 7, { ttlMs: 50, staleMs: 1000 })
  const expected = { value: 8, expiresAtMs: clock.nowMs() + 50 }
  assert.deepEqual(cache.incrementEntry('stale-later'), expected)
})

test('counters begin at what the opener says, and a call can say otherwise', () => {
  const options = { name: `initial-${process.pid}`, maxItems: 9, memory: 'private' } as const
  using cache = Cache.open({ ...options, counterInitial: 100 })
  using other = Cache.open(options)
  assert.equal(cache.increment('a'), 101)
  assert.equal(cache.increment('a'), 102)
  assert.equal(cache.multiply('b', 2n), 200n)
  assert.equal(cache.count('c', 'dec', 1n), 99n)
  assert.equal(cache.increment('d', 1, { initial: 0 }), 1)
  assert.equal(other.increment('e'), 1, 'each opener has its own')
  for (const counterInitial of [1.5, 2n ** 63n, '1' as unknown as number]) {
    assert.throws(() => Cache.open({ ...options, counterInitial }), {
      code: 'UNDERCROFT_OPTION_INVALID',
      message: /^counterInitial must be/,
    })
  }
})
