/** Revalidating a stale response with the application, and using it when that fails. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { until } from '../../../testing/deadline.ts'
import { type AppResponse, type Kind, Subject } from './subject.ts'

const ETAG = '"v1"'
const SINCE = 'Fri, 01 Jan 2027 00:00:00 GMT'

export function describeValidation(kind: Kind): void {
  describe('a stale response', () => {
    test('is asked about by its ETag and date, and fresh again after 304', async t => {
      const subject = await Subject.start(t, kind)
      const headers = { 'cache-control': 'max-age=60', etag: ETAG, 'last-modified': SINCE }
      subject.answer({ headers: { ...headers, 'x-try': '1', 'x-first': 'yes' }, body: 'page' })
      await subject.get('/')
      subject.clock.advance(61_000)
      subject.answer({ status: 304, headers: { ...headers, 'x-try': '2', 'x-new': 'yes' } })
      const renewed = await subject.get('/')
      const { headers: asked } = subject.calls[1] ?? assert.fail()
      assert.deepEqual([asked['if-none-match'], asked['if-modified-since']], [ETAG, SINCE])
      assert.equal(renewed.cached, 'fwd=stale; fwd-status=304; ttl=60; stored')
      assert.deepEqual([renewed.status, renewed.body, renewed.headers.age], [200, 'page', '0'])
      subject.clock.advance(59_000)
      const { headers: later, cached, body } = await subject.get('/')
      assert.deepEqual([cached, body], ['hit; ttl=1', 'page'])
      assert.deepEqual([later['x-try'], later['x-first'], later['x-new']], ['2', 'yes', 'yes'])
    })

    test('is replaced by a 200', async t => {
      const subject = await Subject.start(t, kind)
      const headers = { 'cache-control': 'max-age=60', etag: ETAG }
      subject.answer({ headers, body: 'old' })
      await subject.get('/')
      subject.clock.advance(61_000)
      subject.answer({ headers: { ...headers, etag: '"v2"' }, body: 'new' })
      assert.equal((await subject.get('/')).cached, 'fwd=stale; ttl=60; stored')
      assert.equal((await subject.get('/')).body, 'new')
    })

    test('is not asked about by what the client has, or by an ETag of ours', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({
        headers: { 'cache-control': 'max-age=60, stale-if-error=60' },
        body: 'page',
      })
      const client = { 'if-none-match': '"of the client"', 'if-modified-since': SINCE }
      await subject.get('/', client)
      subject.clock.advance(61_000)
      await subject.get('/', client)
      for (const { headers } of subject.calls) {
        assert.equal(headers['if-none-match'], undefined)
        assert.equal(headers['if-modified-since'], undefined)
      }
      assert.equal(subject.calls.length, 2)
    })

    test('answers the client, but is not stored, after a 304 that forbids it', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ headers: { 'cache-control': 'max-age=60', etag: ETAG }, body: 'page' })
      await subject.get('/')
      subject.clock.advance(61_000)
      for (const headers of [{ 'cache-control': 'no-store' }, { etag: '"another"' }]) {
        subject.answer({ status: 304, headers })
        const { status, body, cached } = await subject.get('/')
        if (cached.startsWith('fwd=stale')) assert.deepEqual([status, body], [200, 'page'])
        assert.ok(!cached.includes('stored') && !cached.startsWith('hit'), cached)
      }
    })

    test('gives its cookies to the one client that brought them', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ headers: { 'cache-control': 'max-age=60', etag: ETAG }, body: 'page' })
      await subject.get('/')
      subject.clock.advance(61_000)
      subject.answer({ status: 304, headers: { etag: ETAG, 'set-cookie': 'id=1' } })
      const { headers, body } = await subject.get('/')
      assert.deepEqual([headers['set-cookie'], body], ['id=1', 'page'])
    })
  })

  describeWhileRevalidated(kind)
  describeOnError(kind)
}

function describeWhileRevalidated(kind: Kind): void {
  const headers = { 'cache-control': 'max-age=60, stale-while-revalidate=30', etag: ETAG }

  describe('with stale-while-revalidate', () => {
    test('a stale response is given at once while one request refreshes it', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ headers, body: 'old' })
      await subject.get('/')
      subject.clock.advance(70_000)
      let finish: () => void = () => {}
      subject.answer(async () => {
        await new Promise<void>(resolve => {
          finish = resolve
        })
        return { headers: { ...headers, etag: '"v2"' }, body: 'new' }
      })
      const first = subject.getMeanwhile('/')
      await until('it is refreshed', () => subject.calls.length === 2)
      const others = await Promise.all([1, 2, 3].map(() => subject.getMeanwhile('/')))
      for (const other of others)
        assert.deepEqual([other.body, other.cached], ['old', 'hit; ttl=-10'])
      if (kind.refreshesLater) assert.equal((await first).body, 'old')
      finish()
      if (!kind.refreshesLater) assert.equal((await first).body, 'new')
      await until('it is fresh', async () => (await subject.get('/')).body === 'new')
      assert.equal(subject.calls.length, 2)
      assert.equal(subject.calls[1]?.headers['if-none-match'], ETAG)
    })

    test('a refresh may come to 304, or to nothing at all', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ headers, body: 'page' })
      await subject.get('/')
      subject.clock.advance(70_000)
      subject.answer({ status: 304, headers })
      await subject.get('/')
      await until('it is fresh', async () => (await subject.get('/')).cached === 'hit; ttl=60')
      subject.clock.advance(70_000)
      subject.answer({ status: 404, body: 'gone' })
      await subject.get('/')
      await until('it is gone', async () => (await subject.get('/')).status === 404)
    })

    test('a response is not given when it is staler than that', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ headers, body: 'old' })
      await subject.get('/')
      subject.clock.advance(90_000)
      subject.answer({ headers, body: 'new' })
      assert.equal((await subject.get('/')).body, 'new')
    })
  })
}

function describeOnError(kind: Kind): void {
  const headers = { 'cache-control': 'max-age=60, stale-if-error=30' }

  describe('with stale-if-error', () => {
    const failing: AppResponse = { status: 503, headers: { 'retry-after': '9' }, body: 'down' }

    test('a stale response is given in place of an error', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ headers, body: 'page' })
      await subject.get('/')
      subject.clock.advance(70_000)
      subject.answer(failing)
      const got = await subject.get('/')
      assert.deepEqual([got.status, got.body], [200, 'page'])
      assert.equal(got.cached, 'fwd=stale; fwd-status=503; ttl=-10')
      assert.equal(got.headers['retry-after'], undefined)
      assert.equal((await subject.get('/')).cached, 'hit; ttl=-10') // for a second, without asking
      subject.clock.advance(1000)
      await subject.get('/')
      assert.equal(subject.calls.length, 3)
      subject.answer({ headers, body: 'back' })
      subject.clock.advance(1000)
      assert.equal((await subject.get('/')).body, 'back')
    })

    test('an error is an error when the response is staler than that, or another kind', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ headers: { ...headers, etag: ETAG }, body: 'page' })
      await subject.get('/')
      subject.clock.advance(70_000)
      subject.answer({ status: 404, body: 'gone' })
      assert.equal((await subject.get('/')).status, 404)
      await subject.pages.delete('http://example.test/')
      subject.answer({ headers: { ...headers, etag: ETAG }, body: 'page' })
      await subject.get('/')
      subject.clock.advance(90_000)
      subject.answer(failing)
      assert.equal((await subject.get('/')).status, 503)
    })

    test('must-revalidate is stronger', async t => {
      const subject = await Subject.start(t, kind)
      const strict = 'max-age=60, must-revalidate, stale-if-error=30, stale-while-revalidate=30'
      subject.answer({ headers: { 'cache-control': strict, etag: ETAG }, body: 'page' })
      await subject.get('/')
      subject.clock.advance(61_000)
      subject.answer(failing)
      assert.equal((await subject.get('/')).status, 503)
    })
  })
}
