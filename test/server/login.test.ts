/**
 * Only our own clients can prove that they know a secret: tests of both ends and of others.
 */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { RemoteCache, type RemoteCacheOptions, sendMessage } from '../../src/client/index.ts'
import { encodeDictionaryPacket, LOGIN_COMMAND, proofOf } from '../../src/protocols/uwsgi/index.ts'
import { syncFrom } from '../../src/replication/index.ts'
import { type ListenerOptions, serveCaches } from '../../src/server/index.ts'
import { closeCaches } from '../../src/uwsgi/api/index.ts'
import { cache_get } from '../../src/uwsgi/index.ts'
import { until } from '../../testing/deadline.ts'
import { ask, magic, receiveMagic } from '../../testing/magic.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { exchange, RawClient } from '../../testing/raw-client.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { tempDir } from '../../testing/temp-dir.ts'

const SECRET = 'sixteen bytes at least'
const GET_FOO = Buffer.from('6f030000666f6f', 'hex')

async function serve(t: Scope, options: Partial<ListenerOptions>, limits = {}) {
  const cache = openTestCache({ name: 'first', items: '100' })
  cache.set('foo', Buffer.from('bar'))
  const listen = { address: '127.0.0.1:0', ...options }
  const server = await serveCaches([cache], { listen, ...limits })
  onEnd(t, () => server.close())
  const address = server.addresses[0] ?? ''
  const remote = (given: RemoteCacheOptions) => {
    const client = new RemoteCache<Uint8Array>(`first@${address}`, given)
    onEnd(t, () => client.close())
    return client
  }
  return { cache, server, address, remote }
}

