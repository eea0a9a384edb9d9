import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { keepSwept } from '../../src/cache/sweeper.ts'
import { Cache, UndercroftError } from '../../src/index.ts'
import { until } from '../../testing/deadline.ts'
import { COLLIDING, Depths } from '../../testing/depths.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { partsOf } from '../../testing/segments.ts'
import { memoryDir } from '../../testing/temp-dir.ts'

describe('sweeping', () => {
  test('gives back the room of what expired, all of it, and says how much', t => {
    const clock = new ManualClock()
    using cache = Cache.open({
      name: 'a',
      maxItems: 2000,
      directory: memoryDir(t),
      clock,
      sweepMs: 0,
    })
    for (let i = 0; i < 2000; i++) cache.set(`k${i}`, i, i % 2 === 0 ? { ttlMs: 1 + i } : {})
    assert.equal(cache.sweep(), 0)
    clock.advance(1000)
    assert.equal(cache.sweep(), 500)
    assert.equal(cache.stats().items, 1500)
    assert.equal(cache.stats().expired, 500)
    assert.equal(cache.sweep(), 0)
    clock.advance(1001)
    assert.equal(cache.sweep(), 500)
    assert.equal(cache.stats().items, 1000)
    assert.deepEqual(cache.verify().problems, [])
  })

  test('happens by itself, in one of all that have the cache open', async t => {
    const clock = new ManualClock()
    const options = { name: 'a', maxItems: 1000, directory: memoryDir(t), clock, sweepMs: 1 }
    using cache = Cache.open(options)
    using other = Cache.open(options)
    for (let i = 0; i < 1000; i++) cache.set(`k${i}`, i, { ttlMs: 10 })
    clock.advance(10)
    await until('all are swept', () => other.stats().items === 0)
    assert.equal(cache.stats().expired, 1000)
  })

  test('tells once a round how many it gave back, in the process that did it', async t => {
    const clock = new ManualClock()
    const told: [string, number][] = []
    const options = { name: 'a', maxItems: 2000, directory: memoryDir(t), clock, sweepMs: 1 }
    using cache = Cache.open({ ...options, onSweep: count => told.push(['first', count]) })
    using _other = Cache.open({ ...options, onSweep: count => told.push(['second', count]) })
    for (const expired of [2000, 3]) {
      for (let i = 0; i < 2000; i++) cache.set(`k${i}`, i, i < expired ? { ttlMs: 10 } : {})
      clock.advance(10)
      await until('it told', () => told.length > 0)
      assert.deepEqual(told.splice(0), [['first', expired]])
    }
    await until('it has looked again', () => cache.stats().items === 1997)
    assert.deepEqual(told, [])
  })

  test('waits for the next time where a stopped writer keeps the lock', async () => {
    let steps = 0
    const upkeep = {
      isSweeper: () => true,
      orderChains() {},
      sweepStepUnlessTaken() {
        if (++steps === 2) throw new UndercroftError('UNDERCROFT_LOCK_TIMEOUT', 'kept')
        return { reclaimed: 1, more: steps < 5 }
      },
    }
    const sweepable = {
      upkeep: () => upkeep,
      onSweep: (reclaimed: number) => told.push(reclaimed),
    }
    const told: number[] = []
    const stop = keepSwept(sweepable, 1)
    await until('a round is at its end', () => told.length > 0)
    stop()
    assert.equal(told[0], 4, 'what was given back before that counts')
  })

  test('goes on in another when the one that swept closes', async t => {
    const clock = new ManualClock()
    const options = { name: 'a', maxItems: 10, directory: memoryDir(t), clock, sweepMs: 1 }
    const first = Cache.open(options)
    using second = Cache.open(options)
    second.set('k', 1, { ttlMs: 10 })
    clock.advance(10)
    await until('it is swept', () => second.stats().items === 0)
    first.close()
    second.set('k', 1, { ttlMs: 10 })
    clock.advance(10)
    await until('it is swept again', () => second.stats().items === 0)
  })

  test('moves what is asked for most to where it is found first', async t => {
    const place = { name: 'a', directory: memoryDir(t) }
    // Without near copies, which need no chain to be found.
    const options = { ...place, maxItems: 10, hash: 'murmur2', near: false, sweepMs: 1 } as const
    using elected = Cache.open(options)
    using cache = Cache.open(options)
    for (const key of COLLIDING) elected.set(key, key)
    const depths = new Depths(partsOf(t, place))
    for (const favourite of COLLIDING) {
      for (let i = 0; i < 5000; i++) assert.equal(cache.get(favourite), favourite)
      await until('it is the first', () => depths.of(favourite) === 1)
    }
    assert.deepEqual(cache.verify().problems, [])
  })

  test('keeps no process from ending, and leaves a closed cache alone', async t => {
    const clock = new ManualClock()
    const cache = Cache.open({
      name: 'a',
      maxItems: 5000,
      directory: memoryDir(t),
      clock,
      sweepMs: 1,
    })
    for (let i = 0; i < 5000; i++) cache.set(`k${i}`, i, { ttlMs: 10 })
    clock.advance(10)
    await until('a sweep has begun', () => cache.stats().items < 5000)
    cache.close()
    await new Promise(resolve => setImmediate(resolve))
  })
})
