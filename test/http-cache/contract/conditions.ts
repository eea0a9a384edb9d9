/** Conditions and ranges, as browsers send them about the copies that they have. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Fields, type Got, type Kind, Subject } from './subject.ts'

const FRESH = { 'cache-control': 'max-age=60' }
const MODIFIED = 'Fri, 01 Jan 2027 00:00:00 GMT'
const LATER = 'Fri, 01 Jan 2027 00:00:01 GMT'
const BEFORE = 'Thu, 31 Dec 2026 23:59:59 GMT'
const DATE = 'Fri, 15 Jan 2027 08:00:00 GMT'

/** A stored page of ten letters. */
async function stored(t: Parameters<typeof Subject.start>[0], kind: Kind, headers: Fields) {
  const subject = await Subject.start(t, kind)
  const body = 'abcdefghij'
  subject.answer({ headers: { ...FRESH, 'content-type': 'text/plain', ...headers }, body })
  await subject.get('/')
  return subject
}

export function describeConditions(kind: Kind): void {
  describe('a client that has the page', () => {
    const page = { etag: '"v1"', 'last-modified': MODIFIED, date: DATE, 'x-kept': 'yes' }

    test('gets 304 with what is new about it, and no body', async t => {
      const subject = await stored(t, kind, page)
      subject.clock.advance(5000)
      const { status, body, headers, cached } = await subject.get('/', { 'if-none-match': '"v1"' })
      assert.deepEqual([status, body, cached], [304, '', 'hit; ttl=55'])
      const told = ['etag', 'date', 'cache-control', 'age', 'x-kept'].map(name => headers[name])
      assert.deepEqual(told, ['"v1"', DATE, 'max-age=60', '5', 'yes'])
      assert.deepEqual([headers['content-type'], headers['content-length']], [undefined, undefined])
      assert.equal(subject.calls.length, 1)
    })

    const cases: readonly (readonly [request: Fields, status: number])[] = [
      [{ 'if-none-match': 'W/"v1"' }, 304],
      [{ 'if-none-match': '"v0", "v1"' }, 304],
      [{ 'if-none-match': '*' }, 304],
      [{ 'if-none-match': '"v2"' }, 200],
      [{ 'if-none-match': 'v1' }, 200],
      [{ 'if-modified-since': MODIFIED }, 304],
      [{ 'if-modified-since': LATER }, 304],
      [{ 'if-modified-since': BEFORE }, 200],
      [{ 'if-modified-since': 'yesterday' }, 200],
      [{ 'if-none-match': '"v2"', 'if-modified-since': LATER }, 200],
      [{ 'if-none-match': '"v1"', 'if-modified-since': BEFORE }, 304],
    ]
    for (const [request, status] of cases) {
      test(`and asks with ${JSON.stringify(request)} gets ${status}`, async t => {
        const subject = await stored(t, kind, page)
        assert.equal((await subject.get('/', request)).status, status)
        assert.equal((await subject.send('HEAD', '/', request)).status, status)
        assert.equal(subject.calls.length, 1)
      })
    }

    test('can ask by an ETag of ours where the application gives none, and by Date', async t => {
      const subject = await stored(t, kind, { date: DATE })
      const { headers } = await subject.get('/')
      const etag = headers.etag ?? assert.fail('no ETag')
      assert.match(etag, /^"[\w-]{27}"$/)
      assert.equal((await subject.get('/', { 'if-none-match': etag })).status, 304)
      assert.equal((await subject.get('/', { 'if-modified-since': DATE })).status, 304)
      assert.equal((await subject.get('/', { 'if-modified-since': LATER })).status, 200)
      await subject.pages.delete('http://example.test/')
      await subject.get('/')
      const again = await subject.get('/', { 'if-none-match': etag })
      assert.deepEqual([again.status, again.headers.etag], [304, etag]) // the same bytes
    })

    test('gets 304 also when the page has to be made, and the page is stored', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ headers: { ...FRESH, ...page }, body: 'page' })
      const first = await subject.get('/', { 'if-none-match': '"v1"' })
      assert.deepEqual([first.status, first.body], [304, ''])
      assert.equal(first.headers['content-length'], undefined)
      assert.equal(subject.calls[0]?.headers['if-none-match'], undefined)
      const second = await subject.get('/')
      assert.deepEqual([second.status, second.body, second.cached], [200, 'page', 'hit; ttl=60'])
    })

    test('gets 304 from the application itself, where nothing is stored', async t => {
      const subject = await Subject.start(t, kind)
      const headers = { etag: '"own"', 'cache-control': 'private' }
      subject.answer(({ headers: asked }) => {
        return asked['if-none-match'] === '"own"'
          ? { status: 304, headers }
          : { headers, body: 'x' }
      })
      await subject.get('/')
      assert.equal((await subject.get('/', { 'if-none-match': '"own"' })).status, 304)
    })

    test('gets errors as they are', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ status: 404, headers: { ...FRESH, etag: '"v1"' }, body: 'none' })
      await subject.get('/')
      assert.equal((await subject.get('/', { 'if-none-match': '"v1"' })).status, 404)
      assert.equal((await subject.get('/', { range: 'bytes=0-1' })).status, 404)
    })
  })

  describeRanges(kind)
}

