/** Which responses are different pages: by key, and by Vary. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CacheRequest } from '../../../src/http-cache/index.ts'
import { until } from '../../../testing/deadline.ts'
import { shortestMs } from '../../../testing/statistics.ts'
import { type Fields, type Kind, Subject } from './subject.ts'

const FRESH = { 'cache-control': 'max-age=60' }

/** Answers with every part of a request that a page may be made from. */
function tellAll(subject: Subject, headers: Fields = FRESH): void {
  subject.answer(({ path, headers: asked }) => ({
    headers,
    body: JSON.stringify([path, asked.host, asked['x-forwarded-host'], asked['x-kind']]),
  }))
}

export function describeVariants(kind: Kind): void {
  describe('a response is only for', () => {
    test('its own path and query, letter for letter', async t => {
      const subject = await Subject.start(t, kind)
      tellAll(subject)
      for (const path of ['/', '/a', '/A', '/a?', '/a?b=1', '/a?b=2', '/a/']) {
        assert.ok((await subject.get(path)).cached.startsWith('fwd=uri-miss'), path)
        assert.ok((await subject.get(path)).cached.startsWith('hit'), path)
      }
    })

    test('its own host as a proxy tells it, and its scheme', async t => {
      const subject = await Subject.start(t, kind)
      tellAll(subject)
      for (const headers of [
        {},
        { 'x-forwarded-host': 'evil.test' },
        { 'x-forwarded-proto': 'https' },
        { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https' },
        { 'x-forwarded-proto': 'gopher' },
      ]) {
        assert.ok((await subject.get('/', headers)).cached.startsWith('fwd'))
        assert.ok((await subject.get('/', headers)).cached.startsWith('hit'))
      }
      assert.equal(subject.keys()[0], 'page:http://example.test/')
    })

    test('its own URL also when that is longer than any key', async t => {
      const subject = await Subject.start(t, kind)
      tellAll(subject)
      for (const end of ['a', 'b', 'ü']) {
        const path = `/${'x'.repeat(5000)}${encodeURIComponent(end)}`
        const { body } = await subject.get(path)
        assert.deepEqual([JSON.parse(body)[0], (await subject.get(path)).body], [path, body])
      }
      assert.ok(subject.keys().every(key => key.length <= 256))
    })

    test('the key that the owner makes of a request; without one, for nobody else', async t => {
      const seen: CacheRequest[] = []
      const key = (request: CacheRequest) => {
        seen.push(request)
        if (request.url.endsWith('/none')) return undefined
        return `${request.method === 'HEAD'} ${request.header('x-kind')}`
      }
      const subject = await Subject.start(t, kind, { key })
      tellAll(subject)
      const { body } = await subject.get('/a?b', { 'x-kind': '1' })
      assert.equal((await subject.get('/other', { 'x-kind': '1' })).body, body)
      assert.ok((await subject.get('/a?b', { 'x-kind': '2' })).cached.startsWith('fwd'))
      assert.deepEqual(subject.keys(), ['page:false 1', 'page:false 2'])
      assert.equal((await subject.get('/none')).cached, 'fwd=bypass; detail=no-key')
      assert.equal((await subject.get('/none')).cached, 'fwd=bypass; detail=no-key')
      assert.equal(seen[0]?.url, 'http://example.test/a?b')
      await subject.send('POST', '/', { 'x-kind': '1' })
      await until('it is forgotten', () => subject.keys().join() === 'page:false 2')
      await subject.pages.delete('false 2')
      assert.deepEqual(subject.keys(), [])
    })

    test('requests with the same fields that Vary names', async t => {
      const subject = await Subject.start(t, kind)
      tellAll(subject, { ...FRESH, vary: 'X-Kind, accept-language' })
      const cached = async (headers: Fields) => (await subject.get('/', headers)).cached
      assert.equal(await cached({ 'x-kind': 'a' }), 'fwd=uri-miss; ttl=60; stored')
      assert.equal(await cached({ 'x-kind': 'b' }), 'fwd=vary-miss; ttl=60; stored')
      assert.equal(await cached({}), 'fwd=vary-miss; ttl=60; stored')
      assert.equal(
        await cached({ 'x-kind': 'a', 'accept-language': 'de' }),
        'fwd=vary-miss; ttl=60; stored',
      )
      for (const headers of [{ 'x-kind': 'a' }, { 'x-kind': 'b' }, {}]) {
        const { body, cached: outcome } = await subject.get('/', { ...headers, 'x-other': 'z' })
        assert.equal(JSON.parse(body)[3] ?? undefined, (headers as Fields)['x-kind'])
        assert.equal(outcome, 'hit; ttl=60')
      }
      assert.equal(subject.calls.length, 4)
    })
  })

  describe('of the variants of a response', () => {
    const languages = (language: string) => ({ 'accept-language': language })

    test('those are the same that differ only in what means nothing', async t => {
      const subject = await Subject.start(t, kind)
      tellAll(subject, { ...FRESH, vary: 'accept-language' })
      await subject.get('/', languages('de, en;q=0.5'))
      assert.equal((await subject.get('/', languages('DE,en;q=0.5'))).cached, 'hit; ttl=60')
    })

    test('a field full of spaces is read in time that grows with its length', async t => {
      const subject = await Subject.start(t, kind)
      tellAll(subject, { ...FRESH, vary: 'accept-language' })
      const timeOf = (gap: string) =>
        shortestMs(4, () => subject.get('/', languages(`a${gap.repeat(15_000)}b`)))
      const harmlessMs = await timeOf('-')
      const hostileMs = await timeOf(' ')
      // The quadratic expression took 300 ms a request.
      assert.ok(hostileMs < 10 * harmlessMs, `${hostileMs} ms; without spaces ${harmlessMs} ms`)
    })

    test('the oldest goes when there are more than maxVariants', async t => {
      const subject = await Subject.start(t, kind, { maxVariants: 2 })
      tellAll(subject, { ...FRESH, vary: 'accept-language' })
      for (const language of ['a', 'b', 'c']) await subject.get('/', languages(language))
      assert.equal(subject.keys().length, 3) // two, and the list of them
      assert.ok((await subject.get('/', languages('c'))).cached.startsWith('hit'))
      assert.ok((await subject.get('/', languages('b'))).cached.startsWith('hit'))
      assert.ok((await subject.get('/', languages('a'))).cached.startsWith('fwd=vary-miss'))
    })

    test('each lives as long as it is fresh, whatever the others', async t => {
      const subject = await Subject.start(t, kind)
      const vary = { vary: 'x-kind' }
      subject.answer(({ headers }) => ({
        // Strict, and so of no use once it is stale.
        headers: { ...vary, 'cache-control': `max-age=${headers['x-kind']}, must-revalidate` },
      }))
      await subject.get('/', { 'x-kind': '90' })
      await subject.get('/', { 'x-kind': '10' })
      subject.clock.advance(50_000)
      assert.equal((await subject.get('/', { 'x-kind': '90' })).cached, 'hit; ttl=40')
      assert.ok((await subject.get('/', { 'x-kind': '10' })).cached.startsWith('fwd=vary-miss'))
    })

    test('none is mixed up when responses vary by more and more', async t => {
      const subject = await Subject.start(t, kind)
      const steps = [undefined, 'x-kind', 'x-kind, accept-language', 'accept-language', undefined]
      for (const vary of steps) {
        tellAll(subject, vary === undefined ? FRESH : { ...FRESH, vary })
        for (const headers of [{ 'x-kind': 'a' }, { 'x-kind': 'b', 'accept-language': 'de' }]) {
          await subject.get('/', { ...headers, 'cache-control': 'no-cache' })
          const { body, cached } = await subject.get('/', headers)
          assert.equal(cached, 'hit; ttl=60', `${vary}`)
          assert.equal(JSON.parse(body)[3], headers['x-kind'], `${vary}`)
        }
      }
    })

    test('all are told apart by long values, too', async t => {
      const subject = await Subject.start(t, kind)
      tellAll(subject, { ...FRESH, vary: 'x-kind' })
      for (const end of ['a', 'b']) {
        const headers = { 'x-kind': 'é'.repeat(300) + end }
        const { body } = await subject.get('/', headers)
        assert.ok(body.endsWith(`${end}"]`))
        assert.equal((await subject.get('/', headers)).body, body)
      }
    })
  })
}
