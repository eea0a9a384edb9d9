import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cache } from '../../src/index.ts'
import { ManualClock } from '../support/manual-clock.ts'

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
