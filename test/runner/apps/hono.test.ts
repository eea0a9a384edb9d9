/**
 * A real Hono, by HTTP and by the uwsgi protocol.
 */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { loadApp } from '../../../src/runner/apps/index.ts'
import { exchange } from '../../../testing/raw-client.ts'
import { ROOT } from '../../../testing/root.ts'
import { requestPacket } from '../../../testing/uwsgi-requests.ts'
import { split } from './catching.ts'
import { loadText, serveHttp, serveUwsgi } from './serving.ts'

const HONO = join(ROOT, 'node_modules/hono/dist')

/** Imports by path, because the module is elsewhere. */
const APP = `
import { Hono } from '${HONO}/index.js'
import { bodyLimit } from '${HONO}/middleware/body-limit/index.js'
import { streamText } from '${HONO}/helper/streaming/index.js'

const part = new Hono().get('/x', c => c.text('part ' + new URL(c.req.url).pathname))
const app = new Hono()
app.get('/stream', c => streamText(c, async stream => {
  await stream.write('he')
  await stream.write('llo')
}))
app.post('/form', bodyLimit({ maxSize: 100 }), async c => c.json(await c.req.parseBody()))
app.get('/address', c => c.text(c.env.incoming.socket.remoteAddress))
app.mount('/part', part.fetch)
export default app
`

describe('a Hono app', () => {
  test('that is the example answers', async t => {
    const module = join(ROOT, 'dist/examples/hono-app/app.js')
    const url = await serveHttp(t, await loadApp({ module }))
    const answer = await fetch(`${url}/hello/Ada`)
    assert.equal(await answer.text(), '<h1>Hello Ada</h1>')
    assert.match(answer.headers.get('content-type') ?? '', /^text\/html/)
  })

  test('may stream, read forms, mount other apps, and ask for the address', async t => {
    const url = await serveHttp(t, await loadText(t, APP))
    assert.equal(await (await fetch(`${url}/stream`)).text(), 'hello')
    const body = new URLSearchParams({ a: '1' })
    const form = await fetch(`${url}/form`, { method: 'POST', body })
    assert.deepEqual(await form.json(), { a: '1' })
    const long = new URLSearchParams({ a: 'x'.repeat(100) })
    const limited = await fetch(`${url}/form`, { method: 'POST', body: long })
    assert.equal(limited.status, 413)
    assert.equal(await (await fetch(`${url}/part/x`)).text(), 'part /x')
    assert.equal(await (await fetch(`${url}/address`)).text(), '127.0.0.1')
  })

  test('that streams does so without framing by the uwsgi protocol', async t => {
    const { address } = await serveUwsgi(t, await loadText(t, APP))
    const packet = requestPacket({ REQUEST_URI: '/stream', HTTP_HOST: 'example.org' })
    const { head, body } = split(await exchange(address, packet))
    assert.doesNotMatch(head, /transfer-encoding/i)
    assert.equal(body, 'hello')
  })
})
