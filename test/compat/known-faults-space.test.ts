/**
 * Faults of uWSGI in the use of its memory, and what happens here instead. F34, truncated keys, is
 * in known-faults-api.test.ts.
 */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { formatCacheLine } from '../../src/cli/commands/serve-text.ts'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { receiveReplicas, replicate } from '../../src/replication/index.ts'
import { Child } from '../../testing/child.ts'
import { until, within } from '../../testing/deadline.ts'
import type { FailingTask } from '../../testing/failing-child.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import type { Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { openHere, ownCache } from '../processes/cache-process.ts'
import { refusal, resolveOne } from '../uwsgi/options/reading.ts'

/** Blocks of one byte, so that a value has as many blocks as bytes. */
function openBlocks(t: Scope, blocks: number, options: Partial<CacheOptions> = {}): Cache<string> {
  const sizes = { maxItems: 20, bitmap: true, blockSize: 1, blocks, eviction: 'none' } as const
  return Cache.open({ name: 'a', directory: memoryDir(t), ...sizes, ...options })
}

describe('F12: a cache is full only when it is', () => {
  for (const [mode, sizes] of [
    ['one block an item', { bitmap: false, blockSize: 64 }],
    ['bitmap mode', { bitmap: true, blockSize: 8, blocks: 80 }],
  ] as const) {
    test(`${mode}: no place is lost with processes that died while they stored`, async t => {
      const options = ownCache(t, { maxItems: 10, eviction: 'none', ...sizes })
      const cache = openHere(t, options)
      for (const key of ['a', 'b', 'c']) await dieInSet(t, options, key)
      for (let i = 0; i < 10; i++) assert.equal(cache.set(`k${i}`, 'x'.repeat(64)), true)
      assert.equal(cache.set('one more', 'x'), false)
      assert.deepEqual([cache.stats().items, cache.stats().freeBlocks], [10, 0])
    })
  }
})

test('F18: a run that crosses the place of the last allocation is found', t => {
  using cache = openBlocks(t, 32)
  assert.equal(cache.set('first', 'x'.repeat(12)), true)
  cache.delete('first')
  assert.equal(cache.set('second', 'y'.repeat(24)), true)
  cache.clear()
  // Neither the next block to search nor the last freed block starts a run of 24.
  for (const key of ['a', 'b', 'c']) assert.equal(cache.set(key, 'z'.repeat(8)), true)
  for (const key of ['a', 'b', 'c']) cache.delete(key)
  assert.equal(cache.set('across', 'x'.repeat(24)), true)
  assert.equal(cache.stats().full, 0)
  assert.deepEqual(cache.verify().problems, [])
})

describe('F19: an update in bitmap mode', () => {
  test('needs no room for a second copy', t => {
    using cache = openBlocks(t, 32)
    assert.equal(cache.set('k', 'x'.repeat(32)), true)
    for (const size of [32, 10, 32, 1, 31]) {
      assert.equal(cache.set('k', 'y'.repeat(size)), true, String(size))
      assert.equal(cache.get('k'), 'y'.repeat(size))
    }
    assert.deepEqual(cache.verify().problems, [])
  })

  test('that fails changes nothing: not the value, nor the end, nor the moment of a change', t => {
    using cache = openBlocks(t, 32, { lastModified: true })
    cache.set('k', 'x'.repeat(16), { ttlMs: 60_000 })
    cache.set('other', 'y'.repeat(16))
    const before = cache.stats()
    const endsAtMs = cache.getItem('k')?.expiresAtMs
    assert.equal(cache.set('k', 'z'.repeat(17), { ttlMs: 500_000 }), false)
    assert.equal(cache.get('k'), 'x'.repeat(16))
    assert.equal(cache.getItem('k')?.expiresAtMs, endsAtMs)
    const { items, freeBlocks, full, lastModifiedAtMs } = cache.stats()
    assert.deepEqual(
      { items, freeBlocks, full, lastModifiedAtMs },
      { items: 2, freeBlocks: 0, full: 1, lastModifiedAtMs: before.lastModifiedAtMs },
    )
    assert.deepEqual(cache.verify().problems, [])
  })
})