describe('a listener with a secret', () => {
  test('serves our client, once it has proved to know it, as any other', async t => {
    const { remote, cache } = await serve(t, { secret: SECRET })
    const client = remote({ secret: SECRET, connections: 2 })
    const keys = Array.from({ length: 500 }, (_, index) => `key ${index}`)
    await Promise.all(keys.map(key => client.set(key, Buffer.from(key))))
    assert.equal(String(await client.get('foo')), 'bar')
    assert.equal(cache.has(keys.at(0) ?? ''), true)
    assert.equal(cache.stats().items, 99, 'as many as there is room for')
  })

  test('sends a dump to a node that knows it, and none to another', async t => {
    const { address } = await serve(t, { secret: SECRET })
    const copy = () => openTestCache({ name: 'first', items: '100' })
    const [known, wrong] = [copy(), copy()]
    const silent = { onLog() {} }
    const outcome = await syncFrom(known, [address], { secret: SECRET, ...silent })
    assert.deepEqual([outcome.kind, String(known.get('foo'))], ['synced', 'bar'])
    const refused = await syncFrom(wrong, [address], { secret: `${SECRET}?`, ...silent })
    assert.match(String(refused.kind === 'failed' && refused.reasons), /has another secret/)
    const none = await syncFrom(wrong, [address], silent)
    assert.deepEqual([none.kind, wrong.stats().items], ['failed', 0])
  })

  test('answers the packets of sendMessage with it, and refuses a wrong one', async t => {
    const { address } = await serve(t, { secret: SECRET })
    const send = async (secret?: string) => {
      const chunks: Buffer[] = []
      const packet = sendMessage(address, 111, 0, 'foo', undefined, secret)
      for await (const chunk of packet) chunks.push(chunk)
      return Buffer.concat(chunks).toString()
    }
    assert.deepEqual([await send(SECRET), await send()], ['bar', ''])
    await assert.rejects(send(`${SECRET}?`), { code: 'UNDERCROFT_ACCESS_DENIED' })
  })

  test("serves uWSGI's functions in a process whose variable names its file", async t => {
    const { address } = await serve(t, { secret: SECRET })
    const file = join(tempDir(t), 'secret')
    writeFileSync(file, `${SECRET}\n`, { mode: 0o600 })
    process.env.UNDERCROFT_SECRET_FILE = file
    onEnd(t, () => {
      delete process.env.UNDERCROFT_SECRET_FILE
      return closeCaches()
    })
    assert.equal(String(await cache_get('foo', `first@${address}`)), 'bar')
  })

  test('lets in a client that connects at once', async t => {
    const { address } = await serve(t, { secret: SECRET })
    await using client = await RemoteCache.connect(`first@${address}`, { secret: SECRET })
    assert.equal(String(await client.get('foo')), 'bar')
  })

  test('tells a client with another secret so, and one without', async t => {
    const { remote } = await serve(t, { secret: SECRET })
    const code = 'UNDERCROFT_ACCESS_DENIED'
    const other = remote({ secret: 'some other secret' })
    await assert.rejects(other.get('foo'), { code, message: /another secret/ })
    await assert.rejects(remote({}).get('foo'), { code, message: /needs a secret/ })
  })

  test('closes whatever else is said, as nginx and uWSGI do, without an answer', async t => {
    const { address, cache } = await serve(t, { secret: SECRET })
    const said = {
      'a get of nginx': Buffer.from('6f090003' + '0300' + '6b6579' + '0300' + '666f6f', 'hex'),
      'a raw get': GET_FOO,
      'a raw delete': Buffer.from('6f030002666f6f', 'hex'),
      'a request of uWSGI': magic({ cmd: 'del', key: 'foo' }),
      'a request for an application': Buffer.from('00000000', 'hex'),
      'a dump': Buffer.from('6f00000666', 'hex'),
      HTTP: Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      'a challenge of somebody who does not wait': magic({ cmd: 'challenge' }),
    }
    for (const [what, bytes] of Object.entries(said)) {
      assert.equal((await exchange(address, bytes)).length, 0, what)
    }
    assert.equal(cache.has('foo'), true)
  })

  test('does not take a proof twice, nor one for another challenge', async t => {
    const { address } = await serve(t, { secret: SECRET })
    const login = async (challenge?: Buffer) => {
      const client = await RawClient.connect(address)
      onEnd(t, () => client.close())
      client.send(magic({ cmd: 'challenge', keep: '1' }))
      const own = await challengeOf(client)
      const nonce = Buffer.alloc(32, 7)
      const proof = proofOf('client', Buffer.from(SECRET), challenge ?? own, nonce)
      client.send(loginPacket(nonce, proof))
      return { own, reply: await receiveMagic(client), client }
    }
    const first = await login()
    assert.equal(first.reply.fields.status, 'ok')
    assert.equal((await ask(first.client, { cmd: 'exists', key: 'foo' })).fields.status, 'ok')
    const second = await login(first.own)
    assert.deepEqual(second.reply.fields, { status: 'refused', reason: 'secret' })
  })

  test('takes no proof without a challenge, and none of the wrong size', async t => {
    const { address } = await serve(t, { secret: SECRET })
    const early = await RawClient.connect(address)
    early.send(loginPacket(Buffer.alloc(32), Buffer.alloc(32)))
    assert.equal((await receiveMagic(early)).fields.reason, 'secret')
    for (const size of [0, 1, 31, 33]) {
      const client = await RawClient.connect(address)
      client.send(magic({ cmd: 'challenge', keep: '1' }))
      await challengeOf(client)
      client.send(loginPacket(Buffer.alloc(32), Buffer.alloc(size)))
      assert.equal((await receiveMagic(client)).fields.reason, 'secret')
      client.close()
    }
    early.close()
  })

  test('gives a login the time of one request, whatever drips in', async t => {
    const { address, server } = await serve(t, { secret: SECRET }, { socketTimeoutMs: 60 })
    const client = await RawClient.connect(address)
    const bytes = magic({ cmd: 'challenge', keep: '1' })
    let next = 0
    const timer = setInterval(() => client.send(bytes.subarray(next, ++next)), 5)
    await client.untilClosed()
    clearInterval(timer)
    await until('the server has let go', () => server.connectionCount === 0)
  })

  test('keeps what came with the proof, and answers it', async t => {
    const { address } = await serve(t, { secret: SECRET })
    const client = await RawClient.connect(address)
    client.send(magic({ cmd: 'challenge', keep: '1' }))
    const challenge = await challengeOf(client)
    const nonce = Buffer.alloc(32, 9)
    const proof = proofOf('client', Buffer.from(SECRET), challenge, nonce)
    const wanted = magic({ cmd: 'get', key: 'foo', keep: '1' })
    client.send(Buffer.concat([loginPacket(nonce, proof), wanted]))
    assert.equal((await receiveMagic(client)).fields.status, 'ok')
    assert.equal((await receiveMagic(client)).body.toString(), 'bar')
    client.close()
  })

  test('closes while a login is under way', async t => {
    const { address, server } = await serve(t, { secret: SECRET })
    const client = await RawClient.connect(address)
    client.send(magic({ cmd: 'challenge', keep: '1' }))
    await challengeOf(client)
    await server.close()
    await client.untilClosed()
  })

  test('serves once whoever is logging in when it closes, and lets go then', async t => {
    const { address, server } = await serve(t, { secret: SECRET }, { drainIdleMs: 10_000 })
    const client = await RawClient.connect(address)
    client.send(magic({ cmd: 'challenge', keep: '1' }))
    const challenge = await challengeOf(client)
    const closed = server.close()
    const nonce = Buffer.alloc(32, 7)
    client.send(loginPacket(nonce, proofOf('client', Buffer.from(SECRET), challenge, nonce)))
    assert.equal((await receiveMagic(client)).fields.status, 'ok')
    const { fields } = await ask(client, { cmd: 'exists', key: 'foo' })
    assert.deepEqual(fields, { status: 'ok' }, 'and no promise to stay')
    await client.untilClosed()
    await closed
  })

  test('needs one of 16 bytes at least, and never repeats it in a message', async t => {
    for (const secret of ['short', '', 7, null, 'x'.repeat(1025)]) {
      const given = { secret } as Partial<ListenerOptions>
      await assert.rejects(serve(t, given), (error: Error & { code: string }) => {
        assert.equal(error.code, 'UNDERCROFT_OPTION_INVALID')
        return !/short|xxx/.test(error.message)
      })
    }
  })
})

