/**
 * Faults of uWSGI's expiry and LRU, and what happens here instead. F28, visible expired items, is
 * in known-faults-api.test.ts.
 */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { RemoteCache } from '../../src/client/index.ts'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { syncFrom } from '../../src/replication/index.ts'
import { serveCaches } from '../../src/server/index.ts'
import { Child } from '../../testing/child.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { serve } from '../../testing/serve-process.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'
import { openHere, ownCache } from '../processes/cache-process.ts'
import { checkedValue } from '../processes/checked-value.ts'
import type { StressReport, StressTask } from './stress-child.ts'

const PROCESSES = 4

type Stress = Child<StressTask, StressReport>

function startStress(t: TestContext): Promise<Stress[]> {
  const script = new URL('./stress-child.js', import.meta.url)
  return Promise.all(Array.from({ length: PROCESSES }, () => Child.start(t, script))) as Promise<
    Stress[]
  >
}

/** Runs all of them at the same time. */
function work(
  children: readonly Stress[],
  options: CacheOptions,
  workOf: (index: number) => StressTask['work'],
): Promise<StressReport[]> {
  return Promise.all(children.map((child, index) => child.ask({ options, work: workOf(index) })))
}

test('F8: processes that read 2000 items as these expire leave all in order', async t => {
  const count = 2000
  const options = ownCache(t, { maxItems: count, eviction: 'none', bitmap: false, blockSize: 64 })
  const cache = openHere(t, options)
  const children = await startStress(t)
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < count; i++) assert.equal(cache.set(`key-${i}`, i, { ttlMs: 200 }), true)
    await work(children, options, () => ({ kind: 'until-expired', keyCount: count }))
    assert.deepEqual([...cache.keys()], [])
    for (let i = 0; i < count; i++) assert.equal(cache.set(`${round}-${i}`, i), true)
    const keys = [...cache.keys()]
    assert.deepEqual([keys.length, new Set(keys).size, cache.stats().items], [count, count, count])
    for (let i = 0; i < count; i++) assert.equal(cache.get(`${round}-${i}`), i)
    cache.clear()
  }
})

describe('F9: many gets at the same time leave the order of use whole', () => {
  test('of processes that share a cache of 3 items', async t => {
    const options = ownCache(t, { maxItems: 3, eviction: 'lru' })
    const cache = openHere(t, options)
    for (let i = 0; i < 3; i++) cache.set(`key-${i}`, checkedValue(`key-${i}`, i, 10))
    const children = await startStress(t)
    const reports = await work(children, options, () => ({
      kind: 'get',
      keyCount: 3,
      times: 100_000,
    }))
    for (const { faults, hits } of reports)
      assert.deepEqual({ faults, hits }, { faults: [], hits: 100_000 })
    assert.deepEqual(cache.verify().problems, [])
    cache.get('key-1')
    for (const key of ['new', 'other']) assert.equal(cache.set(key, 1), true)
    assert.deepEqual([...cache.keys()].sort(), ['key-1', 'new', 'other'])
  })

  test('of clients of two servers that serve one cache', async t => {
    const args = ['--cache2', 'name=a,items=4,blocksize=64,keysize=64,purge_lru=1,shared=1']
    const directory = ['--directory', memoryDir(t)]
    const servers = await Promise.all([
      serve(t, ...args, ...directory),
      serve(t, ...args, ...directory),
    ])
    const clients = await Promise.all(
      servers.map(({ address }) => RemoteCache.connect(`a@${address}`)),
    )
    const [one, two] = clients as [RemoteCache, RemoteCache]
    for (const key of ['x', 'y', 'z']) await one.set(key, key)
    const keys = Array.from({ length: 3000 }, (_, i) => ['x', 'y', 'z'][i % 3] ?? '')
    const values = await Promise.all(clients.map(client => client.getMany(keys)))
    for (const got of values) assert.deepEqual(got, keys)
    await two.get('y')
    for (const key of ['new', 'other']) assert.equal(await one.set(key, 'v'), true)
    assert.equal(await two.get('y'), 'y')
    assert.equal((await two.verify()).ok, true)
    await Promise.all(clients.map(client => client.close()))
  })
})

