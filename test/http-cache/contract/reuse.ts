/** When a stored response answers, and when it is removed. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { until } from '../../../testing/deadline.ts'
import { type Fields, type Kind, Subject } from './subject.ts'

const FRESH = { 'cache-control': 'max-age=60' }

export function describeReuse(kind: Kind): void {
  describe('a stored response', () => {
    test('answers HEAD without its body, and HEAD alone stores nothing', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ headers: { ...FRESH, 'x-kind': 'page' }, body: 'page' })
      assert.equal((await subject.send('HEAD', '/')).cached, 'fwd=uri-miss')
      await subject.get('/')
      const { body, cached, headers } = await subject.send('HEAD', '/')
      assert.deepEqual([body, cached], ['', 'hit; ttl=60'])
      assert.deepEqual([headers['content-length'], headers['x-kind']], ['4', 'page'])
    })

    test('does not answer what only the application can', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ headers: FRESH, body: 'page' })
      await subject.get('/')
      assert.equal((await subject.get('/', { 'if-match': '"a"' })).cached, PRECONDITION)
      const since = { 'if-unmodified-since': 'Fri, 01 Jan 2027 00:00:00 GMT' }
      assert.equal((await subject.get('/', since)).cached, PRECONDITION)
      assert.equal((await subject.send('POST', '/')).cached, 'fwd=method')
      assert.equal(subject.calls.length, 4)
    })

    test('follows what caches before this one said in Cache-Status', async t => {
      const subject = await Subject.start(t, kind)
      const headers = { ...FRESH, 'cache-status': 'origin; fwd=bypass' }
      subject.answer({ headers, body: 'page' })
      const first = await subject.get('/')
      const second = await subject.get('/')
      assert.equal(first.headers['cache-status'], `origin; fwd=bypass, undercroft; ${STORED}`)
      assert.equal(second.headers['cache-status'], 'origin; fwd=bypass, undercroft; hit; ttl=60')
    })

    test('tells nothing in Cache-Status when that is off, or under another name', async t => {
      const off = await Subject.start(t, kind, { cacheStatus: false })
      const named = await Subject.start(t, kind, { cacheStatus: 'edge-1' })
      for (const [subject, expected] of [
        [off, [undefined, undefined, undefined]],
        [named, [`edge-1; ${STORED}`, 'edge-1; hit; ttl=60', 'edge-1; fwd=method']],
      ] as const) {
        subject.answer({ headers: FRESH, body: 'page' })
        const all = [await subject.get('/'), await subject.get('/'), await subject.send('PUT', '/')]
        assert.deepEqual(
          all.map(({ headers }) => headers['cache-status']),
          expected,
        )
      }
    })
  })

  describeDemands(kind)
  describeForgetting(kind)
}

const PRECONDITION = 'fwd=bypass; detail=precondition'
const STORED = 'fwd=uri-miss; ttl=60; stored'

function describeDemands(kind: Kind): void {
  describe('a client that asks for something newer', () => {
    /** After 30 of 60 seconds: the result of each demand, and whether the page is replaced. */
    const cases: readonly (readonly [Fields, string])[] = [
      [{ 'cache-control': 'no-cache' }, 'fwd=request; ttl=60; stored'],
      [{ 'cache-control': 'No-Cache' }, 'fwd=request; ttl=60; stored'],
      [{ pragma: 'no-cache' }, 'fwd=request; ttl=60; stored'],
      [{ pragma: 'no-cache', 'cache-control': 'max-age=99' }, 'hit; ttl=30'],
      [{ 'cache-control': 'max-age=29' }, 'fwd=request; ttl=60; stored'],
      [{ 'cache-control': 'max-age=30' }, 'hit; ttl=30'],
      [{ 'cache-control': 'min-fresh=31' }, 'fwd=request; ttl=60; stored'],
      [{ 'cache-control': 'min-fresh=30' }, 'hit; ttl=30'],
      [{ 'cache-control': 'only-if-cached' }, 'hit; ttl=30'],
      [{ 'cache-control': 'no-store' }, 'hit; ttl=30'],
    ]
    for (const [headers, expected] of cases) {
      test(`by ${JSON.stringify(headers)}: ${expected}`, async t => {
        const subject = await Subject.start(t, kind)
        subject.answer(() => ({ headers: FRESH, body: `page ${subject.calls.length}` }))
        await subject.get('/')
        subject.clock.advance(30_000)
        assert.equal((await subject.get('/', headers)).cached, expected)
        const isReplaced = expected.startsWith('fwd')
        assert.equal((await subject.get('/')).body, isReplaced ? 'page 2' : 'page 1')
      })
    }

    test('does not replace a usable page by a response that is not for storing', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ headers: FRESH, body: 'page' })
      await subject.get('/')
      subject.answer({ status: 400, body: 'bad request' })
      const { status, cached } = await subject.get('/', { 'cache-control': 'no-cache' })
      assert.deepEqual([status, cached], [400, 'fwd=request; detail=status'])
      assert.equal((await subject.get('/')).cached, 'hit; ttl=60')
    })

    test('is not heard with ignoreClientCacheControl', async t => {
      const subject = await Subject.start(t, kind, { ignoreClientCacheControl: true })
      subject.answer({ headers: FRESH, body: 'page' })
      const never = ['no-cache', 'no-store', 'max-age=0', 'only-if-cached']
      assert.equal((await subject.get('/', { 'cache-control': 'only-if-cached' })).status, 200)
      for (const directive of never) {
        const { cached } = await subject.get('/', { 'cache-control': directive })
        assert.equal(cached, 'hit; ttl=60', directive)
      }
      assert.equal((await subject.get('/', { pragma: 'no-cache' })).cached, 'hit; ttl=60')
    })

    test('does not have its own response stored if it says no-store', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ headers: FRESH, body: 'page' })
      const { cached } = await subject.get('/', { 'cache-control': 'no-store' })
      assert.equal(cached, 'fwd=uri-miss; detail=no-store')
      assert.deepEqual(subject.keys(), [])
    })

    test('gets 504 with only-if-cached, when nothing usable is stored', async t => {
      const subject = await Subject.start(t, kind)
      const only = { 'cache-control': 'only-if-cached' }
      subject.answer({ headers: FRESH, body: 'page' })
      const { status, cached } = await subject.get('/', only)
      assert.deepEqual([status, cached], [504, 'fwd=request; detail=only-if-cached'])
      assert.equal(subject.calls.length, 0)
    })
  })

  describe('a client that would take a stale response', () => {
    test('gets it within what it allows, unless the response forbids it', async t => {
      const subject = await Subject.start(t, kind)
      const stale = { 'last-modified': 'Fri, 01 Jan 2027 00:00:00 GMT' } // so that it is kept
      const cases: readonly (readonly [response: string, request: string, isHit: boolean])[] = [
        ['max-age=60', 'max-stale', true],
        ['max-age=60', 'max-stale=6', true],
        ['max-age=60', 'max-stale=5', false],
        ['max-age=60, must-revalidate', 'max-stale', false],
        ['max-age=60, proxy-revalidate', 'max-stale', false],
        ['s-maxage=60', 'max-stale', false],
      ]
      for (const [response, request, isHit] of cases) {
        const path = `/?${response}&${request}`.replaceAll(' ', '')
        subject.answer({ headers: { ...stale, 'cache-control': response }, body: 'page' })
        await subject.get(path)
        subject.clock.advance(65_000)
        const { cached } = await subject.get(path, { 'cache-control': request })
        assert.equal(cached.startsWith(isHit ? 'hit; ttl=-5' : 'fwd=stale'), true, path + cached)
      }
    })
  })
}

