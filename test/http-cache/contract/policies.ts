/** What the owner and the response say beyond freshness: revalidation, errors, heuristics. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { until, within } from '../../../testing/deadline.ts'
import { type AppResponse, type Kind, Subject } from './subject.ts'

const ETAG = '"v1"'
const FRESH = { 'cache-control': 'max-age=60' }
const NOW = 'Fri, 15 Jan 2027 08:00:00 GMT'
const COUNT = 10

export function describePolicies(kind: Kind): void {
  describeNeverFresh(kind)
  describeOmittedFields(kind)
  describeOptions(kind)
  describeWaitingForWhole(kind)
  describeCacheStatus(kind)
}

function describeNeverFresh(kind: Kind): void {
  describe('a response that is stale from the start', () => {
    const headers = { 'cache-control': 'public, no-cache', etag: ETAG }

    for (const cacheControl of [
      'no-cache',
      'max-age=60, no-cache',
      'max-age=0',
      'no-cache="etag"',
    ]) {
      test(`by "${cacheControl}" is stored, and each use asks the application`, async t => {
        const subject = await Subject.start(t, kind)
        const own = { 'cache-control': cacheControl, etag: ETAG }
        subject.answer({ headers: own, body: 'page' })
        assert.equal((await subject.get('/')).cached, 'fwd=uri-miss; ttl=0; stored')
        subject.answer({ status: 304, headers: own })
        for (let asked = 2; asked < 5; asked++) {
          const { status, body, cached } = await subject.get('/')
          assert.deepEqual([status, body], [200, 'page'])
          assert.equal(cached, 'fwd=stale; fwd-status=304; ttl=0; stored')
          assert.equal(subject.calls.length, asked)
          assert.equal(subject.calls.at(-1)?.headers['if-none-match'], ETAG)
        }
      })
    }

    test('keeps no request waiting for another', async t => {
      const subject = await Subject.start(t, kind)
      let open: () => void = () => {}
      const gate = new Promise<void>(resolve => {
        open = resolve
      })
      subject.answer(() => gate.then(() => ({ headers, body: 'page' })))
      const first = subject.getMeanwhile('/')
      await until('it is asked', () => subject.calls.length === 1)
      const waiting = Array.from({ length: COUNT }, () => subject.getMeanwhile('/'))
      open()
      await within('all to be answered', Promise.all([first, ...waiting]))
      let openLate: () => void = () => {}
      const late = new Promise<void>(resolve => {
        openLate = resolve
      })
      const before = subject.calls.length
      subject.answer(() => late.then(() => ({ headers, body: 'page' })))
      const all = Array.from({ length: COUNT }, () => subject.getMeanwhile('/'))
      await until('all are asked', () => subject.calls.length === before + COUNT)
      openLate()
      await within('all to be answered', Promise.all(all))
    })

    test('is never used without asking, not even for an error', async t => {
      const subject = await Subject.start(t, kind, { staleIfErrorMs: 60_000 })
      subject.answer({ headers, body: 'page' })
      await subject.get('/')
      const only = { 'cache-control': 'only-if-cached, max-stale' }
      assert.equal((await subject.get('/', only)).status, 504)
      subject.answer({ status: 503, body: 'down' })
      assert.equal((await subject.get('/')).status, 503)
    })

    test('is not for clients with cookies, unless it says that it is public', async t => {
      const subject = await Subject.start(t, kind)
      const cookie = { cookie: 'user=ada' }
      const silent = { 'cache-control': 'no-cache', etag: ETAG }
      subject.answer({ headers: silent, body: 'page' })
      assert.equal((await subject.get('/', cookie)).cached, 'fwd=uri-miss; detail=cookie')
      await subject.get('/')
      assert.equal((await subject.get('/', cookie)).cached, 'fwd=bypass; detail=credentials')
      assert.equal(subject.calls.at(-1)?.headers['if-none-match'], undefined)
      subject.answer({ headers, body: 'page' })
      assert.ok((await subject.get('/public', cookie)).cached.endsWith('stored'))
    })

    test('without a validator is stored only for clients that accept it stale', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ headers: { 'cache-control': 'no-cache' }, body: 'page' })
      assert.equal((await subject.get('/no')).cached, 'fwd=uri-miss; detail=no-freshness')
      subject.answer({ headers: { ...FRESH, age: '90' }, body: 'page' })
      await subject.get('/')
      const stale = { 'cache-control': 'max-stale=60' }
      assert.equal((await subject.get('/', stale)).cached, 'hit; ttl=-30')
      assert.ok((await subject.get('/')).cached.startsWith('fwd=stale'))
    })
  })

  describe('the age of a response', () => {
    test('is at least the time since its Date', async t => {
      const subject = await Subject.start(t, kind)
      const date = 'Fri, 15 Jan 2027 07:59:29 GMT'
      subject.answer({ headers: { ...FRESH, date }, body: 'page' })
      assert.equal((await subject.get('/')).cached, 'fwd=uri-miss; ttl=30; stored')
      assert.equal((await subject.get('/')).headers.age, '30')
    })

    test('begins again with a 304, which may have no Date', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ headers: { ...FRESH, date: NOW, etag: ETAG }, body: 'page' })
      await subject.get('/')
      subject.clock.advance(100_000)
      subject.answer({ status: 304 })
      const { cached } = await subject.get('/')
      assert.equal(cached, 'fwd=stale; fwd-status=304; ttl=60; stored')
      assert.equal((await subject.get('/')).cached, 'hit; ttl=60')
    })
  })
}

function describeOmittedFields(kind: Kind): void {
  describe('fields that no-cache names', () => {
    test('reach the first client, and are not stored with the page', async t => {
      const subject = await Subject.start(t, kind)
      const cacheControl = 'max-age=60, no-cache="X-User, x-other"'
      const headers = { 'cache-control': cacheControl, 'x-user': 'ada', 'x-kept': '1' }
      subject.answer({ headers, body: 'page' })
      assert.equal((await subject.get('/')).headers['x-user'], 'ada')
      const second = await subject.get('/')
      assert.equal(second.cached, 'hit; ttl=60')
      assert.deepEqual([second.headers['x-user'], second.headers['x-kept']], [undefined, '1'])
    })
  })
}

function describeOptions(kind: Kind): void {
  const modified = { 'last-modified': 'Fri, 15 Jan 2027 07:50:00 GMT', date: NOW }

  describe('an owner who knows the application', () => {
    test('has errors stored that say how long they are fresh, and no others', async t => {
      const subject = await Subject.start(t, kind, { alsoStore: ['errors'] })
      for (const status of [400, 403, 499, 500, 503, 599]) {
        subject.answer({ status, headers: FRESH, body: 'error' })
        await subject.get(`/${status}`)
        const { status: got, cached } = await subject.get(`/${status}`)
        assert.deepEqual([got, cached], [status, 'hit; ttl=60'])
        subject.answer({ status, body: 'error' })
        const { cached: silent } = await subject.get(`/silent/${status}`)
        assert.equal(silent, 'fwd=uri-miss; detail=status')
      }
    })

    test('has pages stored for a part of the time since their last change', async t => {
      const subject = await Subject.start(t, kind, { heuristicFraction: 0.1, defaultTtlMs: 1000 })
      const cases: readonly (readonly [AppResponse, string])[] = [
        [{ headers: modified }, 'ttl=60; stored'],
        [{ status: 404, headers: modified }, 'ttl=60; stored'],
        [{ headers: { ...modified, ...FRESH } }, 'ttl=60; stored'],
        [{ headers: { ...modified, 'last-modified': NOW } }, 'ttl=1; stored'],
        [
          { headers: { ...modified, 'last-modified': 'Sat, 01 Jan 2000 00:00:00 GMT' } },
          'ttl=86400; stored',
        ],
        [{ status: 201, headers: modified }, 'detail=status'],
        [{ headers: { ...modified, 'cache-control': 'must-revalidate' } }, 'stored'],
        [{ headers: { ...modified, 'set-cookie': 'a=1' } }, 'detail=set-cookie'],
      ]
      for (const [index, [response, expected]] of cases.entries()) {
        subject.answer({ body: 'page', ...response })
        const { cached } = await subject.get(`/${index}`)
        assert.ok(cached.endsWith(expected), `${index}: ${cached}`)
      }
      subject.answer({ headers: modified, body: 'page' })
      const { cached } = await subject.get('/cookie', { cookie: 'a=1' })
      assert.equal(cached, 'fwd=uri-miss; detail=cookie')
    })

    test('has stale pages used in place of errors, unless they forbid it', async t => {
      const subject = await Subject.start(t, kind, { staleIfErrorMs: 60_000 })
      const failing = { status: 503, body: 'down' }
      const cases: readonly (readonly [cacheControl: string, status: number])[] = [
        ['max-age=10', 200],
        ['max-age=10, stale-if-error=5', 503],
        ['max-age=10, must-revalidate', 503],
        ['max-age=10, proxy-revalidate', 503],
        ['s-maxage=10', 503],
      ]
      for (const [cacheControl, expected] of cases) {
        const path = `/${cacheControl.replaceAll(' ', '')}`
        subject.answer({ headers: { 'cache-control': cacheControl, etag: ETAG }, body: 'page' })
        await subject.get(path)
        subject.clock.advance(40_000)
        subject.answer(failing)
        assert.equal((await subject.get(path)).status, expected, cacheControl)
      }
    })

    test('chooses the fields that replace Cache-Control', async t => {
      const headers = { 'cdn-cache-control': 'max-age=60', 'my-cache-control': 'max-age=30' }
      const own = await Subject.start(t, kind, { targetedFields: ['My-Cache-Control'] })
      own.answer({ headers, body: 'page' })
      assert.equal((await own.get('/')).cached, 'fwd=uri-miss; ttl=30; stored')
      const none = await Subject.start(t, kind, { targetedFields: [] })
      none.answer({ headers, body: 'page' })
      assert.equal((await none.get('/')).cached, 'fwd=uri-miss; detail=no-freshness')
    })
  })
}

function describeWaitingForWhole(kind: Kind): void {
  describe('a client that wants a part of a page that is being made', () => {
    const range = { range: 'bytes=1-2' }

    test('waits, and gets it from the page that is stored then', async t => {
      const subject = await Subject.start(t, kind)
      let open: () => void = () => {}
      const gate = new Promise<void>(resolve => {
        open = resolve
      })
      subject.answer(() => gate.then(() => ({ headers: FRESH, body: 'page' })))
      const whole = subject.getMeanwhile('/')
      await until('it is asked', () => subject.calls.length === 1)
      const part = subject.getMeanwhile('/', range)
      open()
      assert.equal((await whole).body, 'page')
      const { status, body } = await part
      assert.deepEqual([status, body], [206, 'ag'])
      assert.equal(subject.calls.length, 1)
    })

    test('asks the application when nothing was stored', async t => {
      const subject = await Subject.start(t, kind)
      let open: () => void = () => {}
      const gate = new Promise<void>(resolve => {
        open = resolve
      })
      subject.answer(() => gate.then(() => ({ status: 404, body: 'gone' })))
      const whole = subject.getMeanwhile('/')
      await until('it is asked', () => subject.calls.length === 1)
      const part = subject.getMeanwhile('/', range)
      open()
      await whole
      assert.equal((await part).status, 404)
      assert.equal(subject.calls.length, 2)
      assert.equal(subject.calls[1]?.headers.range, range.range)
    })
  })
}

function describeCacheStatus(kind: Kind): void {
  describe('Cache-Status', () => {
    test('has the key of the page, if the owner wants it', async t => {
      const key = ({ url }: { url: string }) => `"${new URL(url).pathname}\\" ü`
      const subject = await Subject.start(t, kind, { cacheStatusKey: true, key })
      subject.answer({ headers: FRESH, body: 'page' })
      const shown = 'key="\\"/a\\\\\\" %C3%BC"'
      assert.equal((await subject.get('/a')).cached, `fwd=uri-miss; ttl=60; stored; ${shown}`)
      assert.equal((await subject.get('/a')).cached, `hit; ttl=60; ${shown}`)
      assert.equal((await subject.send('POST', '/a')).cached, `fwd=method; ${shown}`)
    })

    test('follows what caches before this one said also where it asks nobody', async t => {
      const subject = await Subject.start(t, kind)
      const before = 'origin; fwd=method'
      subject.answer({ headers: { 'cache-status': before }, body: 'done' })
      const { headers } = await subject.send('POST', '/')
      assert.equal(headers['cache-status'], `${before}, undercroft; fwd=method`)
    })
  })
}
