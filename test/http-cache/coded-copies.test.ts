/**
 * Pages are sent in a content coding that the client accepts, from one stored page.
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, type TestContext, test } from 'node:test'
import zlib, { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { HttpCache } from '../../src/http-cache/index.ts'
import { until } from '../../testing/deadline.ts'
import {
  fetchFront,
  listenerFront,
  localStore,
  middlewareFront,
  remoteStore,
} from './contract/fronts.ts'
import { type Fields, type Got, type Kind, Subject } from './contract/subject.ts'

const BODY = 'the same words again and again; '.repeat(100)
const PAGE = { 'cache-control': 'max-age=60', 'content-type': 'text/html; charset=utf-8' }
const GZIP = { 'accept-encoding': 'gzip, deflate' }
const BR = { 'accept-encoding': 'gzip, deflate, br' }

const KINDS: Readonly<Record<string, Kind>> = {
  'a Node listener': { startFront: listenerFront, openStore: localStore, refreshesLater: true },
  'a handler between others': {
    startFront: middlewareFront,
    openStore: localStore,
    refreshesLater: false,
  },
  'a Fetch handler': { startFront: fetchFront, openStore: localStore, refreshesLater: true },
  'a Node listener with a remote cache': {
    startFront: listenerFront,
    openStore: remoteStore,
    refreshesLater: true,
  },
}

/** The body as the client expands it. */
function expanded({ headers, body }: Got): string {
  const bytes = Buffer.from(body, 'latin1')
  switch (headers['content-encoding']) {
    case 'br':
      return brotliDecompressSync(bytes).toString()
    case 'gzip':
      return gunzipSync(bytes).toString()
  }
  return bytes.toString()
}

async function start(
  t: TestContext,
  kind: Kind,
  fields: Fields = {},
  body: string | Buffer = BODY,
) {
  const subject = await Subject.start(t, kind, { compress: ['br', 'gzip'] })
  subject.answer({ headers: { ...PAGE, ...fields }, body })
  return subject
}

/** Asks until the copy is there, which is made in the background. */
async function getCoded(subject: Subject, headers: Fields, path = '/'): Promise<Got> {
  let got = await subject.get(path, headers)
  await until('the copy is made', async () => {
    got = await subject.get(path, headers)
    return got.headers['content-encoding'] !== undefined
  })
  return got
}

const copies = (subject: Subject) => subject.keys().filter(key => key.includes('~'))

