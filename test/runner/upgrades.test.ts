/**
 * Upgrade requests, as WebSockets send them, reach an app that is an `http.Server`.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, type TestContext, test } from 'node:test'
import { within } from '../../testing/deadline.ts'
import { startNginx } from '../../testing/peers/nginx.ts'
import { requirePeer } from '../../testing/peers/peers.ts'
import { startServe, uwsgiPort } from '../../testing/runner-process.ts'
import { requestPacket } from '../../testing/uwsgi-requests.ts'
import { writeModule } from './apps/serving.ts'

/** Echoes in capitals what arrives after the upgrade. The listener comes after the export. */
const ECHO = `
import { createServer } from 'node:http'
const server = createServer((request, response) => response.end('plain'))
export default server
setImmediate(() => server.on('upgrade', (request, socket, head) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\n')
  socket.write('Upgrade: echo\\r\\n\\r\\n')
  socket.write(request.url + ' ' + request.headers.upgrade + ' ' + head)
  socket.on('data', chunk => socket.write(String(chunk).toUpperCase()))
  socket.on('end', () => socket.end())
}))
`

const UPGRADE = { Connection: 'keep-alive, Upgrade', Upgrade: 'echo' }

async function startEcho(t: TestContext, args: readonly string[] = [], app = ECHO) {
  const module = ['--module', writeModule(t, app)]
  return startServe(t, [...module, '--http', '127.0.0.1:0', '--socket', '127.0.0.1:0', ...args])
}

/** Upgrades a connection; gives it with what has arrived after the 101. */
async function upgrade(target: { port: number } | { socketPath: string }, path = '/chat') {
  const asking = request({ host: '127.0.0.1', ...target, path, headers: UPGRADE })
  asking.end()
  const [, socket, head] = (await within('the upgrade', once(asking, 'upgrade'))) as [
    unknown,
    Duplex,
    Buffer,
  ]
  if (head.length > 0) socket.unshift(head)
  return new Conversation(socket)
}

class Conversation {
  readonly socket: Duplex
  #text = ''

  constructor(socket: Duplex) {
    this.socket = socket
    socket.setEncoding('latin1')
  }

  /** Waits until the text so far matches. */
  async hears(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#text)) {
      const [chunk] = await within(`${pattern} after "${this.#text}"`, once(this.socket, 'data'))
      this.#text += chunk
    }
    return this.#text
  }
}

describe('an upgrade request', () => {
  test('reaches a server that listens for it, over HTTP', async t => {
    const { port } = await startEcho(t)
    const chat = await upgrade({ port })
    assert.equal(await chat.hears(/echo /), '/chat echo ')
    chat.socket.write('hello')
    await chat.hears(/HELLO/)
    chat.socket.end()
    await within('the end', once(chat.socket, 'close'))
  })

  test('reaches it by the uwsgi protocol, also when both sides are silent for long', async t => {
    const runner = await startEcho(t, ['--socket-timeout', '1'])
    const socket = connect({ port: uwsgiPort(runner), host: '127.0.0.1' })
    const variables = { HTTP_CONNECTION: 'upgrade', HTTP_UPGRADE: 'echo' }
    socket.write(requestPacket({ REQUEST_URI: '/by-uwsgi', ...variables }))
    const chat = new Conversation(socket)
    await chat.hears(/^HTTP\/1\.1 101 .*\/by-uwsgi echo /s)
    // A connection that is silent in the middle of a packet shows that the time is over.
    const late = connect({ port: uwsgiPort(runner), host: '127.0.0.1' })
    late.resume().write(Buffer.from([0]))
    await within('the timeout of a silent client', once(late, 'close'))
    socket.write('still there')
    await chat.hears(/STILL THERE/)
  })

  for (const [how, pass] of [
    [
      'proxy_pass',
      (http: string, _: string) => `proxy_pass http://${http}; proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;`,
    ],
    [
      'uwsgi_pass',
      (_: string, uwsgi: string) => `uwsgi_pass ${uwsgi}; include /etc/nginx/uwsgi_params;`,
    ],
  ] as const) {
    test(`reaches it through nginx with ${how}`, async t => {
      const command = requirePeer(t, 'nginx')
      if (command === undefined) return
      const runner = await startEcho(t)
      const addresses = [runner.port, uwsgiPort(runner)].map(port => `127.0.0.1:${port}`)
      const location = `location / { ${pass(addresses[0] ?? '', addresses[1] ?? '')} }`
      const { socketPath } = await startNginx(t, command, location)
      const chat = await upgrade({ socketPath }, '/through-nginx')
      assert.equal(await chat.hears(/echo /), '/through-nginx echo ')
      chat.socket.write('hello')
      await chat.hears(/HELLO/)
    })
  }

  test('with two Host fields gets 400, and the app does not see it', async t => {
    const { port } = await startEcho(t)
    const socket = connect({ port, host: '127.0.0.1' })
    const fields = 'Host: a\r\nHost: b\r\nConnection: Upgrade\r\nUpgrade: echo'
    socket.write(`GET / HTTP/1.1\r\n${fields}\r\n\r\n`)
    await new Conversation(socket).hears(/^HTTP\/1\.1 400 /)
  })

  test('is an ordinary request for an app that does not listen for it', async t => {
    const app = `import { createServer } from 'node:http'
      export default createServer((request, response) => response.end('plain'))`
    const { port } = await startEcho(t, [], app)
    const asking = request({ host: '127.0.0.1', port, headers: UPGRADE })
    asking.end()
    const [response] = await within('the response', once(asking, 'response'))
    assert.equal(response.statusCode, 200)
  })

  test('ends with its worker, so that a reload does not wait for it', async t => {
    const runner = await startEcho(t)
    const chat = await upgrade({ port: runner.port })
    await chat.hears(/echo /)
    runner.signal('SIGHUP')
    await within('the end', once(chat.socket, 'close'))
    await runner.waitForLine(/^worker 1 \(pid: \d+\) done$/)
  })
})
