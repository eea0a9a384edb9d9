/**
 * Values of every kind over the network, and the methods that a remote cache shares with a local
 * one.
 */

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { serialize } from 'node:v8'
import { RemoteCache } from '../../src/client/index.ts'
import { Cache } from '../../src/index.ts'
import { type CacheServer, serveCaches } from '../../src/server/index.ts'
import { ask, magic } from '../../testing/magic.ts'
import { exchange, RawClient } from '../../testing/raw-client.ts'
import { SAMPLE_VALUES } from '../../testing/sample-values.ts'
import { programScope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'

let local: Cache
let server: CacheServer
let remote: RemoteCache

const scope = programScope()

before(async () => {
  local = Cache.open({ name: 'typed', directory: memoryDir(scope), maxItems: 1000 })
  server = await serveCaches([local], { listen: '127.0.0.1:0' })
  remote = await RemoteCache.connect(`@${server.addresses[0]}`)
})

after(async () => {
  await remote.close()
  await server.close()
  assert.deepEqual(local.verify().problems, [])
  local.destroy()
  await scope.end()
})

beforeEach(() => {
  local.clear()
})

function failsWith(code: string) {
  return (error: unknown) => (error as { code?: string }).code === code
}

/** Whether JSON, text, bytes or 64 bits keep it. */
function isPortable(value: unknown): boolean {
  local.set('probe', value)
  return local.getItem('probe')?.type !== 'structured'
}

describe('a value set over the network', () => {
  test('comes back as the kind it was, over the network and on the machine itself', async () => {
    const portable = SAMPLE_VALUES.filter(isPortable)
    assert.ok(portable.length > 20)
    for (const value of portable) {
      assert.equal(await remote.set('k', value), true)
      assert.deepStrictEqual(await remote.get('k'), value)
      assert.deepStrictEqual(local.get('k'), value)
    }
  })

  test('of a kind that only V8 serializes is refused, with what to do', async () => {
    const others = SAMPLE_VALUES.filter(value => !isPortable(value))
    assert.ok(others.length > 8)
    for (const value of others) {
      await assert.rejects(remote.set('k', value), failsWith('UNDERCROFT_VALUE_UNSUPPORTED'))
    }
    await assert.rejects(remote.set('k', new Date(0)), /Send a Date as its text/)
    await assert.rejects(remote.set('k', undefined), failsWith('UNDERCROFT_VALUE_UNSUPPORTED'))
    assert.equal(local.has('k'), false)
  })

  test('may be raw bytes with their kind, as getItem gave them', async () => {
    local.set('from', { list: [1, 2] })
    const item = await remote.getItem('from')
    assert.equal(item?.type, 'json')
    assert.ok(item !== undefined && (await remote.setItem('to', item)))
    assert.deepEqual(local.get('to'), { list: [1, 2] })
    assert.ok(local.setItem('here', item, { mode: 'add' }))
    assert.equal(local.setItem('here', item, { mode: 'add' }), false)
  })
})

describe('a value set on the machine itself', () => {
  test('comes back over the network as the kind it was', async () => {
    for (const value of SAMPLE_VALUES.filter(isPortable)) {
      local.set('k', value)
      assert.deepStrictEqual(await remote.get('k'), value)
    }
  })

  test('that only V8 can read gives an error, and its bytes with getItem', async () => {
    local.set('k', new Map([[1, 2]]))
    await assert.rejects(remote.get('k'), failsWith('UNDERCROFT_VALUE_UNSUPPORTED'))
    const item = await remote.getItem('k')
    assert.equal(item?.type, 'structured')
    assert.deepEqual(item?.bytes, serialize(new Map([[1, 2]])))
  })

  test('is the same bytes as ever for a uWSGI client', async () => {
    local.set('k', 'text')
    const reply = await exchange(server.addresses[0] ?? '', magic({ cmd: 'get', key: 'k' }))
    assert.equal(reply.toString('latin1', 4), '\x06\0status\x02\0ok\x04\0size\x01\x004text')
  })
})

describe('a server does not take bytes for what they are not', () => {
  const wrong: readonly (readonly [type: string, body: string])[] = [
    ['text', '\xff'],
    ['utf16', 'odd'],
    ['integer', 'seven b'],
    ['bigint', 'more than 8'],
    ['json', '{"open":'],
    ['structured', serialize(new Map()).toString('latin1')],
    ['constructor', 'v'],
    ['', 'v'],
  ]
  for (const [type, body] of wrong) {
    test(`type ${JSON.stringify(type)}: ${JSON.stringify(body)}`, async () => {
      local.set('k', 'before')
      const client = await RawClient.connect(server.addresses[0] ?? '')
      const bytes = Buffer.from(body, 'latin1')
      const fields = { cmd: 'update', key: 'k', type, size: String(bytes.length), keep: '1' }
      client.send(Buffer.concat([magic(fields), bytes]))
      const { fields: first } = await ask(client, { cmd: 'exists', key: 'k' })
      assert.deepEqual(first, { status: 'refused', reason: 'bad-request', keep: '1' })
      client.close()
      assert.equal(local.get('k'), 'before')
    })
  }
})

describe('a remote cache has the methods of a local one:', () => {
  test('replace stores only what is there', async () => {
    assert.equal(await remote.replace('k', 1), false)
    await remote.set('k', 2)
    assert.equal(await remote.replace('k', 3, { ttlMs: 60_000 }), true)
    assert.equal(await remote.get('k'), 3)
    assert.ok(((await remote.ttlMs('k')) ?? 0) <= 60_000)
  })

  test('several are set and got in order', async () => {
    const entries = Array.from({ length: 600 }, (_, i) => [`k${i}`, { i }] as const)
    assert.equal(await remote.setMany(entries), 600)
    const values = await remote.getMany([...entries.map(([key]) => key), 'nobody'])
    assert.deepEqual(values, [...entries.map(([, value]) => value), undefined])
    const seen: [string, unknown][] = []
    for await (const entry of remote.entries()) seen.push(entry)
    assert.ok(isDeepStrictEqual(new Map(seen), new Map<string, unknown>(entries)))
    const keys: string[] = []
    for await (const key of remote.keys()) keys.push(key)
    assert.deepEqual(keys.sort(), entries.map(([key]) => key).sort())
  })

  test('several stop when the cache is full, and it is told how many there are', async t => {
    const directory = memoryDir(t)
    const small = Cache.open({ name: 'small', directory, maxItems: 5, eviction: 'none' })
    await using other = await serveCaches([small], { listen: '127.0.0.1:0' })
    await using cache = new RemoteCache(`@${other.addresses[0]}`)
    const entries = Array.from({ length: 1000 }, (_, i) => [`k${i}`, i] as const)
    assert.equal(await cache.setMany(entries), 5)
    assert.equal(small.stats().full, 256 - 5, 'one batch and no more')
    assert.equal(await cache.replace('k0', 'v'), true)
    assert.equal(await cache.add('new', 'v'), false)
    small.destroy()
  })

  test('numbers count as numbers and bigints as bigints', async () => {
    assert.equal(await remote.increment('n'), 1)
    assert.equal(await remote.increment('n', 41), 42)
    assert.equal(await remote.decrement('n', 50), -8)
    assert.equal(await remote.multiply('n', -3), 24)
    assert.equal(await remote.divide('n', 5), 4)
    assert.equal(await remote.increment('n', 1n), 5n)
    assert.equal(await remote.increment('i', 1, { initial: 99 }), 100)
    assert.equal(await remote.get('n'), 5)
    assert.equal(await remote.increment('big', 1n, { initial: 2n ** 63n - 1n }), -(2n ** 63n))
    await assert.rejects(remote.increment('n', 1.5), failsWith('UNDERCROFT_OPTION_INVALID'))
  })

  test('a number that could not hold the result is refused, and the value kept', async () => {
    await remote.set('n', Number.MAX_SAFE_INTEGER)
    await assert.rejects(remote.increment('n'), failsWith('UNDERCROFT_COUNTER_RANGE'))
    assert.equal(await remote.get('n'), Number.MAX_SAFE_INTEGER)
    assert.equal(await remote.increment('n', 1n), 2n ** 53n)
    await remote.set('text', '12345678')
    await assert.rejects(remote.increment('text'), failsWith('UNDERCROFT_NOT_A_COUNTER'))
  })
})