describe('a cache that evicts, under everything at once from four processes', () => {
  const modes = [
    [
      'F10: in bitmap mode nobody crashes, no value is wrong, none is refused',
      { maxItems: 50, bitmap: true, blockSize: 32, blocks: 400 },
    ],
    [
      'F11: with one block an item nobody crashes, no value is wrong, none is refused',
      { maxItems: 50, bitmap: false, blockSize: 1024 },
    ],
  ] as const
  for (const [name, sizes] of modes) {
    test(name, async t => {
      const options = ownCache(t, { ...sizes, eviction: 'lru' })
      const cache = openHere(t, options)
      const reports = await work(await startStress(t), options, seed => {
        return { kind: 'mix', keyCount: 200, times: 30_000, seed, largestValue: 300 }
      })
      assert.deepEqual(
        reports.flatMap(({ faults }) => faults),
        [],
      )
      assert.ok(reports.every(({ hits }) => hits > 0))
      const { evicted, full, takeovers } = cache.stats()
      assert.ok(evicted > 1000)
      assert.deepEqual({ full, takeovers }, { full: 0, takeovers: 0 })
    })
  }
})

describe('F15: the order of use', () => {
  test('comes back from a store, and a full cache takes new keys', t => {
    const store = join(tempDir(t), 'a.store')
    const options = { name: 'a', store, maxItems: 3, eviction: 'lru' } as const
    const before = Cache.open(options)
    for (const key of ['a', 'b', 'c']) before.set(key, key)
    before.get('a')
    before.close()
    using after = Cache.open(options)
    for (const key of ['d', 'e']) assert.equal(after.set(key, key), true)
    assert.deepEqual([...after.keys()].sort(), ['a', 'd', 'e'])
    assert.deepEqual(after.verify().problems, [])
  })

  test('comes with a dump, and a full cache takes new keys', async () => {
    const open = () => openTestCache({ name: 'a', items: '4', blocksize: '64', purge_lru: '1' })
    const source = open()
    for (const key of ['a', 'b', 'c']) source.set(key, Buffer.from(key))
    source.getItem('a')
    await using server = await serveCaches([source], { listen: '127.0.0.1:0' })
    const cache = open()
    assert.equal((await syncFrom(cache, server.addresses)).kind, 'synced')
    for (const key of ['d', 'e']) assert.equal(cache.set(key, Buffer.from(key)), true)
    assert.deepEqual([...cache.keys()].sort(), ['a', 'd', 'e'])
  })
})

test('F31: with purge_lru an expiry is ignored, and never taken for a moment of 1970', async t => {
  const cache2 = 'name=a,items=4,blocksize=64,keysize=64,purge_lru=1,lazy=1,sweep_on_full=1'
  const { address } = await serve(t, '--cache2', cache2, '--directory', memoryDir(t))
  await using cache = await RemoteCache.connect(`a@${address}`)
  for (const key of ['a', 'b', 'c']) assert.equal(await cache.set(key, key, { ttlMs: 1 }), true)
  assert.equal(await cache.increment('n', 1, { ttlMs: 1 }), 1)
  assert.equal(await cache.ttlMs('n'), Number.POSITIVE_INFINITY)
  assert.equal((await cache.getItem('b'))?.expiresAtMs, 0)
  assert.equal(await cache.get('a'), undefined, 'it made room for n, and nothing else went')
  assert.equal(await cache.get('c'), 'c')
})

test('F59: a set that is refused does not count as a change', t => {
  const clock = new ManualClock()
  const options = { name: 'a', maxItems: 5, directory: memoryDir(t), lastModified: true, clock }
  using cache = Cache.open(options)
  cache.add('k', 1)
  const changedAtMs = clock.nowMs()
  clock.advance(5000)
  assert.equal(cache.add('k', 2), false)
  assert.equal(cache.stats().lastModifiedAtMs, changedAtMs)
  assert.equal(cache.set('k', 2), true)
  assert.equal(cache.stats().lastModifiedAtMs, changedAtMs + 5000)
})