function describeForgetting(kind: Kind): void {
  describe('a stored response is forgotten', () => {
    const isHit = async (subject: Subject, path: string) => {
      const { cached } = await subject.get(path, { 'cache-control': 'only-if-cached' })
      return cached.startsWith('hit')
    }
    /** A local cache removes the page at once, a remote one just after the answer. */
    const isForgotten = (subject: Subject, path: string) =>
      until(`${path} is forgotten`, async () => !(await isHit(subject, path)))
    const stored = async (subject: Subject, ...paths: readonly string[]) => {
      subject.answer({ headers: FRESH, body: 'page' })
      for (const path of paths) await subject.get(path)
    }

    test('when an unsafe request for it succeeds, and only then', async t => {
      const subject = await Subject.start(t, kind)
      for (const [method, status, isKept] of [
        ['POST', 200, false],
        ['PUT', 204, false],
        ['DELETE', 303, false],
        ['PATCH', 404, true],
        ['POST', 500, true],
        ['OPTIONS', 200, true],
      ] as const) {
        await stored(subject, '/', '/other')
        subject.answer({ status })
        await subject.send(method, '/')
        if (isKept) assert.equal(await isHit(subject, '/'), true, `${method} ${status}`)
        else await isForgotten(subject, '/')
        assert.equal(await isHit(subject, '/other'), true)
      }
    })

    test('when Location or Content-Location of the answer names it, on its host', async t => {
      const subject = await Subject.start(t, kind)
      await stored(subject, '/a', '/b', '/c')
      const headers = { location: '/a', 'content-location': 'http://example.test/b#part' }
      subject.answer({ status: 201, headers })
      await subject.send('POST', '/')
      subject.answer({ status: 201, headers: { location: 'https://example.test/c' } })
      await subject.send('POST', '/')
      subject.answer({ status: 201, headers: { location: 'http://' } })
      await subject.send('POST', '/')
      await isForgotten(subject, '/a')
      await isForgotten(subject, '/b')
      assert.equal(await isHit(subject, '/c'), true)
      assert.deepEqual(subject.errors, [])
    })

    test('with all its variants, by delete', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ headers: { ...FRESH, vary: 'x-kind' }, body: 'page' })
      await subject.get('/', { 'x-kind': 'a' })
      await subject.get('/', { 'x-kind': 'b' })
      await subject.pages.delete('http://example.test/')
      await subject.pages.delete('http://example.test/')
      await subject.get('/', { 'x-kind': 'a' })
      assert.equal(
        (await subject.get('/', { 'x-kind': 'b' })).cached,
        'fwd=vary-miss; ttl=60; stored',
      )
    })

    test('even while it is being made: what is of before the change is not stored', async t => {
      for (const vary of [undefined, 'x-kind']) {
        const subject = await Subject.start(t, kind)
        const headers = vary === undefined ? FRESH : { ...FRESH, vary }
        subject.answer({ headers, body: 'page' })
        if (vary !== undefined) await subject.get('/', { 'x-kind': 'a' })
        let finish: () => void = () => {}
        const isAsked = new Promise<void>(resolve => {
          subject.answer(async ({ method }) => {
            if (method !== 'GET') return { status: 204 }
            resolve()
            await new Promise<void>(free => {
              finish = free
            })
            return { headers, body: 'of before' }
          })
        })
        const slow = subject.getMeanwhile('/', { 'x-kind': 'b' })
        await isAsked
        await subject.sendMeanwhile('POST', '/')
        finish()
        assert.equal((await slow).body, 'of before')
        subject.answer({ headers, body: 'of after' })
        assert.equal((await subject.get('/', { 'x-kind': 'b' })).body, 'of after')
        assert.deepEqual(subject.errors, [])
      }
    })
  })
}
