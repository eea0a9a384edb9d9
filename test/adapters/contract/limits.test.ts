/**
 * The promises of every adapter that counts: exactly the limit over all processes, and windows that
 * begin with the first hit and end.
 */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { Cache, type CacheOptions } from '../../../src/index.ts'
import { Child } from '../../../testing/child.ts'
import { until } from '../../../testing/deadline.ts'
import { ManualClock } from '../../../testing/manual-clock.ts'
import { onEnd } from '../../../testing/scope.ts'
import { memoryDir } from '../../../testing/temp-dir.ts'
import { warningsOf } from '../warnings.ts'
import type { Task } from './limit-child.ts'
import { LIMIT, LIMITS, WINDOW_MS } from './limits.ts'

const PREFIX = 'api'

for (const [name, make] of Object.entries(LIMITS)) {
  const open = (t: TestContext, options: Partial<CacheOptions> = {}) => {
    const all = { name: 'limits', maxItems: 1000, directory: memoryDir(t), ...options }
    const cache = Cache.open(all)
    onEnd(t, () => cache.close())
    return { all, cache, limit: make({ cache }, PREFIX) }
  }

  /** A limit whose time only the test moves. */
  const openWithClock = (t: TestContext, options: Partial<CacheOptions> = {}) => {
    const clock = new ManualClock()
    const own = { name: `${name}-${process.pid}`, memory: 'private', maxItems: 64 } as const
    const limit = make({ ...own, clock, ...options }, PREFIX)
    onEnd(t, () => limit.close())
    return { clock, limit }
  }

  const startProcess = async (t: TestContext, options: CacheOptions) => {
    const child = await Child.start<Task, number>(t, new URL('./limit-child.js', import.meta.url))
    await child.ask({ kind: 'open', limit: name, options, prefix: PREFIX })
    return child
  }

  describe(`the limit of ${name}`, () => {
    test('allows exactly its hits over all processes', async t => {
      const { all, limit } = open(t)
      const children = await Promise.all([1, 2, 3].map(() => startProcess(t, all)))
      for (let round = 0; round < 20; round++) {
        const task = { kind: 'hit', key: `client-${round}`, times: 4 } as const
        const allowed = await Promise.all(children.map(child => child.ask(task)))
        assert.equal(
          allowed.reduce((sum, count) => sum + count),
          LIMIT,
        )
        assert.equal((await limit.hit(task.key)).count, 13)
      }
    })

    test('loses no window when a process is killed, and none of its clients', async t => {
      const { all, cache, limit } = open(t)
      const before = (await limit.hit('client')).count
      const child = await startProcess(t, all)
      await child.ask({ kind: 'hit for ever', key: 'client' })
      const hit = () => limit.hit('client')
      const { count } = await until('it counts', async () => {
        const current = await hit()
        return current.count > before + 50 && current
      })
      await child.kill()
      const after = await hit()
      assert.ok(after.count > count, `${after.count}`)
      assert.ok(after.leftMs > 0 && after.leftMs <= WINDOW_MS, `${after.leftMs}`)
      assert.deepEqual(cache.verify().problems, [])
    })

    test('begins a window with its first hit, and later hits do not move the end', async t => {
      const { clock, limit } = openWithClock(t)
      assert.deepEqual(await limit.hit('k'), { count: 1, isOver: false, leftMs: WINDOW_MS })
      clock.advance(WINDOW_MS - 1)
      for (let i = 2; i <= LIMIT; i++) {
        assert.deepEqual(await limit.hit('k'), { count: i, isOver: false, leftMs: 1 })
      }
      assert.deepEqual(await limit.hit('k'), { count: LIMIT + 1, isOver: true, leftMs: 1 })
      clock.advance(1)
      assert.deepEqual(await limit.hit('k'), { count: 1, isOver: false, leftMs: WINDOW_MS })
    })

    test('takes back a hit, and forgets a client', async t => {
      const { limit } = open(t)
      await limit.hit('k')
      await limit.hit('k')
      await limit.takeBack('k')
      assert.equal((await limit.hit('k')).count, 2)
      await limit.forget('k')
      assert.equal((await limit.hit('k')).count, 1)
    })

    test('evicts no counter while its window runs', async t => {
      const { cache, limit } = open(t, { maxItems: 256, blocks: 512 })
      for (let i = 0; i < LIMIT; i++) await limit.hit('client')
      for (let i = 0; i < 5000; i++) cache.set(`other-${i}`, 'x'.repeat(200))
      assert.ok(cache.stats().evicted > 1000)
      assert.equal((await limit.hit('client')).count, LIMIT + 1)
    })

    test('counts on where no more counters can be pinned', async t => {
      const warnings = warningsOf(t)
      const { cache, limit } = open(t, { maxItems: 64 })
      for (let i = 0; i < 30; i++) assert.equal((await limit.hit(`k${i}`)).count, 1)
      assert.equal((await limit.hit('k0')).count, 2)
      assert.ok(cache.stats().pinned > 0 && cache.stats().pinned < 30)
      assert.deepEqual(warnings(), ['UNDERCROFT_PINS_FULL'])
    })

    test('tells clients with keys of any length apart', async t => {
      const { limit } = open(t)
      const long = 'k'.repeat(4000)
      await limit.hit(`${long}a`)
      assert.equal((await limit.hit(`${long}a`)).count, 2)
      assert.equal((await limit.hit(`${long}b`)).count, 1)
    })

    test('has prefixes that cannot meet', async t => {
      const { cache, limit } = open(t)
      const other = make({ cache }, `${PREFIX}:b`)
      await limit.hit('b:k')
      assert.equal((await other.hit('k')).count, 1)
    })
  })
}

describe('the limit of rate-limit', () => {
  test('lets requests through with one warning where the cache cannot count', async t => {
    const warnings = warningsOf(t)
    const cache = Cache.open({ name: 'limits', maxItems: 8, directory: memoryDir(t) })
    const limit = LIMITS['rate-limit']?.({ cache }, PREFIX)
    cache.close()
    for (let i = 0; i < 10; i++) assert.equal((await limit?.hit('k'))?.isOver, false)
    await limit?.takeBack('k')
    await limit?.forget('k')
    assert.deepEqual(warnings(), ['UNDERCROFT_CLOSED'])
  })

  test('never counts below zero, and a hit taken back too late makes no counter', async t => {
    const cache = Cache.open({ name: 'limits', maxItems: 8, directory: memoryDir(t) })
    onEnd(t, () => cache.close())
    const limit = LIMITS['rate-limit']?.({ cache }, PREFIX)
    await limit?.takeBack('k')
    assert.equal(cache.size, 0)
    await limit?.hit('k')
    for (let i = 0; i < 3; i++) await limit?.takeBack('k')
    assert.equal((await limit?.hit('k'))?.count, 1)
  })
})

describe('the limit of rate-limiter-flexible', () => {
  test('rejects with the error of the cache, so that an insurance takes over', async t => {
    const cache = Cache.open({ name: 'limits', maxItems: 8, directory: memoryDir(t) })
    const limit = LIMITS['rate-limiter-flexible']?.({ cache }, PREFIX)
    cache.close()
    await assert.rejects(async () => limit?.hit('k'), { code: 'UNDERCROFT_CLOSED' })
  })
})
