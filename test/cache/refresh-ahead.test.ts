import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isRefreshDue } from '../../src/cache/refresh-ahead.ts'
import { until } from '../../testing/deadline.ts'
import { openWithClock, pendingLoad } from './loading-setting.ts'

describe('a refresh ahead of the end', () => {
  test('loads once in the background, and callers get the present value meanwhile', async t => {
    const { cache, clock } = openWithClock(t)
    const options = { ttlMs: 1000, refreshAheadMs: 100 }
    await cache.getOrSet('key', () => 'first', options)
    clock.advance(899)
    for (let i = 0; i < 100; i++) {
      assert.equal(await cache.getOrSet('key', () => assert.fail('too early'), options), 'first')
    }
    clock.advance(100)
    const pending = pendingLoad()
    await until('a load', async () => {
      assert.equal(await cache.getOrSet('key', pending.load, options), 'first')
      return pending.count > 0
    })
    for (let i = 0; i < 100; i++) await cache.getOrSet('key', pending.load, options)
    assert.equal(pending.count, 1)
    pending.finish('second')
    await until('the new value', () => cache.get('key') === 'second')
    assert.equal(cache.ttlMs('key'), 1000)
  })

  test('is sure at the end, never comes before refreshAheadMs, and grows likely between', () => {
    const draws = 100_000
    const share = (leftMs: number) => {
      let due = 0
      for (let i = 0; i < draws; i++) {
        if (isRefreshDue(leftMs, 100, (i + 0.5) / draws)) due++
      }
      return due / draws
    }
    assert.equal(share(0), 1)
    assert.equal(share(101), 0)
    // The exponential distribution of XFetch, with a mean of a quarter of refreshAheadMs.
    for (const leftMs of [10, 25, 50, 100]) {
      assert.ok(Math.abs(share(leftMs) - Math.exp(-leftMs / 25)) < 0.001, `${leftMs} ms`)
    }
    assert.equal(isRefreshDue(100, 100, 0), true) // the lowest number of Math.random
  })
})
