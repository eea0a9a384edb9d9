/**
 * A client cannot have its own response stored for a page of other clients. Everything that common
 * frameworks make a response from is in the key, or the application answers the request.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { FRESH, pageSetting, startListener } from './page-setting.ts'

/** Requests of an attacker that could mislead an application. */
const ATTACKS: Readonly<Record<string, readonly string[]>> = {
  'a path in Host': ['GET /page HTTP/1.1', 'Host: example.test/victim'],
  'a query in Host': ['GET /page HTTP/1.1', 'Host: example.test/victim/page?'],
  'a fragment in Host': ['GET /page HTTP/1.1', 'Host: example.test/victim/page#'],
  'no host': ['GET /victim/page HTTP/1.0', 'Accept: */*'],
  'an absolute target': ['GET http://example.test/victim/page HTTP/1.1', 'Host: evil.test'],
  'a forwarded host': forged('X-Forwarded-Host: evil.test'),
  'a forwarded port': forged('X-Forwarded-Port: 8443'),
  'a forwarded prefix': forged('X-Forwarded-Prefix: /evil'),
  'a forwarded scheme': forged('X-Forwarded-Proto: https'),
  'a list of forwarded schemes': forged('X-Forwarded-Proto: https, http'),
  'a scheme that is none': forged('X-Forwarded-Proto: javascript'),
  'two hosts': ['GET /victim/page HTTP/1.1', 'Host: example.test', 'Host: evil.test'],
  'two user agents': forged('User-Agent: plain', 'User-Agent: evil'),
  'two referers': forged('Referer: /plain', 'referer: /evil'),
  'another URL in X-Original-URL': forged('X-Original-URL: /evil'),
  'another URL in X-Rewrite-URL': forged('X-Rewrite-URL: /evil'),
  'another URL in X-Forwarded-Uri': forged('X-Forwarded-Uri: /evil'),
  'another host in X-Host': forged('X-Host: evil.test'),
  'another host in X-Original-Host': forged('X-Original-Host: evil.test'),
  'another host in X-Forwarded-Server': forged('X-Forwarded-Server: evil.test'),
  'another host in Forwarded': forged('Forwarded: for=192.0.2.1;HOST=evil.test'),
  'another host in a second Forwarded': forged('Forwarded: for=192.0.2.1', 'Forwarded: host=b'),
  'another scheme in Forwarded': forged('Forwarded: proto=https'),
  'another scheme in X-Forwarded-Scheme': forged('X-Forwarded-Scheme: https'),
  'another scheme in X-Forwarded-Ssl': forged('X-Forwarded-Ssl: on'),
  'another scheme in Front-End-Https': forged('Front-End-Https: on'),
  'another method': forged('X-HTTP-Method-Override: DELETE'),
  'a body in a GET': [...forged('Content-Length: 4'), '', 'evil'],
}

function forged(...fields: string[]): readonly string[] {
  return ['GET /victim/page HTTP/1.1', 'Host: example.test', ...fields]
}

describe('no other client gets what was made for a request with', () => {
  for (const [what, lines] of Object.entries(ATTACKS)) {
    test(what, async t => {
      const subject = pageSetting(t)
      let calls = 0
      const { address, get } = await startListener(t, subject, (request, response) => {
        request.resume()
        response.writeHead(200, FRESH).end(`made for call ${++calls}`)
      })
      const head = [...lines.slice(0, 2), 'Connection: close', ...lines.slice(2)]
      const end = lines.includes('') ? '' : '\r\n\r\n'
      const answer = await raw(address.port, head.join('\r\n') + end)
      assert.match(answer, /made for call 1/)
      assert.equal((await get('/victim/page')).body, 'made for call 2')
    })
  }

  test('nor for any other, without a host to tell them apart', async t => {
    const subject = pageSetting(t)
    const { address } = await startListener(t, subject, (_, response) => {
      response.writeHead(200, FRESH).end('page')
    })
    assert.match(await raw(address.port, 'GET / HTTP/1.0\r\n\r\n'), /fwd=bypass/)
    assert.deepEqual([...subject.cache.keys()], [])
  })

  test('but the addresses in Forwarded do not make another page', async t => {
    const { get } = await startListener(t, pageSetting(t), (_, response) => {
      response.writeHead(200, FRESH).end('page')
    })
    await get('/page')
    const forwarded = 'for=192.0.2.1; By=203.0.113.43, for="[2001:db8::1]:4711"'
    assert.ok((await get('/page', { forwarded })).cached.startsWith('hit'))
  })

  test('Host in another case, which is the same host', async t => {
    const { address, get } = await startListener(t, pageSetting(t), (_, response) => {
      response.writeHead(200, FRESH).end('page')
    })
    const host = 'Host: EXAMPLE.test'
    await raw(address.port, `GET /page HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`)
    assert.ok((await get('/page')).cached.startsWith('hit'))
  })
})

async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('latin1')
  let answer = ''
  socket.on('data', (data: string) => {
    answer += data
  })
  socket.write(text)
  await once(socket, 'close')
  return answer
}
