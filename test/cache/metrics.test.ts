import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'

function open(scope: Scope, options: Partial<CacheOptions> = {}): Cache {
  const cache = Cache.open({
    name: 'metrics',
    directory: memoryDir(scope),
    maxItems: 100,
    ...options,
  })
  onEnd(scope, () => cache.destroy())
  return cache
}

describe('the metrics of reads', () => {
  test('tell near hits from others, and count both as hits', t => {
    const cache = open(t)
    cache.set('hot', 'value')
    for (let i = 0; i < 100; i++) cache.get('hot')
    const { hits, nearHits, misses } = cache.stats()
    assert.deepEqual([hits, misses], [100, 0])
    assert.ok(nearHits > 50 && nearHits < 100, `${nearHits} near hits`)
  })

  test('count no near hit without near copies', t => {
    const cache = open(t, { near: false })
    cache.set('hot', 'value')
    for (let i = 0; i < 100; i++) cache.get('hot')
    const { hits, nearHits } = cache.stats()
    assert.deepEqual([hits, nearHits], [100, 0])
  })

  test('count a stale value of getEntry as a hit, and one of getOrSet as a miss', async t => {
    const cache = open(t)
    const options = { ttlMs: 0, staleMs: 60_000 }
    cache.set('old', 'value', options)
    assert.equal(cache.getEntry('old', { stale: true })?.value, 'value')
    assert.deepEqual(readsOf(cache), { hits: 1, misses: 0, staleHits: 1 })
    assert.equal(await cache.getOrSet('old', () => new Promise(() => {}), options), 'value')
    assert.deepEqual(readsOf(cache), { hits: 1, misses: 1, staleHits: 2 })
    assert.equal(cache.getEntry('old'), undefined)
    assert.deepEqual(readsOf(cache), { hits: 1, misses: 2, staleHits: 2 })
  })
})

describe('the metrics of loads', () => {
  test('count each load with its duration, and those who waited for it', async t => {
    const cache = open(t)
    let end: (value: string) => void = () => {}
    const load = () =>
      new Promise<string>(resolve => {
        end = resolve
      })
    const callers = [1, 2, 3].map(() => cache.getOrSet('k', load))
    await new Promise(setImmediate)
    end('value')
    assert.deepEqual(await Promise.all(callers), ['value', 'value', 'value'])
    const { loads, loadWaits, loadFailures } = cache.stats()
    assert.deepEqual([loads.count, loadWaits, loadFailures], [1, 2, 0])
    assert.ok(loads.totalMs > 0 && loads.p99Ms > 0)
  })

  test('count one that fails, or takes too long', async t => {
    const cache = open(t)
    const fail = () => {
      throw new Error('no database')
    }
    await assert.rejects(cache.getOrSet('k', fail), /no database/)
    const never = () => new Promise(() => {})
    const tooLong = { code: 'UNDERCROFT_LOAD_TIMEOUT' }
    await assert.rejects(cache.getOrSet('k', never, { timeoutMs: 1 }), tooLong)
    const { loads, loadFailures } = cache.stats()
    assert.deepEqual([loads.count, loadFailures], [2, 2])
  })

  test('do not count one that ends after the cache was closed', async t => {
    const cache = open(t)
    const load = cache.getOrSet('k', () => new Promise(() => {}))
    await new Promise(setImmediate)
    cache.close()
    await assert.rejects(load, { code: 'UNDERCROFT_CLOSED' })
  })
})

function readsOf(cache: Cache): Record<string, number> {
  const { hits, misses, staleHits } = cache.stats()
  return { hits, misses, staleHits }
}
