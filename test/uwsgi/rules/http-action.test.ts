/**
 * The action `http`, which hands a request to another server; a real uWSGI gives the same server
 * the same requests.
 */

import assert from 'node:assert/strict'
import { createServer, request as httpRequest, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { until } from '../../../testing/deadline.ts'
import { requirePeer } from '../../../testing/peers/peers.ts'
import { startUwsgiSite } from '../../../testing/peers/uwsgi-site.ts'
import { onEnd, type Scope } from '../../../testing/scope.ts'
import { tempDir } from '../../../testing/temp-dir.ts'
import { refusal } from '../options/reading.ts'
import { sendRaw } from './raw-http.ts'
import { startSite } from './site.ts'

/** Says what it got, one field a line, in an order that does not depend on the sender. */
const ECHO: RequestListener = async (request, response) => {
  const body = await text(request)
  const { host, connection: _hop, ...fields } = request.headers
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  response.setHeader('X-Backend', '1')
  response.end([`${request.method} ${request.url} at ${host}`, ...lines.sort(), body].join('\n'))
}

async function listen<T extends Server>(t: Scope, server: T, path?: string): Promise<number> {
  await new Promise<void>(resolve => {
    server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path }, resolve)
  })
  onEnd(t, () => void server.close())
  return path === undefined ? (server.address() as AddressInfo).port : 0
}

function startBackend(t: Scope, listener: RequestListener, path?: string): Promise<number> {
  const server = createServer(listener)
  onEnd(t, () => server.closeAllConnections())
  return listen(t, server, path)
}

const URI = '$' + '{REQUEST_URI}'

