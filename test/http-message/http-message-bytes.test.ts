import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { UndercroftError } from '../../src/base/index.ts'
import { bytesToResponse, responseToBytes } from '../../src/http-cache/index.ts'

/** Returns the message as a string, with one character for each byte. */
async function textOf(response: Response): Promise<string> {
  return (await responseToBytes(response)).toString('latin1')
}

const hasCode = (code: string) => (error: unknown) =>
  error instanceof UndercroftError && error.code === code
const isUnsupported = hasCode('UNDERCROFT_VALUE_UNSUPPORTED')
const isBroken = hasCode('UNDERCROFT_PROTOCOL')

describe('responseToBytes', () => {
  test('a response becomes the bytes of one whole HTTP/1.1 message', async () => {
    const headers = { 'Content-Type': 'text/html', 'X-Kind': 'page' }
    const response = new Response('<p>hi</p>', { headers, status: 203, statusText: 'Fine' })
    assert.equal(
      await textOf(response),
      'HTTP/1.1 203 Fine\r\n' +
        'content-type: text/html\r\nx-kind: page\r\ncontent-length: 9\r\n\r\n<p>hi</p>',
    )
  })

  test('an absent reason keeps the space that the status line needs', async () => {
    assert.match(await textOf(new Response('x')), /^HTTP\/1\.1 200 \r\n/)
  })

  test('a wrong Content-Length is replaced by the length in bytes', async () => {
    const response = new Response('größe', { headers: { 'content-length': '3' } })
    const text = await textOf(response)
    assert.deepEqual(text.match(/content-length: \d+/g), ['content-length: 7'])
  })

  test('each Set-Cookie keeps a line of its own', async () => {
    const headers = new Headers({ 'set-cookie': 'a=1; Expires=Sat, 21 Nov 2026 10:00:00 GMT' })
    headers.append('set-cookie', 'b=2')
    const lines = (await textOf(new Response('', { headers }))).split('\r\n')
    assert.deepEqual(
      lines.filter(line => line.startsWith('set-cookie')),
      ['set-cookie: a=1; Expires=Sat, 21 Nov 2026 10:00:00 GMT', 'set-cookie: b=2'],
    )
  })

  test('fields of one connection are left out, those that Connection names too', async () => {
    const headers = {
      connection: 'close, X-Hop',
      'x-hop': '1',
      'keep-alive': 'timeout=5',
      'transfer-encoding': 'chunked',
      te: 'trailers',
      upgrade: 'h2c',
      trailer: 'x-sum',
      'proxy-authenticate': 'Basic',
      'x-end-to-end': '1',
    }
    const text = await textOf(new Response(null, { headers }))
    assert.equal(text, 'HTTP/1.1 200 \r\nx-end-to-end: 1\r\ncontent-length: 0\r\n\r\n')
  })

  test('a 204 and a 304 get no Content-Length', async () => {
    for (const status of [204, 304]) {
      const headers = { 'content-length': '12', etag: '"a"' }
      const text = await textOf(new Response(null, { status, headers }))
      assert.equal(text, `HTTP/1.1 ${status} \r\netag: "a"\r\n\r\n`)
    }
  })

  test('bytes of a body come out as they went in', async () => {
    const body = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    const bytes = await responseToBytes(new Response(body))
    assert.deepEqual(bytes.subarray(-256), Buffer.from(body))
  })

  test('no line break gets into a header, even from a forged Response', async () => {
    for (const value of ['a\r\nset-cookie: evil=1', 'a\nb', 'a\rb', 'a\0b', 'a\u010ab']) {
      const honest = new Response('body')
      const forged = {
        status: 200,
        statusText: 'OK',
        type: 'default',
        bodyUsed: false,
        body: honest.body,
        headers: Object.assign(new Map([['x-evil', value]]), { get: () => null }),
      }
      await assert.rejects(responseToBytes(forged as unknown as Response), isUnsupported)
    }
  })

  test('what is no whole response is refused', async () => {
    const read = new Response('x')
    await read.text()
    const ofHead = new Response(null, { headers: { 'content-length': '10' } })
    for (const response of [Response.error(), read, ofHead]) {
      await assert.rejects(responseToBytes(response), isUnsupported)
    }
  })

  test('a body above maxBodySize is refused and its source told to stop', async () => {
    let cancelled = false
    const endless = new ReadableStream({
      pull: controller => controller.enqueue(new Uint8Array(1000)),
      cancel: () => {
        cancelled = true
      },
    })
    const storing = responseToBytes(new Response(endless), { maxBodySize: 5000 })
    await assert.rejects(storing, hasCode('UNDERCROFT_VALUE_TOO_LARGE'))
    assert.ok(cancelled)
    assert.ok(await responseToBytes(new Response('12345'), { maxBodySize: 5 }))
  })

  test('a stream that fails half way stores nothing and tells its own reason', async () => {
    const reason = new Error('origin gone')
    const failing = new ReadableStream({ pull: controller => controller.error(reason) })
    await assert.rejects(responseToBytes(new Response(failing)), reason)
  })
})

describe('bytesToResponse', () => {
  test('gives back status, reason, fields, cookies and body', async () => {
    const headers = new Headers({ 'x-a': 'ä', 'set-cookie': 'a=1' })
    headers.append('set-cookie', 'b=2')
    const stored = await responseToBytes(
      new Response('text', { headers, status: 404, statusText: 'Not Here' }),
    )
    const read = bytesToResponse(stored)
    assert.equal(read.status, 404)
    assert.equal(read.statusText, 'Not Here')
    assert.equal(read.headers.get('x-a'), 'ä')
    assert.deepEqual(read.headers.getSetCookie(), ['a=1', 'b=2'])
    assert.equal(await read.text(), 'text')
  })

  test('reads a response of another program, with bare line feeds and no length', async () => {
    const read = bytesToResponse(Buffer.from('HTTP/1.0 200 OK\nContent-Type: text/plain\n\nbody'))
    assert.equal(read.headers.get('content-type'), 'text/plain')
    assert.equal(await read.text(), 'body')
  })

  test('a 204 and a 304 have no body', () => {
    for (const status of [204, 304]) {
      assert.equal(bytesToResponse(Buffer.from(`HTTP/1.1 ${status} \r\n\r\n`)).body, null)
    }
  })

  const notResponses: readonly (readonly [why: string, text: string])[] = [
    ['empty', ''],
    ['only a body', 'just a body'],
    ['no empty line', 'HTTP/1.1 200 OK\r\nA: b\r\n'],
    ['no status line', 'Content-Type: text/html\r\n\r\nbody'],
    ['cut short', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody'],
    ['longer than announced', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nbody'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody'],
    ['chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a folded field', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\nA : b\r\n\r\n'],
    ['a bare carriage return', 'HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n'],
    ['an interim response', 'HTTP/1.1 101 Switching\r\n\r\n'],
    ['an impossible status', 'HTTP/1.1 999 Odd\r\n\r\n'],
    ['a header that never ends', `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(20_000)}\r\n`],
  ]
  for (const [why, text] of notResponses) {
    test(`refuses bytes that are not one whole response: ${why}`, () => {
      assert.throws(() => bytesToResponse(Buffer.from(text, 'latin1')), isBroken)
    })
  }
})
