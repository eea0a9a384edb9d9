/**
 * Clients that stall, lie, flood or never read: each costs its own connection and nothing else.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { UndercroftError } from '../../src/base/index.ts'
import { type ServeOptions, serveCaches } from '../../src/server/index.ts'
import { describeEachWay } from '../../testing/accept-ways.ts'
import { until, within } from '../../testing/deadline.ts'
import { ask, magic } from '../../testing/magic.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { exchange, RawClient } from '../../testing/raw-client.ts'

const MIB = 1024 * 1024

async function serve(options: ServeOptions = {}) {
  const cache = openTestCache({ name: 'first', items: '10', blocksize: String(8 * MIB) })
  cache.set('foo', Buffer.from('bar'))
  const server = await serveCaches([cache], { listen: '127.0.0.1:0', ...options })
  const address = server.addresses[0] ?? ''
  /** Asks again if the short time limits of these tests were too short for this machine. */
  const stillWorks = () =>
    until('the server answers others', async () => {
      const reply = await exchange(address, Buffer.from('6f030000666f6f', 'hex'))
      return reply.toString('hex') === '6f030000626172'
    })
  return {
    cache,
    server,
    address,
    stillWorks,
    connect: () => RawClient.connect(address),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

describeEachWay('the server closes a connection, without harm to others, when a client', () => {
  test('sends nothing at all', async () => {
    await using served = await serve({ socketTimeoutMs: 30 })
    const client = await served.connect()
    assert.equal((await client.untilClosed()).length, 0)
    await served.stillWorks()
  })

  test('drips a request byte by byte: the time does not start again with each byte', async () => {
    await using served = await serve({ socketTimeoutMs: 60 })
    const client = await served.connect()
    const timer = setInterval(() => client.send(Buffer.of(0x6f)), 5)
    // With a timer that starts again the bytes would keep the connection open for ever.
    await within('the server to close', client.untilClosed())
    clearInterval(timer)
    await served.stillWorks()
  })

  test('drips a body: nothing is stored', async () => {
    await using served = await serve({ socketTimeoutMs: 60 })
    const client = await served.connect()
    client.send(magic({ cmd: 'set', key: 'k', size: '5000', keep: '1' }, 'begin'))
    const timer = setInterval(() => client.send(Buffer.of(0x6f)), 5)
    assert.equal((await client.untilClosed()).length, 0)
    clearInterval(timer)
    assert.equal(served.cache.has('k'), false)
    await served.stillWorks()
  })

  test('stalls in a request on a kept connection', async () => {
    await using served = await serve({ socketTimeoutMs: 40, keepTimeoutMs: 60_000 })
    const client = await served.connect()
    await ask(client, { cmd: 'exists', key: 'foo' })
    client.sendHex('6f05')
    assert.equal((await client.untilClosed()).length, 0)
  })

  test('ends its side in the middle of a body', async () => {
    await using served = await serve()
    const client = await served.connect()
    client.send(magic({ cmd: 'set', key: 'k', size: '10', keep: '1' }, 'short')).halfClose()
    assert.equal((await client.untilClosed()).length, 0)
    assert.equal(served.cache.has('k'), false)
  })

  test('vanishes in the middle of a body', async () => {
    await using served = await serve()
    const client = await served.connect()
    client.send(magic({ cmd: 'set', key: 'k', size: '10' }, 'short'))
    await until('the server has it', () => served.server.connectionCount === 1)
    client.socket.resetAndDestroy()
    await until('the server has let go', () => served.server.connectionCount === 0)
    assert.equal(served.cache.has('k'), false)
    await served.stillWorks()
  })

  test('announces a packet over bufferSize', async () => {
    await using served = await serve({ bufferSize: 100 })
    const client = await served.connect()
    assert.equal((await client.sendHex('6f650000').untilClosed()).length, 0)
    const accepted = Buffer.concat([Buffer.from('6f640000', 'hex'), Buffer.alloc(100, 'k')])
    assert.equal((await exchange(served.address, accepted)).length, 0)
    await served.stillWorks()
  })

  test('sends only noise', async () => {
    await using served = await serve({ socketTimeoutMs: 30 })
    let seed = 20_261_121
    const noise = Buffer.from(
      Array.from({ length: 3000 }, () => {
        seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
        return seed >> 16
      }),
    )
    for (let modifier2 = 0; modifier2 < 20; modifier2++) {
      const packet = Buffer.concat([Buffer.from([111, 0, 8, modifier2]), noise])
      await exchange(served.address, packet)
      await exchange(served.address, noise.subarray(modifier2 * 100))
    }
    await served.stillWorks()
  })

  test('is one more than maxConnections', async () => {
    await using served = await serve({ maxConnections: 2 })
    const [one, two] = [await served.connect(), await served.connect()]
    await until('both are served', () => served.server.connectionCount === 2)
    assert.equal((await (await served.connect()).untilClosed()).length, 0)
    one.close()
    await until('there is room', () => served.server.connectionCount === 1)
    await served.stillWorks()
    two.close()
  })

  test('is one more than maxConnectionsPerAddress, and others are served', async () => {
    await using served = await serve({ maxConnectionsPerAddress: 2 })
    const [one, two] = [await served.connect(), await served.connect()]
    await until('both are served', () => served.server.connectionCount === 2)
    assert.equal((await (await served.connect()).untilClosed()).length, 0)
    const port = Number(served.address.split(':').at(-1))
    const other = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2' })
    await once(other, 'connect')
    await until('the other address is served', () => served.server.connectionCount === 3)
    other.destroy()
    one.close()
    await until('there is room', () => served.server.connectionCount === 1)
    await served.stillWorks()
    two.close()
  })

  test('never reads its reply', async () => {
    await using served = await serve({ socketTimeoutMs: 50, minBytesPerSecond: 100 * MIB })
    served.cache.set('big', Buffer.alloc(8 * MIB))
    const client = await served.connect()
    client.socket.pause()
    client.sendHex('6f030005626967')
    await until('it is served', () => served.server.connectionCount === 1)
    await served.stillWorks()
    await until('the server gave up', () => served.server.connectionCount === 0)
    client.close()
  })

  test('asks ever more on a kept connection and never reads', async () => {
    await using served = await serve({
      socketTimeoutMs: 50,
      minBytesPerSecond: 100 * MIB,
      maxBufferedSize: 20 * MIB,
    })
    served.cache.set('big', Buffer.alloc(4 * MIB))
    const client = await served.connect()
    client.socket.pause()
    const request = magic({ cmd: 'get', key: 'big', keep: '1' })
    client.send(Buffer.concat(Array.from({ length: 1000 }, () => request)))
    await until('it is served', () => served.server.connectionCount === 1)
    await served.stillWorks()
    await until('the server gave up', () => served.server.connectionCount === 0)
    client.close()
  })

  test('asks for one dump more than eight, which others hold without reading them', async () => {
    await using served = await serve({ maxConnections: 20 })
    const request = Buffer.from('6f000006', 'hex')
    const holders: RawClient[] = []
    for (let count = 0; count < 8; count++) {
      const client = await served.connect()
      client.send(request)
      // The first is being sent, of a hundred blocks of 8 MiB; the others wait for their turn.
      if (count === 0) await client.receive(4)
      client.socket.pause()
      holders.push(client)
    }
    assert.equal((await exchange(served.address, request)).length, 0)
    await served.stillWorks()
    for (const client of holders) client.close()
    await until('a dump can be had again', async () => {
      const client = await served.connect()
      const head = await client.send(request).receive(4)
      client.close()
      return head.length === 4
    })
  })

  test('names a large value in one packet many times', async () => {
    await using served = await serve({ maxBufferedSize: 20 * MIB })
    served.cache.set('big', Buffer.alloc(8 * MIB))
    const pairs = Buffer.from('03006765740300626967', 'hex')
    const payload = Buffer.concat(Array.from({ length: 50 }, () => pairs))
    const header = Buffer.from([111, payload.length & 255, payload.length >> 8, 3])
    assert.equal((await exchange(served.address, Buffer.concat([header, payload]))).length, 0)
    await served.stillWorks()
  })
})

describeEachWay('the server', () => {
  test('holds no more bytes of bodies than maxBufferedSize, and says that it is busy', async () => {
    await using served = await serve({ maxBufferedSize: 1000 })
    const [holder, other] = [await served.connect(), await served.connect()]
    holder.send(magic({ cmd: 'set', key: 'a', size: '900', keep: '1' }, 'begin'))
    assert.equal((await ask(other, { cmd: 'exists', key: 'a' })).fields.status, 'miss')
    const refusal = await ask(other, { cmd: 'set', key: 'b' }, 'v'.repeat(101))
    assert.equal(refusal.fields.reason, 'busy')
    holder.close()
    await until('the room is free again', () => served.server.connectionCount === 1)
    const reply = await ask(other, { cmd: 'set', key: 'b' }, 'v'.repeat(101))
    assert.equal(reply.fields.status, 'ok')
    other.close()
  })

  test('delivers a large value to a client that reads slowly', async () => {
    await using served = await serve()
    const value = Buffer.alloc(8 * MIB, 'abc')
    served.cache.set('big', value)
    const client = await served.connect()
    client.sendHex('6f030005626967')
    const received: Buffer[] = []
    for (let size = 0; size < value.length + 4; ) {
      const part = await client.receive(Math.min(100_000, value.length + 4 - size))
      received.push(part)
      size += part.length
    }
    assert.ok(Buffer.concat(received).subarray(4).equals(value))
  })

  test('answers a client that has already ended its side', async () => {
    await using served = await serve()
    const client = await served.connect()
    client.send(magic({ cmd: 'get', key: 'foo', keep: '1' })).halfClose()
    assert.match((await client.untilClosed()).toString('latin1'), /bar$/)
  })

  test('reports a failure of the cache, closes that connection and goes on', async () => {
    const errors: Error[] = []
    await using served = await serve({ onError: error => errors.push(error) })
    const { getItem } = served.cache
    served.cache.getItem = () => {
      throw new UndercroftError('UNDERCROFT_CORRUPT', 'a chain loops')
    }
    const reply = await exchange(served.address, magic({ cmd: 'get', key: 'foo', keep: '1' }))
    assert.equal(reply.length, 0)
    assert.deepEqual(
      errors.map(error => error.message),
      ['a chain loops'],
    )
    served.cache.getItem = getItem
    await served.stillWorks()
  })
})
