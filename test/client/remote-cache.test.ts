/**
 * A remote cache at our own server: the methods of a cache, over kept connections.
 */

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { RemoteCache, type RemoteCacheOptions } from '../../src/client/index.ts'
import { type CacheServer, serveCaches } from '../../src/server/index.ts'
import { until } from '../../testing/deadline.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'

const first = openTestCache({ name: 'first', items: '6', keysize: '16', blocksize: '1000000' })
const second = openTestCache({ name: 'second', items: '3000' })
let server: CacheServer

before(async () => {
  server = await serveCaches([first, second], { listen: '127.0.0.1:0' })
})

after(() => server.close())

beforeEach(() => {
  first.clear()
  second.clear()
})

function connect(name = '', options?: RemoteCacheOptions): Promise<RemoteCache> {
  return RemoteCache.connect(`${name}@${server.addresses[0]}`, options)
}

function failsWith(code: string) {
  return (error: unknown) => {
    assert.equal((error as { code?: string }).code, code)
    return true
  }
}

describe('a remote cache', () => {
  test('gets what it set, as bytes, whatever the bytes', async () => {
    await using cache = await connect()
    const value = Buffer.from([0, 255, 1, 128])
    assert.equal(await cache.set('key', value), true)
    assert.deepEqual(await cache.get('key'), value)
    assert.equal(await cache.set(Buffer.from([0]), 'grüße'), true)
    assert.equal(await cache.get(Buffer.from([0])), 'grüße')
    assert.equal(await cache.get('other'), undefined)
  })

  test('carries a value of a megabyte both ways', async () => {
    await using cache = await connect()
    const value = Buffer.alloc(1_000_000, 'abcdefg')
    assert.equal(await cache.set('big', value), true)
    assert.ok(value.equals((await cache.getItem('big'))?.bytes ?? Buffer.alloc(0)))
  })

  test('adds only what is absent, and says whether it deleted something', async () => {
    await using cache = await connect()
    assert.equal(await cache.add('key', 'one'), true)
    assert.equal(await cache.add('key', 'two'), false)
    assert.equal((await cache.get('key'))?.toString(), 'one')
    assert.equal(await cache.has('key'), true)
    assert.equal(await cache.delete('key'), true)
    assert.equal(await cache.delete('key'), false)
    assert.equal(await cache.has('key'), false)
  })

  test('works on the cache it names, and on the default without a name', async () => {
    await using named = await connect('second')
    await using unnamed = await connect()
    await named.set('key', 'second')
    assert.equal(await unnamed.get('key'), undefined)
    assert.equal(second.getItem('key')?.bytes.toString(), 'second')
  })

  test('knows the time left to the millisecond, and changes it', async () => {
    await using cache = await connect()
    const during = async <T>(call: () => Promise<T>) => {
      const fromMs = Date.now()
      return { result: await call(), fromMs, toMs: Date.now() }
    }
    const set = await during(() => cache.set('key', 'value', { ttlMs: 90_500 }))
    const endsAtMs = { least: set.fromMs + 90_500, most: set.toMs + 90_500 }
    const asked = await during(() => cache.ttlMs('key'))
    const ttlMs = asked.result ?? 0
    assert.ok(ttlMs >= endsAtMs.least - asked.toMs && ttlMs <= endsAtMs.most - asked.fromMs)
    const read = await during(() => cache.getItem('key'))
    const { expiresAtMs = 0 } = read.result ?? {}
    // The reply has the time left, and takes its time from the server to the client.
    const mostMs = endsAtMs.most + (read.toMs - read.fromMs)
    assert.ok(expiresAtMs >= endsAtMs.least && expiresAtMs <= mostMs)
    assert.equal(await cache.touch('key', Number.POSITIVE_INFINITY), true)
    assert.equal(await cache.ttlMs('key'), Number.POSITIVE_INFINITY)
    assert.equal(await cache.touch('none', 1), false)
    assert.equal(await cache.ttlMs('none'), undefined)
  })

  test('does not keep what is set with a TTL of zero', async () => {
    await using cache = await connect()
    await cache.set('key', 'value', { ttlMs: 0 })
    assert.equal(await cache.get('key'), undefined)
  })

  test('counts without losing a step when many count at once', async () => {
    await using cache = await connect()
    const counts = await Promise.all(
      Array.from({ length: 200 }, () => cache.count('visits', 'inc', 1n, { initial: 1000 })),
    )
    assert.equal(counts.at(-1), 1200n)
    assert.equal(await cache.count('visits', 'mul', -3n), -3600n)
    assert.equal(await cache.count('visits', 'div', 7n), -514n)
    assert.equal(await cache.count('visits', 'dec', 6n), -520n)
    assert.equal(await cache.count('none', 'inc', 1n, { onlyPresent: true }), undefined)
    assert.equal(await cache.count('visits', 'inc', 0n, { onlyPresent: true }), -520n)
    await cache.set('text', 'no counter')
    await assert.rejects(cache.count('text', 'inc', 1n), failsWith('UNDERCROFT_NOT_A_COUNTER'))
  })

  test('lists every key once, over several pages', async () => {
    await using cache = await connect('second')
    for (let i = 0; i < 2500; i++) second.set(`key${i}`, Buffer.from('v'))
    const keys = new Set<string>()
    for await (const key of cache.keys()) keys.add(key.toString())
    assert.equal(keys.size, 2500)
  })

  test('clears, and tells how many items there were', async () => {
    await using cache = await connect()
    await cache.set('one', '1')
    await cache.set('two', '2')
    assert.equal(await cache.clear(), 2)
    assert.equal(await cache.clear(), 0)
  })

  test('has the stats and the verification of the cache at the server', async () => {
    await using cache = await connect()
    await cache.set('one', '1')
    assert.equal((await cache.stats()).name, 'first')
    assert.equal((await cache.stats()).items, 1)
    assert.deepEqual(await cache.verify(), { ok: true, problems: [], items: 1 })
  })

  test('says false when the cache is full, and keeps what is there', async () => {
    await using cache = await connect()
    for (let i = 0; i < 5; i++) assert.equal(await cache.set(`key${i}`, 'v'), true)
    assert.equal(await cache.set('one more', 'v'), false)
    assert.equal(await cache.count('one more', 'inc', 1n), undefined)
    assert.equal(first.stats().items, 5)
  })

  test('refuses with the code that a local cache would use', async () => {
    await using cache = await connect()
    const huge = Buffer.alloc(1_000_001)
    await assert.rejects(cache.set('key', huge), failsWith('UNDERCROFT_VALUE_TOO_LARGE'))
    await assert.rejects(cache.set('k'.repeat(17), 'v'), failsWith('UNDERCROFT_KEY_INVALID'))
    await assert.rejects(cache.set('', 'v'), failsWith('UNDERCROFT_KEY_INVALID'))
    assert.equal(await cache.get('k'.repeat(17)), undefined)
    assert.equal(await cache.set('key', 'still works'), true)
  })

  test('says at once that the server has no cache of its name', async () => {
    await assert.rejects(connect('third'), failsWith('UNDERCROFT_NO_SUCH_CACHE'))
  })

  test('sends many calls over one connection, and answers each with its own reply', async () => {
    await using cache = await connect('second')
    const before = server.connectionCount
    const keys = Array.from({ length: 2000 }, (_, i) => `key${i}`)
    await Promise.all(keys.map(key => cache.set(key, `value of ${key}`)))
    const values = await Promise.all(keys.map(key => cache.get(key)))
    assert.deepEqual(
      values.map(String),
      keys.map(key => `value of ${key}`),
    )
    assert.equal(server.connectionCount, before)
  })

  test('refuses further calls when as many wait as it was told to allow', async () => {
    await using cache = await connect('', { maxPendingCalls: 2 })
    const calls = [cache.has('a'), cache.has('b')]
    await assert.rejects(cache.has('c'), failsWith('UNDERCROFT_CONNECTION'))
    assert.deepEqual(await Promise.all(calls), [false, false])
  })

  test('refuses a reply larger than its limit', async () => {
    await using cache = await connect('', { maxValueSize: 1000 })
    await cache.set('key', Buffer.alloc(1001))
    await assert.rejects(cache.get('key'), failsWith('UNDERCROFT_PROTOCOL'))
    assert.equal(await cache.has('key'), true)
  })

  test('finishes calls under way when it is closed, and takes no more', async () => {
    const cache = await connect()
    const call = cache.set('key', 'value')
    await cache.close()
    assert.equal(await call, true)
    await assert.rejects(cache.get('key'), failsWith('UNDERCROFT_CLOSED'))
    await cache.close()
    await until('the server has seen the end', () => server.connectionCount === 0)
  })

  test('closes a connection that it has not used for a while', async () => {
    await using cache = await connect('', { idleTimeoutMs: 20 })
    await cache.set('key', 'value')
    await until('the connection was closed', () => server.connectionCount === 0)
    assert.equal((await cache.get('key'))?.toString(), 'value')
  })
})
