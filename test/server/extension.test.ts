/**
 * The wire extension (docs/reference/wire-extension.md): kept connections and further commands.
 */

import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { Cache } from '../../src/index.ts'
import { parseByteList } from '../../src/protocols/uwsgi/index.ts'
import { HEADER } from '../../src/segment/format.ts'
import { type CacheServer, serveCaches } from '../../src/server/index.ts'
import { ask, magic, receiveMagic } from '../../testing/magic.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { exchange, RawClient } from '../../testing/raw-client.ts'
import { onEnd } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'

const first = openTestCache({ name: 'first', items: '4', keysize: '8', blocksize: '64' })
const second = openTestCache({ name: 'second', items: '500' })
let server: CacheServer
let address: string
let client: RawClient

before(async () => {
  const listen = ['127.0.0.1:0', { address: '127.0.0.1:0', readOnly: true }]
  server = await serveCaches([first, second], { listen })
  address = server.addresses[0] ?? ''
})

after(() => server.close())

beforeEach(async () => {
  first.clear()
  second.clear()
  client = await RawClient.connect(address)
})

afterEach(() => client.close())

async function statusOf(fields: Record<string, string>, body = ''): Promise<string> {
  const reply = await ask(client, fields, body)
  return [reply.fields.status, reply.fields.reason].filter(Boolean).join(' ')
}

describe('a connection that is kept', () => {
  test('takes one request after the other, and says that it stays', async () => {
    assert.deepEqual((await ask(client, { cmd: 'update', key: 'k' }, 'value')).fields, {
      status: 'ok',
      keep: '1',
    })
    const reply = await ask(client, { cmd: 'get', key: 'k' })
    assert.deepEqual(reply.fields, { status: 'ok', size: '5', keep: '1' })
    assert.equal(reply.body.toString(), 'value')
  })

  test('answers requests sent at once in their order', async () => {
    const requests = Array.from({ length: 300 }, (_, i) => [
      magic({ cmd: 'update', key: `k${i}`, cache: 'second', size: '4', keep: '1' }, `v${100 + i}`),
      magic({ cmd: 'get', key: `k${i}`, cache: 'second', keep: '1' }),
    ])
    client.send(Buffer.concat(requests.flat()))
    for (let i = 0; i < 300; i++) {
      assert.equal((await receiveMagic(client)).fields.status, 'ok')
      assert.equal((await receiveMagic(client)).body.toString(), `v${100 + i}`)
    }
  })

  test('says why a request failed, and goes on', async () => {
    assert.equal(await statusOf({ cmd: 'get', key: 'none' }), 'miss')
    assert.equal(await statusOf({ cmd: 'get', key: 'longer than 8' }), 'miss')
    assert.equal(await statusOf({ cmd: 'del', key: 'none' }), 'miss')
    assert.equal(await statusOf({ cmd: 'set', key: 'k' }, 'v'), 'ok')
    assert.equal(await statusOf({ cmd: 'set', key: 'k' }, 'v'), 'refused exists')
    assert.equal(await statusOf({ cmd: 'update', key: 'longer than 8' }, 'v'), 'refused key')
    assert.equal(await statusOf({ cmd: 'update', key: 'k' }, 'v'.repeat(65)), 'refused too-large')
    assert.equal(await statusOf({ cmd: 'update', key: 'k' }), 'refused bad-request')
    assert.equal(await statusOf({ cmd: 'get', key: 'k', cache: 'x' }), 'refused unknown-cache')
    assert.equal(await statusOf({ cmd: 'nonsense' }, 'with a body'), 'refused bad-request')
    assert.equal(await statusOf({ cmd: 'inc', key: 'k' }), 'refused not-a-counter')
    assert.equal(await statusOf({ cmd: 'inc', key: 'n', by: 'x' }), 'refused bad-request')
    assert.equal(await statusOf({ cmd: 'get', key: 'k', ttl: '1.5' }), 'refused bad-request')
    for (const key of ['l', 'm']) assert.equal(await statusOf({ cmd: 'set', key }, 'v'), 'ok')
    assert.equal(await statusOf({ cmd: 'set', key: 'n' }, 'v'), 'refused full')
    assert.equal(await statusOf({ cmd: 'get', key: 'k' }), 'ok')
  })

  test('ends when a size cannot be read, because the next request cannot be found', async () => {
    client.send(magic({ cmd: 'set', key: 'k', size: 'many', keep: '1' }, 'body'))
    const { fields } = await receiveMagic(client)
    assert.deepEqual(fields, { status: 'refused', reason: 'bad-request' })
    assert.equal((await client.untilClosed()).length, 0)
  })

  test('ends rather than pass over a body larger than the server holds', async () => {
    client.send(magic({ cmd: 'set', key: 'k', size: '9007199254740991', keep: '1' }, 'body'))
    const { fields } = await receiveMagic(client)
    assert.deepEqual(fields, { status: 'refused', reason: 'too-large' })
    assert.equal((await client.untilClosed()).length, 0)
  })

  test('ends after a request without keep, and after a raw command', async () => {
    await ask(client, { cmd: 'set', key: 'k' }, 'v')
    client.send(magic({ cmd: 'exists', key: 'k' }))
    assert.equal((await client.untilClosed()).toString('hex'), '6f0c0011060073746174757302006f6b')
    const other = await RawClient.connect(address)
    await ask(other, { cmd: 'exists', key: 'k' })
    other.sendHex('6f0100006b')
    assert.equal((await other.untilClosed()).toString('hex'), '6f01000076')
  })

  test('is closed when it waits longer than keepTimeoutMs, not before', async () => {
    await using impatient = await serveCaches([first], {
      listen: '127.0.0.1:0',
      keepTimeoutMs: 400,
      socketTimeoutMs: 300,
    })
    const kept = await RawClient.connect(impatient.addresses[0] ?? '')
    const startMs = performance.now() // before the server begins to wait
    await ask(kept, { cmd: 'exists', key: 'k' })
    await kept.untilClosed()
    assert.ok(performance.now() - startMs >= 350)
  })
})

