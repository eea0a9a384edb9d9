/**
 * Fetch handlers behind Node's HTTP server. What a handler does is text, because it is imported;
 * the test reaches it through a global of its own.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { until, within } from '../../../testing/deadline.ts'
import { onEnd } from '../../../testing/scope.ts'
import { loadText, serveHttp } from './serving.ts'

const MIB = 1024 * 1024

/** An app whose handler has this body, with `request`, `bindings` and `notes` at hand. */
async function serveHandler(t: TestContext, body: string) {
  const notes: unknown[] = []
  Object.assign(globalThis, { notes })
  onEnd(t, () => Reflect.deleteProperty(globalThis, 'notes'))
  const errors: unknown[] = []
  const text = `export default { async fetch(request, bindings) { ${body} } }`
  const listener = await loadText(t, text, { onError: error => errors.push(error) })
  return { url: await serveHttp(t, listener), notes, errors }
}

describe('a Fetch handler gets', () => {
  test('method, address, fields and body', async t => {
    const { url } = await serveHandler(
      t,
      `return Response.json([
        request.method, request.url, request.headers.get('x-a'), await request.text(),
      ])`,
    )
    const sent = { method: 'PUT', headers: { 'x-a': '1' }, body: 'the body' }
    const answer = await fetch(`${url}/a/b?c=d`, sent)
    assert.deepEqual(await answer.json(), ['PUT', `${url}/a/b?c=d`, '1', 'the body'])
  })

  test('a Request that can be given to new Request, and cloned', async t => {
    const { url } = await serveHandler(
      t,
      `const copy = new Request(request, { headers: { 'x-a': 'new' } })
      return Response.json([
        request instanceof Request, copy.headers.get('x-a'), await copy.clone().text(),
      ])`,
    )
    const answer = await fetch(url, { method: 'POST', body: 'the body' })
    assert.deepEqual(await answer.json(), [true, 'new', 'the body'])
  })

  test("Node's request and response as second argument, for the client's address", async t => {
    const { url } = await serveHandler(
      t,
      `return Response.json([
        bindings.incoming.socket.remoteAddress, typeof bindings.outgoing.writeHead,
      ])`,
    )
    assert.deepEqual(await (await fetch(url)).json(), ['127.0.0.1', 'function'])
  })

  test('an abort signal that tells when the client goes away', async t => {
    const { url, notes, errors } = await serveHandler(
      t,
      `notes.push('called')
      await new Promise(resolve => request.signal.addEventListener('abort', resolve))
      notes.push('aborted')
      throw request.signal.reason`,
    )
    const leaving = new AbortController()
    const answer = fetch(url, { signal: leaving.signal })
    await until('the handler is called', () => notes.includes('called'))
    leaving.abort()
    await assert.rejects(answer)
    await until('the handler is told', () => notes.includes('aborted'))
    assert.deepEqual(errors, [])
  })
})

describe('a Response of a Fetch handler', () => {
  test('keeps its status, its fields, and each of several cookies', async t => {
    const { url } = await serveHandler(
      t,
      `const headers = new Headers({ 'x-a': '1' })
      headers.append('set-cookie', 'a=1; Path=/')
      headers.append('set-cookie', 'b=2')
      return new Response('text', { status: 201, headers })`,
    )
    const answer = await fetch(url)
    assert.equal(answer.status, 201)
    assert.equal(answer.headers.get('x-a'), '1')
    assert.deepEqual(answer.headers.getSetCookie(), ['a=1; Path=/', 'b=2'])
    assert.equal(answer.headers.get('content-length'), '4')
    assert.equal(await answer.text(), 'text')
  })

  test('has the usual reason phrase, unless it has one of its own', async t => {
    const { url } = await serveHandler(
      t,
      `const own = new URL(request.url).searchParams.get('own')
      return new Response('text', { status: 201, ...(own === null ? {} : { statusText: own }) })`,
    )
    assert.equal((await fetch(url)).statusText, 'Created')
    assert.equal((await fetch(`${url}?own=Made`)).statusText, 'Made')
  })

  test('has no body where HTTP has none: HEAD, 204, 304', async t => {
    const { url } = await serveHandler(
      t,
      `const status = Number(new URL(request.url).searchParams.get('status'))
      return new Response(status === 200 ? 'text' : null, { status })`,
    )
    const head = await fetch(`${url}?status=200`, { method: 'HEAD' })
    assert.equal(head.headers.get('content-length'), '4')
    for (const status of [204, 304]) {
      const answer = await fetch(`${url}?status=${status}`)
      assert.equal(answer.status, status)
      assert.equal(await answer.text(), '')
    }
  })

  test('of a stream begins before the first bytes of the stream', async t => {
    const { url } = await serveHandler(
      t,
      'return new Response(new ReadableStream({ start: stream => void notes.push(stream) }))',
    )
    const answer = await within('the header', fetch(url))
    assert.equal(answer.status, 200)
    await answer.body?.cancel()
  })

  test('of a stream is read as the client takes it, and cancelled when it goes', async t => {
    const { url, notes } = await serveHandler(
      t,
      `return new Response(new ReadableStream({
        pull(stream) { notes.push('pulled'); stream.enqueue(new Uint8Array(${MIB})) },
        cancel() { notes.push('cancelled') },
      }))`,
    )
    const sent = request(url).end()
    const [answer] = await once(sent, 'response')
    answer.pause()
    const other = await fetch(url)
    await other.body?.cancel()
    await until('the other stream is cancelled', () => notes.includes('cancelled'))
    assert.ok(notes.length < 40, `${notes.length} MiB pulled for a client that takes nothing`)
    sent.destroy()
    const ended = () => notes.filter(note => note === 'cancelled').length === 2
    await until('the stream is cancelled', ended)
  })

  test('may be the body of the request, which is read no faster than it is taken', async t => {
    const { url, notes } = await serveHandler(
      t,
      `if (request.method !== 'POST') return new Response('other')
      notes.push(bindings.incoming.socket)
      return new Response(request.body)`,
    )
    const sent = request(url, { method: 'POST', headers: { 'content-length': 64 * MIB } })
    const chunk = Buffer.alloc(MIB, 'x')
    for (let count = 0; count < 64; count++) sent.write(chunk)
    sent.end()
    const [answer] = await once(sent, 'response')
    // No client takes the answer, and meanwhile the server has time for others.
    for (let round = 0; round < 50; round++) await (await fetch(url)).text()
    const [socket] = notes as Socket[]
    assert.ok(socket !== undefined && socket.bytesRead < 32 * MIB, `${socket?.bytesRead} read`)
    let size = 0
    for await (const part of answer) size += part.length
    assert.equal(size, 64 * MIB)
  })
})

