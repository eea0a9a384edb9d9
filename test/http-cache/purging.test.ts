/**
 * Pages are purged by tag, path and prefix, in front of each kind of server.
 */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { until } from '../../testing/deadline.ts'
import { fetchFront, listenerFront, localStore, middlewareFront } from './contract/fronts.ts'
import { type AppResponse, type Fields, type Kind, Subject } from './contract/subject.ts'

const FRESH = { 'cache-control': 's-maxage=60' }

const KINDS: Readonly<Record<string, Kind>> = {
  'a Node listener': { startFront: listenerFront, openStore: localStore, refreshesLater: true },
  'a handler between others': {
    startFront: middlewareFront,
    openStore: localStore,
    refreshesLater: false,
  },
  'a Fetch handler': { startFront: fetchFront, openStore: localStore, refreshesLater: true },
}

/** Every path has a page that says how often it was made, with these fields. */
function answerAll(subject: Subject, fields: Fields = {}): void {
  let serial = 0
  subject.answer(({ path }) => {
    return { headers: { ...FRESH, ...fields }, body: `${path} ${++serial}` }
  })
}

async function isHit(subject: Subject, path: string, headers: Fields = {}): Promise<boolean> {
  return (await subject.get(path, headers)).cached.startsWith('hit')
}

/** Returns which of the paths have a page. */
async function hitsOf(subject: Subject, paths: readonly string[]): Promise<string[]> {
  const hits: string[] = []
  for (const path of paths) if (await isHit(subject, path)) hits.push(path)
  return hits
}

async function fill(subject: Subject, paths: readonly string[]): Promise<void> {
  for (const path of paths) await subject.get(path)
  assert.deepEqual(await hitsOf(subject, paths), paths)
}

/** Begins a request whose answer the test releases. */
async function beginSlow(subject: Subject, path: string, response: AppResponse) {
  let open: (() => void) | undefined
  subject.answer(
    () =>
      new Promise(resolve => {
        open = () => resolve(response)
      }),
  )
  const got = subject.getMeanwhile(path)
  await until('the application is asked', () => open !== undefined)
  return {
    finish: async () => {
      open?.()
      return got
    },
  }
}

async function isIdle(subject: Subject): Promise<void> {
  const isBusy = () => [...subject.memory.keys()].some(key => key.startsWith('lease:'))
  await until('what was made is stored, or is not', () => !isBusy())
}

const PURGES: Readonly<Record<string, (subject: Subject, soft: boolean) => unknown>> = {
  tag: ({ pages }, soft) => pages.deleteTag('article:2', { soft }),
  path: ({ pages }, soft) => pages.delete('/news/2', { soft }),
  'path on its host': ({ pages }, soft) =>
    pages.delete('/news/2', { soft, host: 'EXAMPLE.test:80' }),
  URL: ({ pages }, soft) => pages.delete('http://example.test/news/2', { soft }),
  prefix: ({ pages }, soft) => pages.deletePrefix('/news/', { soft }),
  'prefix on its host': ({ pages }, soft) =>
    pages.deletePrefix('/news/', { soft, host: 'example.test' }),
}