for (const [name, kind] of Object.entries(KINDS)) {
  describe(`behind ${name}, a page with the option compress`, () => {
    test('is sent in the coding that a client prefers, from one stored page', async t => {
      const subject = await start(t, kind)
      const first = await subject.get('/', BR)
      assert.equal(first.body, BODY)
      assert.equal(first.headers.vary, 'accept-encoding')
      for (const [headers, coding] of [
        [BR, 'br'],
        [GZIP, 'gzip'],
      ] as const) {
        const got = await getCoded(subject, headers)
        assert.equal(got.headers['content-encoding'], coding)
        assert.equal(expanded(got), BODY)
        assert.ok(got.body.length < BODY.length / 2)
        assert.equal(got.headers.vary, 'accept-encoding')
        assert.match(got.cached, /^hit/)
      }
      const plain = await subject.get('/')
      assert.equal(plain.body, BODY)
      assert.equal(plain.headers.vary, 'accept-encoding')
      assert.equal(plain.headers['content-encoding'], undefined)
      assert.equal(subject.calls.length, 1)
      assert.equal(subject.calls[0]?.headers['accept-encoding'], undefined)
    })

    test('has a weak ETag in a coding, by which clients revalidate it', async t => {
      const subject = await start(t, kind, { etag: '"v1"' })
      const coded = await getCoded(subject, BR)
      assert.equal(coded.headers.etag, 'W/"v1"')
      assert.equal((await subject.get('/')).headers.etag, '"v1"')
      const again = await subject.get('/', { ...BR, 'if-none-match': 'W/"v1"' })
      assert.equal(again.status, 304)
      assert.equal(again.headers.etag, 'W/"v1"')
      assert.equal((await subject.get('/', { ...BR, 'if-none-match': '"v0"' })).status, 200)
    })

    test('is sent in parts only without a coding', async t => {
      const subject = await start(t, kind, { etag: '"v1"' })
      await getCoded(subject, BR)
      const part = await subject.get('/', { ...BR, range: 'bytes=0-9' })
      assert.equal(part.status, 206)
      assert.equal(part.body, BODY.slice(0, 10))
      assert.equal(part.headers['content-encoding'], undefined)
      const whole = await subject.get('/', { ...BR, range: 'bytes=0-9', 'if-range': 'W/"v1"' })
      assert.equal(whole.status, 200)
    })

    test('is sent in a new coding when its body has changed, and not before', async t => {
      const subject = await start(t, kind, { etag: '"v1"' })
      await getCoded(subject, BR)
      subject.clock.advance(61_000)
      subject.answer({ status: 304, headers: { etag: '"v1"', 'cache-control': 'max-age=60' } })
      await subject.get('/', BR)
      // The copy of before, at once.
      assert.equal((await subject.get('/', BR)).headers['content-encoding'], 'br')
      subject.clock.advance(61_000)
      const other = BODY.toUpperCase()
      subject.answer({ headers: { ...PAGE, etag: '"v2"' }, body: other })
      await subject.get('/', BR)
      assert.equal((await subject.get('/', BR)).body, other)
      assert.equal(expanded(await getCoded(subject, BR)), other)
    })

    test('has no variants by Accept-Encoding', async t => {
      const subject = await start(t, kind, { vary: 'Accept-Encoding' })
      const { headers } = await subject.get('/', GZIP)
      assert.equal(headers.vary, 'Accept-Encoding')
      assert.match((await subject.get('/', BR)).cached, /^hit/)
      assert.equal((await getCoded(subject, BR)).headers.vary, 'Accept-Encoding')
      assert.equal(subject.calls.length, 1)
    })

    test('waits for its copy if the client refuses a plain body', async t => {
      const subject = await start(t, kind)
      await subject.get('/')
      const got = await subject.get('/', { 'accept-encoding': 'gzip, identity;q=0' })
      assert.equal(got.headers['content-encoding'], 'gzip')
      assert.equal(expanded(got), BODY)
    })

    test('answers HEAD with the head of the coding', async t => {
      const subject = await start(t, kind)
      const { body } = await getCoded(subject, BR)
      const head = await subject.send('HEAD', '/', BR)
      assert.equal(head.headers['content-encoding'], 'br')
      assert.equal(head.headers['content-length'], String(body.length))
      assert.equal(head.body, '')
    })

    const LEFT: Readonly<Record<string, readonly [Fields, string?]>> = {
      'a type that is compressed': [{ 'content-type': 'image/png' }],
      'no type': [{ 'content-type': '' }],
      'a small body': [{}, 'small'],
      'no-transform': [{ 'cache-control': 'max-age=60, no-transform' }],
      'a digest of its bytes': [{ 'content-digest': 'sha-256=:AAAA:' }],
      'a coding that the application made': [{ 'content-encoding': 'x-own' }],
    }
    for (const [what, [fields, body]] of Object.entries(LEFT)) {
      test(`stays as it is with ${what}`, async t => {
        const subject = await start(t, kind, fields, body)
        await subject.get('/', BR)
        const { headers } = await subject.get('/', BR)
        assert.notEqual(headers['content-encoding'], 'br')
        // Would be made before the next answer: a client that refuses plain bodies waits for it.
        await subject.get('/', { 'accept-encoding': 'br, identity;q=0' })
        assert.deepEqual(copies(subject), [])
      })
    }

    test('stays as it is if it gets no smaller, and is compressed only once', async t => {
      const subject = await start(t, kind, {}, randomBytes(4096))
      await subject.get('/')
      await subject.get('/', { 'accept-encoding': 'gzip, identity;q=0' })
      assert.equal(copies(subject).length, 1)
      assert.equal((await subject.get('/', GZIP)).headers['content-encoding'], undefined)
    })

    test('is sent plain to a client that asks for no transformation', async t => {
      const subject = await start(t, kind)
      await getCoded(subject, BR)
      const got = await subject.get('/', { ...BR, 'cache-control': 'no-transform' })
      assert.equal(got.headers['content-encoding'], undefined)
    })

    test('is not decoded from what another program wrote in its place', async t => {
      const subject = await start(t, kind)
      await getCoded(subject, BR)
      const [key = ''] = copies(subject)
      for (const bytes of ['', 'ucc1', `ucc1${'x'.repeat(16)}`, 'x'.repeat(500)]) {
        subject.memory.setItem(key, { bytes: Buffer.from(bytes) })
        assert.equal(expanded(await subject.get('/', BR)), BODY)
        await getCoded(subject, BR)
      }
    })
  })
}

test('codings that this Node.js cannot make are ignored, and others refused', async t => {
  const [listener] = Object.values(KINDS)
  assert.ok(listener !== undefined)
  const subject = await Subject.start(t, listener, { compress: ['zstd', 'gzip'] })
  subject.answer({ headers: PAGE, body: BODY })
  const got = await getCoded(subject, { 'accept-encoding': 'zstd, gzip' })
  assert.equal(got.headers['content-encoding'], 'zstdCompress' in zlib ? 'zstd' : 'gzip')
  for (const compress of [['deflate'], 'br']) {
    const options = { cache: subject.memory, compress: compress as never }
    assert.throws(() => new HttpCache(options), { code: 'UNDERCROFT_OPTION_INVALID' })
  }
})