describe('the further commands', () => {
  test('are on the wire as the example in the documentation', async () => {
    const request = '6f1b0011 0300636d640300696e63 03006b657901006e 04006b656570010031'
    const reply = '6f1f0011 060073746174757302006f6b 050076616c7565010031 04006b656570010031'
    const expected = Buffer.from(reply.replaceAll(' ', ''), 'hex')
    client.sendHex(request.replaceAll(' ', ''))
    assert.deepEqual(await client.receive(expected.length), expected)
  })

  test('count, with a start, a step and a TTL, and keep the sign', async () => {
    const counted = async (fields: Record<string, string>) =>
      (await ask(client, { key: 'n', ...fields })).fields.value
    assert.equal(await counted({ cmd: 'inc', initial: '10' }), '11')
    assert.equal(await counted({ cmd: 'dec', by: '20' }), '-9')
    assert.equal(await counted({ cmd: 'mul' }), '-18')
    assert.equal(await counted({ cmd: 'div' }), '-9')
    assert.equal(await counted({ cmd: 'inc', by: '-9223372036854775799' }), '-9223372036854775808')
    assert.equal(await counted({ cmd: 'dec', ttl: '60000' }), '9223372036854775807')
    assert.equal(await counted({ cmd: 'inc', by: '9223372036854775808' }), undefined)
    assert.equal(await counted({ cmd: 'inc', safe: '1' }), undefined, 'no safe number')
    assert.equal(await counted({ cmd: 'div', by: '0', ttl: '60000' }), '0')
    const ttl = async (key: string) => Number((await ask(client, { cmd: 'ttl', key })).fields.ttl)
    assert.equal(await ttl('n'), -1, 'a counter that is there keeps its TTL')
    await counted({ cmd: 'inc', key: 'fresh', ttl: '60000' })
    const left = await ttl('fresh')
    assert.ok(left > 50_000 && left <= 60_000)
  })

  test('count only what is there when asked to', async () => {
    const only = { cmd: 'inc', key: 'n', only: 'present', initial: '7' }
    assert.equal(await statusOf(only), 'miss')
    assert.equal(first.has('n'), false)
    await ask(client, { cmd: 'inc', key: 'n', by: '41' })
    assert.equal((await ask(client, only)).fields.value, '42')
    assert.equal(await statusOf({ ...only, only: 'absent' }), 'refused bad-request')
  })

  test('answer without keep as well, and then close', async () => {
    const reply = await exchange(address, magic({ cmd: 'inc', key: 'n' }))
    assert.equal(reply.toString('latin1', 4), '\x06\0status\x02\0ok\x05\0value\x01\x001')
    assert.equal((await exchange(address, magic({ cmd: 'ttl', key: 'none' }))).length, 0)
  })

  test('give and take the TTL in milliseconds, which wins over expires', async () => {
    await ask(client, { cmd: 'set', key: 'k', ttl: '5000', expires: '900' }, 'v')
    const { fields } = await ask(client, { cmd: 'get', key: 'k' })
    assert.ok(Number(fields.ttl) <= 5000 && Number(fields.ttl) > 3000)
    assert.ok(Math.abs(Number(fields.expires) - Date.now() / 1000) < 6)
    assert.equal((await ask(client, { cmd: 'touch', key: 'k', ttl: '-1' })).fields.status, 'ok')
    assert.equal((await ask(client, { cmd: 'ttl', key: 'k' })).fields.ttl, '-1')
    assert.equal(await statusOf({ cmd: 'touch', key: 'k' }), 'refused bad-request')
    assert.equal(await statusOf({ cmd: 'touch', key: 'none', ttl: '1' }), 'miss')
  })

  test('list the keys page by page', async () => {
    for (let i = 0; i < 250; i++) second.set(`key${i}`, Buffer.from('v'))
    const sizes: number[] = []
    const keys = new Set<string>()
    let cursor = '0'
    do {
      const { fields, body } = await ask(client, { cmd: 'keys', cache: 'second', cursor })
      const page = parseByteList(body) ?? []
      for (const key of page) keys.add(key.toString())
      sizes.push(page.length)
      cursor = fields.next ?? '0'
    } while (cursor !== '0')
    assert.equal(keys.size, 250)
    assert.ok(sizes.every(size => size <= 100))
    assert.equal(await statusOf({ cmd: 'keys', limit: '1001' }), 'refused bad-request')
  })

  test('store a value with what it is, also an empty one, and tell it again', async () => {
    assert.equal(await statusOf({ cmd: 'replace', key: 'k', type: 'json' }, '[1]'), 'miss')
    assert.equal(await statusOf({ cmd: 'update', key: 'k', type: 'json' }, '[1]'), 'ok')
    assert.equal(await statusOf({ cmd: 'replace', key: 'k', type: 'text' }, 'ab'), 'ok')
    const text = await ask(client, { cmd: 'get', key: 'k' })
    assert.deepEqual(text.fields, { status: 'ok', size: '2', type: 'text', keep: '1' })
    assert.equal(await statusOf({ cmd: 'update', key: 'k', type: 'text', size: '0' }), 'ok')
    assert.equal((await ask(client, { cmd: 'get', key: 'k' })).fields.size, '0')
  })

  test('show stats, verification and the names of the caches', async () => {
    assert.equal(JSON.parse(String((await ask(client, { cmd: 'stats' })).body)).name, 'first')
    assert.equal(JSON.parse(String((await ask(client, { cmd: 'verify' })).body)).ok, true)
    const names = parseByteList((await ask(client, { cmd: 'caches' })).body)
    assert.deepEqual(names?.map(String), ['first', 'second'])
    assert.equal((await ask(client, { cmd: 'clear' })).fields.count, '0')
  })

  test('name the file of a cache, and miss where the cache is in private memory', async t => {
    const name = 'in-file'
    const options = { name, directory: memoryDir(t), maxItems: 10 }
    const caches = [
      Cache.open(options),
      Cache.open({ name: 'alone', maxItems: 10, memory: 'private' }),
    ]
    for (const cache of caches) onEnd(t, () => cache.close())
    const files = await serveCaches(caches, { listen: '127.0.0.1:0' })
    onEnd(t, () => files.close())
    const asking = await RawClient.connect(files.addresses[0] ?? '')
    const { fields } = await ask(asking, { cmd: 'segment' })
    const header = readFileSync(fields.file ?? '').subarray(0, HEADER.size)
    assert.equal(fields.file, join(options.directory, `${name}.undercroft`))
    assert.equal(fields.inode, String(statSync(fields.file).ino))
    assert.equal(fields.checksum, String(header.readInt32LE(HEADER.fields.checksum.offset)))
    assert.equal((await ask(asking, { cmd: 'segment', cache: 'alone' })).fields.status, 'miss')
    asking.close()
  })
})

describe('a read-only listener', () => {
  test('answers reads and refuses every change', async () => {
    first.set('k', Buffer.from('v'))
    const reader = await RawClient.connect(server.addresses[1] ?? '')
    assert.equal((await ask(reader, { cmd: 'get', key: 'k' })).body.toString(), 'v')
    for (const cmd of [
      'set',
      'add',
      'update',
      'replace',
      'del',
      'clear',
      'inc',
      'dec',
      'mul',
      'div',
      'touch',
    ]) {
      const { fields } = await ask(reader, { cmd, key: 'k', ttl: '1' }, 'x')
      assert.equal(fields.reason, 'read-only', cmd)
    }
    reader.close()
    const readOnlyAddress = server.addresses[1] ?? ''
    await exchange(readOnlyAddress, Buffer.from('6f0100026b', 'hex'))
    await exchange(readOnlyAddress, Buffer.from('6f06000101006c010077', 'hex'))
    assert.equal(first.getItem('k')?.bytes.toString(), 'v')
    assert.equal(first.has('l'), false)
  })
})
