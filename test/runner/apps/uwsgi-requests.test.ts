/**
 * Requests for an app on the port of the caches, and the refusal of invalid ones.
 */

import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { describe, test } from 'node:test'
import { REQUEST_VARIABLES, type WithRequestVariables } from '../../../src/http-message/index.ts'
import { within } from '../../../testing/deadline.ts'
import { exchange } from '../../../testing/raw-client.ts'
import { CACHE_GET, postPacket, requestPacket } from '../../../testing/uwsgi-requests.ts'
import { caught, split } from './catching.ts'
import { serveUwsgi } from './serving.ts'

const hello: RequestListener = (_, response) => response.end('hello')

const echo: RequestListener = (request, response) => request.pipe(response)

describe('a uwsgi request', () => {
  test('is answered with an HTTP message without framing, and the connection ends', async t => {
    const { address } = await serveUwsgi(t, (_, response) => {
      response.write('he')
      response.end('llo')
    })
    const { head, body } = split(await exchange(address, requestPacket()))
    assert.match(head, /^HTTP\/1\.1 200 OK\r\n/)
    assert.doesNotMatch(head, /transfer-encoding/i)
    assert.equal(body, 'hello')
  })

  test('comes to the app with its method, address, fields and body', async t => {
    const { address } = await serveUwsgi(t, async (request, response) => {
      const body = (await request.toArray()).join('')
      response.end(JSON.stringify([request.method, request.url, request.headers, body]))
    })
    const packet = requestPacket(
      {
        REQUEST_METHOD: 'POST',
        REQUEST_URI: '/a?b=c',
        CONTENT_LENGTH: '4',
        CONTENT_TYPE: 'text/plain',
        HTTP_HOST: 'example.org',
      },
      'body',
    )
    const expected = { host: 'example.org', 'content-type': 'text/plain', 'content-length': '4' }
    const { body } = split(await exchange(address, packet))
    assert.deepEqual(JSON.parse(body), ['POST', '/a?b=c', expected, 'body'])
  })

  const framed: Readonly<Record<string, RequestListener>> = {
    setHeader: (_, response) => {
      response.setHeader('Transfer-Encoding', 'chunked').appendHeader('Connection', 'keep-alive')
    },
    'writeHead and an object': (_, response) => {
      response.writeHead(200, 'OK', { 'transfer-encoding': 'chunked', Connection: 'keep-alive' })
    },
    'writeHead and a list': (_, response) => {
      const fields = ['Content-Type', 'chunked', 'Connection', 'keep-alive', 'Keep-Alive', 'x']
      response.writeHead(200, [...fields, 'Transfer-Encoding', 'chunked'])
    },
    'an interim answer': (_, response) => {
      response.writeProcessing()
      response.writeContinue()
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
    },
  }
  for (const [how, listener] of Object.entries(framed)) {
    test(`has one unframed answer, whatever the app says of the connection: ${how}`, async t => {
      const { address } = await serveUwsgi(t, (request, response) => {
        listener(request, response)
        response.write('he')
        setImmediate(() => response.end('llo'))
      })
      const { head, body } = split(await exchange(address, requestPacket()))
      assert.match(head, /^HTTP\/1\.1 200 OK\r\n/)
      assert.doesNotMatch(head, /transfer-encoding|keep-alive/i)
      assert.match(head, /^connection: close$/im)
      assert.equal(body, 'hello')
    })
  }

  test('may arrive byte by byte', async t => {
    const { connect } = await serveUwsgi(t, echo)
    const client = await connect()
    await client.sendByteByByte(postPacket('body'))
    assert.equal(split(await client.untilClosed()).body, 'body')
  })

  test("tells the app of the client's address and of TLS, and keeps all variables", async t => {
    const { listener, next } = caught()
    const { connect } = await serveUwsgi(t, listener)
    const client = await connect()
    const variables = {
      REMOTE_ADDR: '192.0.2.7',
      REMOTE_PORT: '4711',
      HTTPS: 'on',
      REMOTE_USER: 'ada',
    }
    client.send(requestPacket(variables))
    const [{ socket }, response] = await next()
    assert.equal(socket.remoteAddress, '192.0.2.7')
    assert.equal(socket.remoteFamily, 'IPv4')
    assert.equal(socket.remotePort, 4711)
    assert.equal('encrypted' in socket && socket.encrypted, true)
    const kept = (socket as WithRequestVariables)[REQUEST_VARIABLES]
    assert.equal(kept?.get('REMOTE_USER'), 'ada')
    assert.equal(kept?.get('REQUEST_METHOD'), 'GET')
    response.end()
  })

  test('has no address where the web server listens on a Unix socket', async t => {
    const { listener, next } = caught()
    const { connect } = await serveUwsgi(t, listener)
    const client = await connect()
    client.send(requestPacket({ REMOTE_ADDR: 'unix:', REMOTE_PORT: '' }))
    const [{ socket }, response] = await next()
    assert.deepEqual([socket.remoteAddress, socket.remotePort], [undefined, undefined])
    assert.equal('encrypted' in socket && socket.encrypted, false)
    response.end()
  })

  test('has a body of exactly its CONTENT_LENGTH; what follows is no second request', async t => {
    let requestCount = 0
    const { address } = await serveUwsgi(t, (request, response) => {
      requestCount++
      echo(request, response)
    })
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
    const answer = await exchange(address, postPacket(`body${smuggled}`, 4))
    assert.equal(split(answer).body, 'body')
    assert.equal(requestCount, 1)
  })

  test('with a line break in a variable is answered with 400 and not seen by the app', async t => {
    let requestCount = 0
    const { address, log } = await serveUwsgi(t, () => requestCount++)
    const packet = requestPacket({ HTTP_X: 'a\r\n\r\nGET /smuggled HTTP/1.1' })
    assert.match(split(await exchange(address, packet)).head, /^HTTP\/1\.1 400 /)
    assert.equal(requestCount, 0)
    assert.match(log.join(), /^invalid uwsgi request: the field "x" is /)
  })

  test('of which the dictionary is damaged, or that is empty, is closed or refused', async t => {
    let requestCount = 0
    const { address } = await serveUwsgi(t, () => requestCount++)
    const damaged = requestPacket()
    damaged.writeUInt8(200, 4)
    assert.equal((await exchange(address, damaged)).length, 0)
    const empty = Buffer.alloc(4)
    assert.match(split(await exchange(address, empty)).head, /^HTTP\/1\.1 400 /)
    assert.equal(requestCount, 0)
  })

  test('over bufferSize is closed without an answer, and the log says so', async t => {
    const { address, log } = await serveUwsgi(t, hello, { bufferSize: 4096 })
    const packet = requestPacket({ HTTP_COOKIE: 'c'.repeat(5000) })
    assert.equal((await exchange(address, packet)).length, 0)
    const size = packet.length - 4
    assert.deepEqual(log, [`invalid request block size: ${size} (max 4096)...skip`])
  })

  test('without an app is closed without an answer, and the log says so', async t => {
    const { address, log } = await serveUwsgi(t, undefined)
    assert.equal((await exchange(address, requestPacket())).length, 0)
    assert.deepEqual(log, ['-- unavailable modifier requested: 0 --'])
  })
})

describe('the port of the app', () => {
  test('also answers for the caches, before, after and meanwhile', async t => {
    const { listener, next } = caught()
    const { address, connect } = await serveUwsgi(t, listener)
    assert.equal((await exchange(address, CACHE_GET)).toString('hex'), '6f030000626172')
    const client = await connect()
    client.send(requestPacket())
    const [, response] = await next()
    assert.equal((await exchange(address, CACHE_GET)).toString('hex'), '6f030000626172')
    response.end('hello')
    assert.equal(split(await client.untilClosed()).body, 'hello')
  })

  test('when it closes, lets requests that have begun finish', async t => {
    const { listener, next } = caught()
    const { server, connect } = await serveUwsgi(t, listener)
    const client = await connect()
    client.send(requestPacket())
    const [, response] = await next()
    const closed = server.close()
    response.end('hello')
    assert.equal(split(await client.untilClosed()).body, 'hello')
    await within('the server to close', closed)
  })
})