describe('a Fetch handler that fails', () => {
  const failures: Readonly<Record<string, readonly [body: string, message: RegExp]>> = {
    'with an error': ["throw new Error('boo')", /boo/],
    'without a Response': ['return undefined', /returned undefined, not a Response/],
    'with a status that does not exist': [
      "return new Response('', { status: 99_999 })",
      /99999|99_999|status/i,
    ],
    'with a field that holds a line': [
      "return new Response('', { headers: { 'x-a': 'a\\r\\nb: c' } })",
      /invalid/i,
    ],
  }
  for (const [how, [body, message]] of Object.entries(failures)) {
    test(`${how} is answered with 500, and told`, async t => {
      const { url, errors } = await serveHandler(t, body)
      const answer = await fetch(url)
      assert.equal(answer.status, 500)
      assert.equal(await answer.text(), 'Internal Server Error')
      assert.equal(errors.length, 1)
      assert.match(String(errors[0]), message)
    })
  }

  test('in the middle of its stream breaks the connection, and is told', async t => {
    const { url, errors } = await serveHandler(
      t,
      `let count = 0
      return new Response(new ReadableStream({
        pull(stream) {
          if (count++ > 0) throw new Error('boo')
          stream.enqueue(new Uint8Array(10))
        },
      }))`,
    )
    await assert.rejects(async () => (await fetch(url)).arrayBuffer())
    await until('it is told', () => errors.length === 1)
    assert.match(String(errors[0]), /boo/)
  })

  test('because it has two parameters gets told what to export', async t => {
    const errors: unknown[] = []
    const text = "export default async (request, env) => new Response('x')"
    const listener = await loadText(t, text, { onError: error => errors.push(error) })
    const answer = await fetch(await serveHttp(t, listener))
    assert.equal(answer.status, 500)
    assert.match(String(errors[0]), /two parameters.*\{ fetch: handler \}/)
  })
})

describe('a Node listener that fails', () => {
  const failures: Readonly<Record<string, string>> = {
    'by throwing': "export default (request, response) => { throw new Error('boo') }",
    'by rejecting': "export default async (request, response) => { throw new Error('boo') }",
    'by throwing, as an http.Server':
      "import { createServer } from 'node:http'\n" +
      "export default createServer(() => { throw new Error('boo') })",
  }
  for (const [how, text] of Object.entries(failures)) {
    test(`${how} is answered with 500, and the error is reported`, async t => {
      const errors: unknown[] = []
      const listener = await loadText(t, text, { onError: error => errors.push(error) })
      const answer = await fetch(await serveHttp(t, listener))
      assert.equal(answer.status, 500)
      assert.equal(await answer.text(), 'Internal Server Error')
      assert.equal(errors.length, 1)
      assert.match(String(errors[0] instanceof Error && errors[0].stack), /boo[\s\S]*app\.mjs/)
    })
  }

  test('after the header breaks the connection', async t => {
    const errors: unknown[] = []
    const text = "export default (_, response) => { response.write('a'); throw new Error('boo') }"
    const listener = await loadText(t, text, { onError: error => errors.push(error) })
    const url = await serveHttp(t, listener)
    await assert.rejects(async () => (await fetch(url)).text())
    assert.equal(errors.length, 1)
  })
})