for (const [name, kind] of Object.entries(KINDS)) {
  describe(`pages in front of ${name} are purged`, () => {
    const start = (t: TestContext, options = {}) => Subject.start(t, kind, options)

    for (const field of ['Cache-Tag', 'Surrogate-Key', 'xkey', 'Cache-Tags']) {
      test(`by the tags that they name in ${field}`, async t => {
        const subject = await start(t)
        answerAll(subject, { [field]: 'all, article:7 section-1' })
        await fill(subject, ['/a', '/b'])
        answerAll(subject, { [field]: 'all article:8' })
        await fill(subject, ['/c'])
        subject.pages.deleteTags(['article:7', 'unknown'])
        assert.deepEqual(await hitsOf(subject, ['/a', '/b', '/c']), ['/c'])
        subject.pages.deleteTag('all')
        assert.deepEqual(await hitsOf(subject, ['/a', '/b', '/c']), [])
      })
    }

    test('by a path, with all queries, variants and hosts', async t => {
      const subject = await start(t)
      answerAll(subject, { vary: 'accept-language' })
      const paths = ['/news/2', '/news/2?page=2', '/news/22', '/news', '/news/2/more']
      await fill(subject, paths)
      await subject.get('/news/2', { 'accept-language': 'de' })
      await subject.get('/news/2', { 'x-forwarded-host': 'www.example.test' })
      await subject.pages.delete('/news/2')
      assert.equal(await isHit(subject, '/news/2', { 'accept-language': 'de' }), false)
      assert.equal(
        await isHit(subject, '/news/2', { 'x-forwarded-host': 'www.example.test' }),
        false,
      )
      assert.deepEqual(await hitsOf(subject, paths), ['/news/22', '/news', '/news/2/more'])
    })

    test('by a path on one host, which may be the one that a proxy names', async t => {
      const subject = await start(t)
      answerAll(subject)
      const proxied = { 'x-forwarded-host': 'www.example.test, 10.0.0.1' }
      await subject.get('/news/2')
      await subject.get('/news/2', proxied)
      await subject.pages.delete('/news/2', { host: 'www.example.test' })
      assert.equal(await isHit(subject, '/news/2'), true)
      assert.equal(await isHit(subject, '/news/2', proxied), false)
    })

    test('by a path in any spelling', async t => {
      const subject = await start(t)
      answerAll(subject)
      await fill(subject, ['/caf%C3%A9', '/caf%c3%a9', '/100%'])
      await subject.pages.delete('/café')
      await subject.pages.delete('/100%')
      assert.deepEqual(await hitsOf(subject, ['/caf%C3%A9', '/caf%c3%a9', '/100%']), [])
    })

    test('by a prefix', async t => {
      const subject = await start(t)
      answerAll(subject)
      const inside = ['/news/', '/news/2', '/news/2?page=2', '/news/a/b/c/d/e/f/g/h']
      await fill(subject, [...inside, '/news', '/newsletter/1', '/de/news/2'])
      subject.pages.deletePrefix('/news/')
      const left = ['/news', '/newsletter/1', '/de/news/2']
      assert.deepEqual(await hitsOf(subject, [...inside, ...left]), left)
      subject.pages.deletePrefix('/', { host: 'other.test' })
      assert.deepEqual(await hitsOf(subject, left), left)
      subject.pages.deletePrefix('/', { host: 'example.test' })
      assert.deepEqual(await hitsOf(subject, left), [])
    })

    test('with more than asked, where a prefix ends within a name, or is deep', async t => {
      const subject = await start(t)
      answerAll(subject)
      await fill(subject, ['/news/20', '/a/b/c/d/e/f/g/h'])
      subject.pages.deletePrefix('/news/2')
      subject.pages.deletePrefix('/a/b/c/d/e/f/g/')
      assert.deepEqual(await hitsOf(subject, ['/news/20', '/a/b/c/d/e/f/g/h']), [])
    })

    test('by tags that are too many or too long for the cache', async t => {
      const subject = await start(t)
      const many = Array.from({ length: 500 }, (_, index) => `node:${index}`).join(' ')
      answerAll(subject, { 'surrogate-key': many })
      await fill(subject, ['/list'])
      answerAll(subject, { 'surrogate-key': 'x'.repeat(1000) })
      await fill(subject, ['/long'])
      subject.pages.deleteTag('node:321')
      assert.deepEqual(await hitsOf(subject, ['/list', '/long']), ['/long'])
      subject.pages.deleteTag('x'.repeat(1000))
      assert.deepEqual(await hitsOf(subject, ['/long']), [])
    })

    test('also after a 304 that names no tags', async t => {
      const subject = await start(t, { hideTags: true })
      const headers = { 'cache-control': 'max-age=60', etag: '"v1"' }
      subject.answer({ headers: { ...headers, 'cache-tag': 'article:7' }, body: 'page' })
      await subject.get('/a')
      subject.clock.advance(61_000)
      subject.answer({ status: 304, headers })
      assert.match((await subject.get('/a')).cached, /fwd-status=304.*stored/)
      assert.equal(await isHit(subject, '/a'), true)
      subject.pages.deleteTag('article:7')
      assert.equal(await isHit(subject, '/a'), false)
    })

    for (const [by, purge] of Object.entries(PURGES)) {
      test(`by ${by}, and an answer that was being made is not stored`, async t => {
        const subject = await start(t)
        const headers = { ...FRESH, 'cache-tag': 'article:2' }
        const slow = await beginSlow(subject, '/news/2', { headers, body: 'old' })
        await purge(subject, false)
        assert.equal((await slow.finish()).body, 'old')
        await isIdle(subject)
        subject.answer({ headers, body: 'new' })
        assert.equal((await subject.get('/news/2')).body, 'new')
        assert.equal((await subject.get('/news/2')).cached, 'hit; ttl=60')
      })

      test(`softly by ${by}: clients get the page while it is refreshed`, async t => {
        const subject = await start(t)
        const headers = { ...FRESH, 'cache-tag': 'article:2' }
        subject.answer({ headers, body: 'old' })
        await subject.get('/news/2')
        await purge(subject, true)
        subject.answer({ headers, body: 'new' })
        const first = await subject.get('/news/2')
        const refreshed = { body: 'new', cached: 'fwd=stale; ttl=60; stored' }
        const stale = { body: 'old', cached: 'hit; ttl=0' }
        const { body, cached } = first
        assert.deepEqual({ body, cached }, kind.refreshesLater ? stale : refreshed)
        const second = await subject.get('/news/2')
        assert.equal(second.body, 'new')
        assert.equal(second.cached, 'hit; ttl=60')
        assert.equal(subject.calls.length, 2)
      })
    }

    test('softly, and an answer that was being made is refreshed', async t => {
      const subject = await start(t)
      const headers = { ...FRESH, 'cache-tag': 'article:2' }
      const slow = await beginSlow(subject, '/news/2', { headers, body: 'old' })
      subject.pages.deleteTag('article:2', { soft: true })
      await slow.finish()
      await isIdle(subject)
      subject.answer({ headers, body: 'new' })
      await subject.get('/news/2')
      assert.equal((await subject.get('/news/2')).body, 'new')
    })

    test('softly, and stay stale while the application fails', async t => {
      const subject = await start(t)
      subject.answer({ headers: { ...FRESH, 'cache-tag': 'article:2' }, body: 'old' })
      await subject.get('/news/2')
      subject.pages.deleteTag('article:2', { soft: true })
      subject.answer({ status: 503 })
      assert.equal((await subject.get('/news/2')).body, 'old')
      assert.equal((await subject.get('/news/2')).body, 'old')
      subject.clock.advance(2000)
      subject.answer({ headers: FRESH, body: 'new' })
      await subject.get('/news/2')
      assert.equal((await subject.get('/news/2')).body, 'new')
    })

    test('for good: a stale page does not return when the application fails', async t => {
      const subject = await start(t)
      const headers = { 'cache-control': 'max-age=60, stale-if-error=600', 'cache-tag': 'a' }
      subject.answer({ headers, body: 'old' })
      await subject.get('/')
      subject.clock.advance(61_000)
      const slow = await beginSlow(subject, '/', { status: 503 })
      subject.pages.deleteTag('a')
      await slow.finish()
      await isIdle(subject)
      subject.answer({ status: 503 })
      assert.equal((await subject.get('/')).status, 503)
    })

    test('and clients do not see tags where hideTags is set', async t => {
      const subject = await start(t, { hideTags: true })
      answerAll(subject, { 'cache-tag': 'a', 'surrogate-key': 'b', xkey: 'c', 'x-kept': 'd' })
      for (const method of ['GET', 'GET', 'POST']) {
        const { headers } = await subject.send(method, '/')
        const seen = ['cache-tag', 'surrogate-key', 'xkey', 'x-kept'].filter(
          field => headers[field],
        )
        assert.deepEqual(seen, ['x-kept'])
      }
    })
  })
}
