/**
 * Clients of the app that leave, stall or never read, and bodies of any size.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { describe, test } from 'node:test'
import { until, within } from '../../../testing/deadline.ts'
import { exchange } from '../../../testing/raw-client.ts'
import { CACHE_GET, postPacket, requestPacket } from '../../../testing/uwsgi-requests.ts'
import { caught, split } from './catching.ts'
import { serveUwsgi } from './serving.ts'

const MIB = 1024 * 1024

/** A limit to wait for, which a loaded machine does not pass where it should not. */
const SHORT_MS = 250

const hello: RequestListener = (_, response) => response.end('hello')

describe('a client of the app that', () => {
  test('goes away is noticed: the request is closed', async t => {
    const { listener, next } = caught()
    const { server, connect } = await serveUwsgi(t, listener)
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      const client = await connect()
      client.send(requestPacket())
      const [request, response] = await next()
      const closed = new Promise(resolve => request.once('close', resolve))
      client.socket[leave]()
      await within('the request to close', closed)
      assert.equal(response.writableFinished, false)
      await until('the connection is gone', () => server.connectionCount === 0)
    }
  })

  test('goes away in the middle of its body is noticed: the body ends with an error', async t => {
    const { listener, next } = caught()
    const { connect } = await serveUwsgi(t, listener)
    const client = await connect()
    client.send(postPacket('begin', 100))
    const [request] = await next()
    const failed = assert.rejects(request.toArray(), { code: 'ECONNRESET' })
    client.close()
    await within('the body to end', failed)
  })

  test('stalls in the middle of its body loses its connection', async t => {
    const { listener, next } = caught()
    const { server, connect } = await serveUwsgi(t, listener, { socketTimeoutMs: SHORT_MS })
    const client = await connect()
    client.send(postPacket('begin', 100))
    const [request] = await next()
    await within('the body to end', assert.rejects(request.toArray(), { code: 'ECONNRESET' }))
    assert.equal((await client.untilClosed()).length, 0)
    await until('the connection is gone', () => server.connectionCount === 0)
  })

  test('never reads the answer loses its connection', async t => {
    const { server, connect } = await serveUwsgi(
      t,
      (_, response) => response.end(Buffer.alloc(64 * MIB)),
      { socketTimeoutMs: SHORT_MS },
    )
    const client = await connect()
    client.socket.pause()
    client.send(requestPacket())
    await until('it is served', () => server.connectionCount === 1)
    await until('the server gave up', () => server.connectionCount === 0)
  })

  test('never closes loses its connection once it has its answer, body or no body', async t => {
    const { server, connect } = await serveUwsgi(t, hello, { socketTimeoutMs: SHORT_MS })
    for (const packet of [requestPacket(), postPacket('begin', 100)]) {
      const client = await connect()
      client.socket.allowHalfOpen = true
      client.send(packet)
      assert.match((await client.receive(12)).toString(), /^HTTP/)
      await until('the server gave up', () => server.connectionCount === 0)
    }
  })

  test('waits longer than the app allows loses its connection, or is told by the app', async t => {
    const { listener, next } = caught()
    const { connect } = await serveUwsgi(t, listener)
    const [one, two] = [await connect(), await connect()]
    one.send(requestPacket())
    const [{ socket }] = await next()
    socket.setNoDelay(true).setKeepAlive(true).setTimeout(SHORT_MS)
    assert.equal((await one.untilClosed()).length, 0)
    two.send(requestPacket())
    const [, response] = await next()
    response.setTimeout(SHORT_MS, () => response.writeHead(503).end())
    assert.match(split(await two.untilClosed()).head, /^HTTP\/1\.1 503 /)
  })

  test('waits for an app that takes longer than socketTimeoutMs gets its answer', async t => {
    const { listener, next } = caught()
    const { connect } = await serveUwsgi(t, listener, { socketTimeoutMs: SHORT_MS })
    const client = await connect()
    client.send(requestPacket())
    const [, response] = await next()
    // A connection that says nothing lasts as long as the limit, and then some.
    for (let round = 0; round < 2; round++) await (await connect()).untilClosed()
    response.end('late')
    assert.equal(split(await client.untilClosed()).body, 'late')
  })
})

describe('bodies of uwsgi requests', () => {
  test('wait for an app that does not read them, also longer than socketTimeoutMs', async t => {
    const { listener, next } = caught()
    const { connect } = await serveUwsgi(t, listener, { socketTimeoutMs: SHORT_MS })
    const packet = postPacket(Buffer.alloc(16 * MIB))
    const client = await connect()
    client.send(packet)
    const [request, response] = await next()
    for (let round = 0; round < 2; round++) await (await connect()).untilClosed()
    assert.equal(request.destroyed, false)
    response.end('not read')
    await client.receive(1)
  })

  test('are read no faster than the app takes them', async t => {
    const { listener, next } = caught()
    const { address, connect } = await serveUwsgi(t, listener)
    const client = await connect()
    client.send(postPacket('', 128 * MIB))
    const [request, response] = await next()
    const chunk = Buffer.alloc(MIB, 'x')
    for (let count = 0; count < 128; count++) client.send(chunk)
    // The app takes nothing, and meanwhile the server has time for others.
    for (let round = 0; round < 50; round++) await exchange(address, CACHE_GET)
    assert.ok(request.readableLength + request.socket.readableLength < MIB)
    let size = 0
    for await (const part of request) size += part.length
    assert.equal(size, 128 * MIB)
    response.end()
  })

  test('are sent no faster than the client takes them', async t => {
    const { listener, next } = caught()
    const { connect } = await serveUwsgi(t, listener)
    const client = await connect()
    client.socket.pause()
    client.send(requestPacket())
    const [, response] = await next()
    let given = 0
    while (given < 128 * MIB && response.write(Buffer.alloc(MIB, 'x'))) given += MIB
    assert.ok(given < 16 * MIB, `${given} bytes taken for a client that reads none`)
    const drained = once(response, 'drain')
    client.socket.resume()
    await within('the client to take it', drained)
    response.end()
    assert.equal(split(await client.untilClosed()).body.length, given + MIB)
  })
})
