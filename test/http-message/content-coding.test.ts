import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, type TestContext, test } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { bytesToResponse, responseToBytes } from '../../src/http-cache/index.ts'
import { onEnd } from '../../testing/scope.ts'

const PAGE = '<p>a page</p>'.repeat(100)
const COMPRESS = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync }

/** Starts an origin that sends these bytes with this Content-Encoding. */
async function startOrigin(t: TestContext, coding: string, bytes: Uint8Array): Promise<string> {
  const server = createServer((_, answer) => {
    answer.writeHead(200, {
      'content-encoding': coding,
      'content-length': bytes.length,
      etag: '"strong"',
    })
    answer.end(bytes)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onEnd(t, () => server.close().closeAllConnections())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}/`
}

async function storedAndRead(response: Response): Promise<Response> {
  return bytesToResponse(await responseToBytes(response))
}

describe('a stored response says what its body really is', () => {
  for (const [coding, compress] of Object.entries(COMPRESS)) {
    test(`fetched with ${coding}: stored plain, without Content-Encoding`, async t => {
      const url = await startOrigin(t, coding, compress(PAGE))
      const read = await storedAndRead(await fetch(url))
      assert.equal(read.headers.get('content-encoding'), null)
      assert.equal(read.headers.get('content-length'), String(PAGE.length))
      assert.equal(await read.text(), PAGE)
    })

    test(`fetched with ${coding} and passed on in a new Response: the same`, async t => {
      const fetched = await fetch(await startOrigin(t, coding, compress(PAGE)))
      const read = await storedAndRead(new Response(fetched.body, fetched))
      assert.equal(read.headers.get('content-encoding'), null)
      assert.equal(await read.text(), PAGE)
    })

    test(`compressed by the application with ${coding}: stored as it is`, async () => {
      const body = compress(PAGE)
      const headers = { 'content-encoding': coding, etag: '"strong"' }
      const read = await storedAndRead(new Response(body, { headers }))
      assert.equal(read.headers.get('content-encoding'), coding)
      assert.equal(read.headers.get('etag'), '"strong"')
      assert.deepEqual(Buffer.from(await read.arrayBuffer()), body)
    })
  }

  test('a strong ETag becomes weak when the bytes are not those it was given for', async t => {
    const url = await startOrigin(t, 'gzip', gzipSync(PAGE))
    assert.equal((await storedAndRead(await fetch(url))).headers.get('etag'), 'W/"strong"')
  })

  test('a coding that fetch does not undo stays named', async t => {
    const url = await startOrigin(t, 'pack200-gzip', Buffer.from('packed'))
    const read = await storedAndRead(await fetch(url))
    assert.equal(read.headers.get('content-encoding'), 'pack200-gzip')
  })

  test('a .gz file that was compressed once more on its way stays a .gz file', async t => {
    const file = gzipSync('data')
    const read = await storedAndRead(await fetch(await startOrigin(t, 'gzip', gzipSync(file))))
    assert.equal(read.headers.get('content-encoding'), null)
    assert.deepEqual(Buffer.from(await read.arrayBuffer()), file)
  })

  test('a body that unpacks to far more than it is costs only the first megabyte', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000))
    const headers = { 'content-encoding': 'gzip' }
    const read = await storedAndRead(new Response(bomb, { headers }))
    assert.equal(read.headers.get('content-encoding'), 'gzip')
  })
})