describe('F20: a full cache in bitmap mode', () => {
  test('evicts until the value fits, and then stores it', t => {
    using cache = openBlocks(t, 32, { eviction: 'lru' })
    for (let i = 0; i < 8; i++) cache.set(`k${i}`, 'x'.repeat(4))
    cache.get('k0')
    assert.equal(cache.set('large', 'y'.repeat(20)), true)
    assert.deepEqual([...cache.keys()].sort(), ['k0', 'k6', 'k7', 'large'])
    assert.equal(cache.stats().full, 0)
  })

  test('never evicts the item that an update is about', t => {
    using cache = openBlocks(t, 32, { eviction: 'lru' })
    for (let i = 0; i < 8; i++) cache.set(`k${i}`, 'x'.repeat(4))
    assert.equal(cache.set('k0', 'y'.repeat(32)), true, 'though it was used longest ago')
    assert.deepEqual([[...cache.keys()], cache.get('k0')], [['k0'], 'y'.repeat(32)])
  })

  test('clears once with clear_on_full, and then stores the value', t => {
    using cache = openBlocks(t, 32, { eviction: 'clear' })
    for (let i = 0; i < 8; i++) cache.set(`k${i}`, 'x'.repeat(4))
    assert.equal(cache.set('large', 'y'.repeat(20)), true)
    assert.deepEqual([[...cache.keys()], cache.stats().full], [['large'], 1])
  })
})

test('F29: N items hold N-1, the line at start says so, and a cache for none is refused', t => {
  const { maxItems } = resolveOne('name=a,items=5')
  using cache = Cache.open({ name: 'a', directory: memoryDir(t), maxItems, eviction: 'none' })
  const stored = ['a', 'b', 'c', 'd', 'e'].map(key => cache.set(key, 1))
  assert.deepEqual(stored, [true, true, true, true, false])
  assert.match(formatCacheLine(cache.stats()), /items: 4, one of 5 places stays empty,/)
  assert.throws(() => resolveOne('name=a,items=1'), refusal(/from 2 to/))
})

test('F30: a clear keeps the counts, and reaches the other nodes', async () => {
  const [cache, replica] = [openTestCache({ items: '3' }), openTestCache({ items: '3' })]
  using receiver = await receiveReplicas(replica, { addresses: ['127.0.0.1:0'] })
  using _replication = await replicate(cache, { nodes: receiver.addresses })
  for (const key of ['a', 'b', 'c']) cache.set(key, Buffer.from('v'))
  cache.get('a')
  cache.get('absent')
  await until('it is there', () => replica.has('a') && replica.has('b'))
  assert.equal(cache.clear(), 2)
  const { items, hits, misses, full } = cache.stats()
  assert.deepEqual({ items, hits, misses, full }, { items: 0, hits: 1, misses: 1, full: 1 })
  await until('the clear came', () => replica.stats().items === 0)
})

describe('F35: a hash', () => {
  test('that would find nothing is refused', () => {
    for (const hash of ['random', 'rand', 'rr', 'sha1']) {
      assert.throws(() => resolveOne(`name=a,items=5,hash=${hash}`), refusal(/djb33x, murmur2/))
    }
  })

  test('murmur2 is that of uWSGI, and keys that it does not tell apart are two items', () => {
    const cache = openTestCache({ hash: 'murmur2', items: '10' })
    for (const key of ['abcd1', 'abcd2', 'abcd3']) cache.set(key, Buffer.from(key))
    cache.delete('abcd2')
    assert.deepEqual([...cache.keys()].sort(), ['abcd1', 'abcd3'])
    for (const key of ['abcd1', 'abcd3']) assert.equal(String(cache.get(key)), key)
    assert.equal(cache.add('abcd1', Buffer.from('again')), false)
    assert.deepEqual(cache.verify().problems, [])
  })
})

/** Starts a process that is killed when it has written half of a new value. */
async function dieInSet(
  t: TestContext,
  { name, directory }: { readonly name: string; readonly directory: string },
  key: string,
): Promise<void> {
  const script = new URL('../../testing/failing-child.js', import.meta.url)
  const child = await Child.start<FailingTask, string>(t, script)
  const point = { in: 'set', value: 'half of this is written'.repeat(2) } as const
  child.send({ name, directory, key, signal: 'SIGKILL', point })
  await within('it to die', child.exit)
}