describe('a client with a secret', () => {
  test('is told by a server that asks for none, and sends it no values', async t => {
    const { remote, cache } = await serve(t, {})
    const client = remote({ secret: SECRET })
    await assert.rejects(client.set('k', Buffer.from('v')), {
      code: 'UNDERCROFT_ACCESS_DENIED',
      message: /needs no secret/,
    })
    assert.equal(cache.has('k'), false)
  })

  test('gives nothing to a server that cannot prove to have it', async t => {
    const seen: string[] = []
    const liar = createServer(socket => {
      socket.on('error', () => {})
      socket.on('data', chunk => {
        const isFirst = seen.push(chunk.toString('latin1')) === 1
        const pair = isFirst ? ['challenge', Buffer.alloc(32)] : ['proof', Buffer.alloc(32)]
        const pairs = [['status', 'ok'], pair, ['keep', '1']] as [string, string][]
        for (const bytes of encodeDictionaryPacket(111, 17, pairs)) socket.write(bytes)
      })
    })
    await new Promise<void>(resolve => liar.listen(0, '127.0.0.1', resolve))
    onEnd(t, () => void liar.close())
    const { port } = liar.address() as { port: number }
    const client = new RemoteCache(`first@127.0.0.1:${port}`, { secret: SECRET })
    onEnd(t, () => client.close())
    await assert.rejects(client.set('k', 'my value'), {
      code: 'UNDERCROFT_ACCESS_DENIED',
      message: /does not know the secret/,
    })
    assert.equal(seen.length, 2)
    assert.doesNotMatch(seen.join(), /my value|sixteen/)
  })

  test('is told when the connection ends within the login, as a uWSGI ends it', async t => {
    const silent = createServer(socket =>
      socket
        .on('error', () => {})
        .resume()
        .end(),
    )
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    onEnd(t, () => void silent.close())
    const { port } = silent.address() as { port: number }
    const client = new RemoteCache(`first@127.0.0.1:${port}`, { secret: SECRET })
    onEnd(t, () => client.close())
    await assert.rejects(client.get('k'), {
      code: 'UNDERCROFT_CONNECTION',
      message: /during the login/,
    })
  })
})

function loginPacket(nonce: Buffer, proof: Buffer): Buffer {
  const pairs = [
    ['cmd', LOGIN_COMMAND],
    ['nonce', nonce],
    ['proof', proof],
    ['keep', '1'],
  ] as const
  return Buffer.concat(encodeDictionaryPacket(111, 17, pairs))
}

/** The challenge as bytes. It is not text, so receiveMagic cannot return it. */
async function challengeOf(client: RawClient): Promise<Buffer> {
  const header = await client.receive(4)
  const payload = await client.receive(header.readUInt16LE(1))
  const at = payload.indexOf('challenge') + 'challenge'.length
  return payload.subarray(at + 2, at + 2 + payload.readUInt16LE(at))
}