describe('http', () => {
  test('gives a server the requests that a real uWSGI gives it', async t => {
    const command = requirePeer(t, 'uwsgi')
    if (command === undefined) return
    const port = await startBackend(t, ECHO)
    const lines = [
      `route = ^/plain http:127.0.0.1:${port}`,
      `route = ^/host http:127.0.0.1:${port},site.example`,
      `route = ^/other/(.*) http:127.0.0.1:${port},site.example,/new/$1`,
    ].join('\n')
    const theirs = await startUwsgiSite(t, command, `plugin = router_http\n${lines}`)
    const ours = await startSite(t, lines)
    const post = { method: 'POST', body: 'a=1&b=2', headers: { 'X-Own': 'yes' } }
    const requests = [
      ...['/plain', '/plain?a=b%20c', '/host/x', '/other/a?x=1', '/own'].map(target => ({
        target,
      })),
      { target: '/plain', headers: { 'X-Forwarded-For': '10.1.1.1', Cookie: 'a=b; c=d' } },
      { target: '/plain', ...post },
      { target: '/host', method: 'HEAD' },
    ]
    for (const { target, ...request } of requests) {
      const headers = { Host: 'client.example', ...('headers' in request ? request.headers : {}) }
      const [expected, got] = await Promise.all([
        sendRaw(theirs.port, target, { ...request, headers }),
        sendRaw(ours.port, target, { ...request, headers }),
      ])
      const [a, b] = [expected, got].map(answer => withoutHits(answer.text))
      assert.equal(b, a, `${target} ${JSON.stringify(request)}`)
      assert.equal(got.statusLine, expected.statusLine)
    }
  })

  test('reaches Unix sockets, and an address that a rule has found', async t => {
    const path = join(tempDir(t), 'backend.sock')
    await startBackend(t, ECHO, path)
    const site = await startSite(
      t,
      `route = ^/fixed http:${path}\nroute-run = addvar:PLACE=${path}\n` +
        'route = ^/found http:$' +
        '{PLACE}',
    )
    for (const target of ['/fixed', '/found']) {
      assert.match((await site.get(target)).text, new RegExp(`^GET ${target} at `))
    }
  })

  test('passes on a body of any kind and size, in both directions', async t => {
    const port = await startBackend(t, (request, response) => void request.pipe(response))
    const site = await startSite(t, `route-run = http:127.0.0.1:${port}`)
    const body = Buffer.alloc(5_000_000, 'x')
    for (const method of ['POST', 'PUT', 'DELETE']) {
      for (const framing of [
        { 'Content-Length': body.length },
        { 'Transfer-Encoding': 'chunked' },
      ]) {
        const answer = await new Promise<string>((resolve, reject) => {
          const options = { port: site.port, method, headers: framing }
          httpRequest(options, response => resolve(text(response)))
            .on('error', reject)
            .end(body)
        })
        assert.equal(answer.length, body.length, `${method} ${JSON.stringify(framing)}`)
      }
    }
  })

  test('lets rules store and change the answer', async t => {
    let count = 0
    const port = await startBackend(t, (_, response) => response.end(`answer ${++count}`))
    const site = await startSite(
      t,
      `cache2 = name=pages,items=10\nroute-run = cache:key=${URI},name=pages\n` +
        `route-run = cachestore:key=${URI},name=pages\nroute-run = addheader:X-Rule: 1\n` +
        `route-run = http:127.0.0.1:${port}`,
    )
    const first = await site.get('/a')
    assert.ok(first.headers.includes('X-Rule: 1'))
    assert.deepEqual([first.text, (await site.get('/a')).text], ['answer 1', 'answer 1'])
    assert.equal((await site.get('/b')).text, 'answer 2')
  })

  test('answers 502 where no server does, and 504 where it is silent, with a line', async t => {
    const silent = await listen(t, createTcpServer())
    const rude = await listen(
      t,
      createTcpServer(socket => void socket.end('what?\r\n\r\n')),
    )
    const site = await startSite(
      t,
      `socket-timeout = 1\nroute = ^/none http:${join(tempDir(t), 'none.sock')}\n` +
        `route = ^/silent http:127.0.0.1:${silent}\nroute = ^/rude http:127.0.0.1:${rude}`,
    )
    for (const [target, status] of [
      ['/none', 502],
      ['/rude', 502],
      ['/silent', 504],
    ] as const) {
      assert.match((await site.get(target)).statusLine, new RegExp(` ${status} `))
    }
    const lines = site.log.filter(line => /^error routing request to http server /.test(line))
    assert.equal(lines.length, 3)
    assert.match(lines[2] ?? '', /nothing passed for 1 seconds/)
  })

  test('breaks an answer that the server does not finish', async t => {
    const port = await listen(
      t,
      createTcpServer(socket => {
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart')
      }),
    )
    const site = await startSite(t, `route-run = http:127.0.0.1:${port}`)
    const asking = new Promise((resolve, reject) => {
      httpRequest({ port: site.port }, response => text(response).then(resolve, reject))
        .on('error', reject)
        .end()
    })
    await assert.rejects(asking, { code: 'ECONNRESET' })
  })

  test('leaves the server when the client leaves', async t => {
    let gone = false
    let began = false
    const port = await startBackend(t, (request, response) => {
      began = true
      request.resume()
      response.once('close', () => {
        gone = true
      })
    })
    const site = await startSite(t, `route-run = http:127.0.0.1:${port}`)
    const client = httpRequest({ port: site.port }).on('error', () => {})
    client.end()
    await until('the request to arrive', () => began || undefined)
    client.destroy()
    await until('the server to notice', () => gone || undefined)
  })

  test('sends nothing of the request that begins another line', async t => {
    const port = await startBackend(t, ECHO)
    const site = await startSite(t, `route = ^/([^?]*) http:127.0.0.1:${port},,/$1`)
    const { text: got } = await site.get('/a%0d%0aX-Evil:%20b')
    assert.match(got, /^GET \/a%0D%0AX-Evil:%20b at /)
  })

  test('keeps an answer that comes before the whole request was sent', async t => {
    const port = await listen(
      t,
      createTcpServer(socket => {
        socket.on('error', () => {})
        socket.end('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno', () => socket.destroy())
      }),
    )
    const site = await startSite(t, `route-run = http:127.0.0.1:${port}`)
    const { statusLine, text: got } = await new Promise<{ statusLine: number; text: string }>(
      (resolve, reject) => {
        const headers = { 'Content-Length': 50_000_000 }
        const client = httpRequest({ port: site.port, method: 'POST', headers }, async response => {
          resolve({ statusLine: response.statusCode ?? 0, text: await text(response) })
          client.destroy()
        })
        client.on('error', reject).write(Buffer.alloc(1_000_000))
      },
    )
    assert.deepEqual([statusLine, got], [413, 'no'])
  })

  test('without a usable address is refused', async t => {
    const refused = {
      'route-run = http:': /http:ADDRESS\[,HOST\[,URI\]\]/,
      'route-run = http:127.0.0.1:99999': /127\.0\.0\.1:99999/,
      'response-route-run = http:/s.sock': /cannot be used in the response/,
    }
    for (const [line, message] of Object.entries(refused)) {
      await assert.rejects(startSite(t, line), refusal(message), line)
    }
  })
})

/** The page of the site itself counts requests, which the two sites do on their own. */
function withoutHits(page: string): string {
  return page.replace(/ hit=\d+$/, '')
}
