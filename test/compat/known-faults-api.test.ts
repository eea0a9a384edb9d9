/**
 * Faults that users of uWSGI's functions meet, and what happens here instead.
 *
 * docs/reference/uwsgi-faults.md lists all faults by the numbers in the titles of these tests.
 */

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { Cache } from '../../src/index.ts'
import { AutoCache, closeCaches, defineInstance } from '../../src/uwsgi/api/index.ts'
import {
  cache_del,
  cache_exists,
  cache_get,
  cache_inc,
  cache_keys,
  cache_mul,
  cache_num,
  cache_set,
  cache_update,
  opt,
  send_message,
} from '../../src/uwsgi/index.ts'
import { findPeer } from '../../testing/peers/peers.ts'
import { startUwsgi } from '../../testing/peers/uwsgi.ts'
import { programScope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { startServer } from '../../testing/undercroft-server.ts'

const scope = programScope()
let cache: Cache
let chained: Cache

before(() => {
  const directory = memoryDir(scope)
  const sizes = { maxItems: 20, blockSize: 65_536, bitmap: false, maxKeySize: 2048 }
  cache = Cache.open({ name: 'main', directory, ...sizes, eviction: 'none' })
  chained = Cache.open({ name: 'chained', directory, ...sizes, hash: 'murmur2' })
  defineInstance({
    caches: [
      { name: 'main', directory },
      { name: 'chained', directory },
    ],
    options: { cache: '100', 'socket-timeout': '4' },
  })
})

beforeEach(() => {
  cache.clear()
})

after(async () => {
  defineInstance(undefined)
  await closeCaches()
  assert.deepEqual(cache.verify().problems, [])
  cache.destroy()
  chained.destroy()
  await scope.end()
})

const WRONG: readonly unknown[] = [5, 1.5, null, undefined, {}, [], new ArrayBuffer(1), true]

describe('F14: a value that is no bytes', () => {
  test('is an error with a code, and the process and the cache go on', () => {
    cache_set('k', 'v')
    for (const wrong of [...WRONG, '\ud800']) {
      assert.throws(() => cache_update('k', wrong as string), {
        code: 'UNDERCROFT_VALUE_UNSUPPORTED',
      })
      assert.throws(() => cache_get(wrong as string), { code: 'UNDERCROFT_KEY_INVALID' })
    }
    assert.deepEqual(cache_get('k'), Buffer.from('v'))
  })

  test('so is an argument that is no whole number, or beyond 64 bits', () => {
    for (const wrong of [1.5, Number.NaN, '1', 2n ** 63n, null]) {
      assert.throws(() => cache_inc('n', wrong as number), { code: 'UNDERCROFT_OPTION_INVALID' })
    }
    for (const wrong of [0.5, Number.POSITIVE_INFINITY, '60', 60n]) {
      assert.throws(() => cache_set('k', 'v', wrong as number), {
        code: 'UNDERCROFT_OPTION_INVALID',
      })
    }
    assert.throws(() => cache_get('k', 5 as unknown as string), {
      code: 'UNDERCROFT_OPTION_INVALID',
    })
  })
})

describe('F27: arithmetic at another server', () => {
  test('two increments by 5 are 10, not 5', async t => {
    const server = await startServer(t, { caches: [{ name: 'main', maxItems: 10 }] })
    const remote = `main@127.0.0.1:${server.port}` as const
    assert.equal(await cache_inc('n', 5, 0, remote), true)
    assert.equal(await cache_inc('n', 5, 0, remote), true)
    assert.equal(await cache_num('n', remote), 10)
    await closeCaches()
  })

  test('is refused by a real uWSGI, and the number there stays', async t => {
    const { command, missing } = findPeer('uwsgi')
    if (command === undefined) {
      t.skip(missing)
      return
    }
    const { port } = await startUwsgi(t, command, ['name=main,items=10'])
    const remote = `main@127.0.0.1:${port}` as const
    const seven = Buffer.from('0700000000000000', 'hex')
    assert.equal(await cache_set('n', seven, 0, remote), true)
    assert.equal(await cache_inc('n', 5, 0, remote), null)
    assert.equal(await cache_num('n', remote), 7)
    await closeCaches()
  })
})

test('F28: an expired item is absent at once, for every function', () => {
  cache_set('k', 'old')
  cache_inc('n', 5)
  cache.touch('k', 0)
  cache.touch('n', 0)
  assert.equal(cache_get('k'), null)
  assert.equal(cache_exists('k'), null)
  assert.equal(cache_num('n'), 0)
  assert.deepEqual(cache_keys(), [])
  assert.equal(cache_del('k'), null)
  assert.equal(cache_set('k', 'new'), true)
  assert.deepEqual(cache_get('k'), Buffer.from('new'))
  assert.equal(cache_inc('n'), true)
  assert.equal(cache_num('n'), 1)
  assert.equal(cache_update('k', 'over', -1), true, 'as uWSGI, which stores it too')
  assert.equal(cache_get('k'), null)
})

test('F34: a key of 65537 bytes is refused, and not cut to its first byte', () => {
  for (const size of [2049, 65_536, 65_537]) {
    assert.equal(cache_set('a'.repeat(size), 'v'), null)
    assert.equal(cache_get('a'.repeat(size)), null)
  }
  assert.equal(cache_get('a'), null)
  assert.deepEqual(cache_keys(), [])
})

test('F55: send_message exists, and reads the cache as the first document has it', async t => {
  const server = await startServer(t, { caches: [{ name: 'main', maxItems: 10 }] })
  server.cache('main').set('foo_key', Buffer.from('HTTP/1.0 200 OK\r\n\r\nfoo'))
  const address = `127.0.0.1:${server.port}`
  const read = async (modifier2: number, message: string | Record<string, string>) => {
    const chunks: Buffer[] = []
    for await (const chunk of send_message(address, 111, modifier2, message)) chunks.push(chunk)
    return String(Buffer.concat(chunks))
  }
  assert.equal(await read(0, 'foo_key'), 'HTTP/1.0 200 OK\r\n\r\nfoo')
  assert.equal(await read(3, { key: 'foo_key' }), 'HTTP/1.0 200 OK\r\n\r\nfoo')
  assert.equal(await read(0, 'none'), '')
})

test('F56: adding is one call for many processes, and options are bytes', () => {
  assert.equal(cache_set('k', 'first', 0), true)
  assert.equal(cache_set('k', 'second', 0), null)
  assert.deepEqual(opt.cache, Buffer.from('100'))
  assert.equal(opt.cache2, undefined)
  assert.deepEqual(Object.keys(opt), ['cache', 'socket-timeout'])
  assert.throws(() => Object.assign(opt, { cache: 'x' }), TypeError)
})

test('F60: arithmetic on what is no counter is null, and the value stays', () => {
  for (const value of ['12', '12345678', 'longer than eight bytes', Buffer.from('7 bytes')]) {
    cache_update('k', value)
    assert.equal(cache_inc('k'), null)
    assert.equal(cache_mul('k'), null)
    assert.deepEqual(cache_get('k'), Buffer.from(value))
    assert.equal(cache_num('k'), 0)
  }
  cache_update('k', Buffer.from('0700000000000000', 'hex'))
  assert.equal(cache_inc('k'), true)
  assert.equal(cache_num('k'), 8)
})

test('F61: host names are resolved, and no local cache has an @ in its name', async t => {
  const server = await startServer(t, { caches: [{ name: 'main', maxItems: 10 }] })
  assert.equal(await cache_set('k', 'v', 0, `main@localhost:${server.port}`), true)
  assert.deepEqual(server.cache('main').getItem('k')?.bytes, Buffer.from('v'))
  await closeCaches()
  assert.throws(() => Cache.open({ name: 'a@b', maxItems: 1 }), {
    code: 'UNDERCROFT_OPTION_INVALID',
  })
})

test('F64: keys are right with long chains and deletes between, without expired ones', () => {
  // All of these have one hash, because uWSGI's murmur2 ignores their last byte.
  const keys = Array.from({ length: 20 }, (_, i) => `abcd${String.fromCharCode(65 + i)}`)
  for (const key of keys) assert.equal(cache_set(key, key, 0, 'chained'), true)
  const gone = keys.filter((_, i) => i % 3 === 0)
  for (const key of gone) assert.equal(cache_del(key, 'chained'), true)
  assert.equal(cache_update('abcdB', 'over', -1, 'chained'), true)
  const left = keys.filter(key => key !== 'abcdB' && !gone.includes(key))
  assert.deepEqual(cache_keys('chained').map(String).sort(), left)
  for (const key of left) assert.equal(String(cache_get(key, 'chained')), key)
  assert.deepEqual(chained.verify().problems, [])
})

test('F65: the wrapper sets in one step, reports what it could not store, and null deletes', () => {
  const wrapper = new AutoCache<number>()
  const stored: number[] = []
  for (let i = 0; i < 25; i++) if (wrapper.set(`k${i}`, i)) stored.push(i)
  assert.deepEqual(stored, [...Array(20).keys()], 'as many as there is room for')
  for (let i = 0; i < 25; i++) assert.equal(wrapper.get(`k${i}`), i < 20 ? i : null)
  assert.equal(wrapper.set('k0', 100), true, 'what is there can change in a full cache')
  assert.equal(wrapper.set('k1', null), true)
  assert.equal(wrapper.set('k24', 24), true)
  assert.deepEqual([wrapper.get('k0'), wrapper.get('k1'), wrapper.get('k24')], [100, null, 24])
})