function describeRanges(kind: Kind): void {
  describe('a client that wants a part of the page', () => {
    const page = { etag: '"v1"', 'last-modified': MODIFIED, date: DATE }
    const whole = [200, 'abcdefghij', undefined] as const
    const cases: readonly (readonly [Fields, number, string, string | undefined])[] = [
      [{ range: 'bytes=0-0' }, 206, 'a', 'bytes 0-0/10'],
      [{ range: 'bytes=2-4' }, 206, 'cde', 'bytes 2-4/10'],
      [{ range: 'bytes=7-' }, 206, 'hij', 'bytes 7-9/10'],
      [{ range: 'bytes=7-99' }, 206, 'hij', 'bytes 7-9/10'],
      [{ range: 'bytes=-3' }, 206, 'hij', 'bytes 7-9/10'],
      [{ range: 'bytes=-99' }, 206, 'abcdefghij', 'bytes 0-9/10'],
      [{ range: 'Bytes=0-1' }, 206, 'ab', 'bytes 0-1/10'],
      [{ range: 'bytes=10-' }, 416, '', 'bytes */10'],
      [{ range: 'bytes=-0' }, 416, '', 'bytes */10'],
      [{ range: 'bytes=4-2' }, ...whole],
      [{ range: 'bytes=0-1, 4-5' }, ...whole],
      [{ range: 'lines=0-1' }, ...whole],
      [{ range: 'bytes=' }, ...whole],
      [{ range: 'bytes=a-b' }, ...whole],
      [{ range: 'bytes=0-1', 'if-range': '"v1"' }, 206, 'ab', 'bytes 0-1/10'],
      [{ range: 'bytes=0-1', 'if-range': '"v2"' }, ...whole],
      [{ range: 'bytes=0-1', 'if-range': 'W/"v1"' }, ...whole],
      [{ range: 'bytes=0-1', 'if-range': MODIFIED }, 206, 'ab', 'bytes 0-1/10'],
      [{ range: 'bytes=0-1', 'if-range': LATER }, ...whole],
      [{ range: 'bytes=0-1', 'if-none-match': '"v1"' }, 304, '', undefined],
      [{ range: 'bytes=0-1', 'if-none-match': '"v2"' }, 206, 'ab', 'bytes 0-1/10'],
    ]
    for (const [request, status, body, contentRange] of cases) {
      test(`and asks with ${JSON.stringify(request)} gets ${status}`, async t => {
        const subject = await stored(t, kind, page)
        const got = await subject.get('/', request)
        assert.deepEqual([got.status, got.body], [status, body])
        assert.equal(got.headers['content-range'], contentRange)
        if (status !== 304) assert.equal(got.headers['content-length'], String(body.length))
        assert.equal(subject.calls.length, 1)
      })
    }

    test('gets the whole page with HEAD, and where the application takes no ranges', async t => {
      const range = { range: 'bytes=0-1' }
      const subject = await stored(t, kind, page)
      const { status, headers } = await subject.send('HEAD', '/', range)
      assert.deepEqual([status, headers['content-length']], [200, '10'])
      const none = await stored(t, kind, { ...page, 'accept-ranges': 'none' })
      assert.equal((await none.get('/', range)).status, 200)
    })

    test('gets it from the application as long as the page is not stored', async t => {
      const subject = await Subject.start(t, kind)
      const headers = { ...FRESH, 'content-range': 'bytes 0-1/10' }
      subject.answer({ status: 206, headers, body: 'ab' })
      for (let round = 0; round < 2; round++) {
        const got = await subject.get('/', { range: 'bytes=0-1', 'if-range': '"v1"' })
        assert.deepEqual([got.status, got.body, got.cached], [206, 'ab', 'fwd=uri-miss'])
      }
      assert.equal(subject.calls[1]?.headers.range, 'bytes=0-1')
      assert.equal(subject.calls[1]?.headers['if-range'], '"v1"')
      assert.deepEqual(subject.keys(), [])
    })

    test('can put a page together from parts, as a download that goes on', async t => {
      const subject = await stored(t, kind, page)
      const start: Got = await subject.get('/', { range: 'bytes=0-5' })
      const goesOn = { range: 'bytes=6-', 'if-range': start.headers.etag ?? '' }
      assert.equal(start.body + (await subject.get('/', goesOn)).body, 'abcdefghij')
    })
  })
}
