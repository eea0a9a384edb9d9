import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { createCacheHandler } from '../../../src/adapters/next/cache-handler.ts'
import { Cache } from '../../../src/index.ts'
import { memoryDir } from '../../../testing/temp-dir.ts'
import { warningsOf } from '../warnings.ts'
import { buildFolder, openNext, page, startServers } from './next-setting.ts'

const PAGE = { kind: 'APP_PAGE', cacheControl: { revalidate: 60, expire: 3600 } }
const FETCH = { kind: 'FETCH', fetchCache: true }

describe('the handler of pages', () => {
  test('keeps buffers, maps and the lifetime of a page', async t => {
    const { handler, clock } = openNext(t)
    const madeAtMs = clock.nowMs()
    await handler.set('/a', page('<p>a</p>', ['a']), PAGE)
    const found = await handler.get('/a', PAGE)
    assert.deepEqual(found?.value, page('<p>a</p>', ['a']))
    assert.deepEqual(found?.cacheControl, PAGE.cacheControl)
    assert.equal(found?.lastModified, madeAtMs)
  })

  test('serves a page past its revalidate, until its expire', async t => {
    const { handler, clock } = openNext(t)
    await handler.set('/a', page('<p>a</p>'), PAGE)
    clock.advance(3_599_999)
    assert.ok(await handler.get('/a', PAGE))
    clock.advance(1)
    assert.equal(await handler.get('/a', PAGE), null)
  })

  test('remembers that there is no page', async t => {
    const { handler } = openNext(t)
    await handler.set('/a', null, PAGE)
    assert.equal((await handler.get('/a', PAGE))?.value, null)
  })

  test('serves no page of an older build, and keeps fetched data', async t => {
    const { handler, Handler } = openNext(t)
    await handler.set('/a', page('<p>old</p>'), PAGE)
    await handler.set('hash', { kind: 'FETCH', data: { body: 'x' }, revalidate: 60 }, FETCH)
    const next = new Handler({ serverDistDir: buildFolder(t, 'build-2') })
    assert.equal(await next.get('/a', PAGE), null)
    assert.ok(await next.get('hash', FETCH))
  })

  test('ends what has a tag that was revalidated, and what is made after that lives', async t => {
    const { handler, clock } = openNext(t)
    await handler.set('/a', page('<p>1</p>', ['x', '_N_T_/a']), PAGE)
    await handler.set('/b', page('<p>1</p>', ['y']), PAGE)
    clock.advance(1)
    await handler.revalidateTag(['_N_T_/a'])
    assert.equal(await handler.get('/a', PAGE), null)
    assert.ok(await handler.get('/b', PAGE))
    clock.advance(1)
    await handler.set('/a', page('<p>2</p>', ['x', '_N_T_/a']), PAGE)
    assert.ok(await handler.get('/a', PAGE))
  })

  test('stores what was rendered before a revalidation as already over', async t => {
    const { handler, clock } = openNext(t)
    assert.equal(await handler.get('/a', PAGE), null)
    clock.advance(10)
    await handler.revalidateTag('x')
    clock.advance(10)
    await handler.set('/a', page('<p>of the old data</p>', ['x']), PAGE)
    assert.equal(await handler.get('/a', PAGE), null)
  })

  test('lets Next.js serve a stale page and make it again, until the tag expires', async t => {
    const { handler, clock } = openNext(t)
    await handler.set('/a', page('<p>1</p>', ['x']), PAGE)
    clock.advance(1)
    await handler.revalidateTag('x', { expire: 300 })
    const found = await handler.get('/a', PAGE)
    const revalidate = found?.cacheControl?.revalidate
    const ageMs = clock.nowMs() - (found?.lastModified ?? 0)
    assert.equal(revalidate, 60)
    assert.ok(ageMs > 60_000 && ageMs < 3_600_000, `${ageMs}`)
    clock.advance(300_000)
    assert.equal(await handler.get('/a', PAGE), null)
  })

  test('gives a stale page that never ends a number to be past', async t => {
    const { handler, clock } = openNext(t)
    const context = { kind: 'APP_PAGE', cacheControl: { revalidate: false } as const }
    await handler.set('/a', page('<p>1</p>', ['x']), context)
    clock.advance(1)
    await handler.revalidateTag('x', {})
    const found = await handler.get('/a', context)
    assert.equal(found?.cacheControl?.revalidate, 1)
    assert.ok((found?.lastModified ?? 0) < clock.nowMs() - 1000)
  })

  test('ends fetched data by its own tags, those of the read, and soft ones', async t => {
    const { handler, clock, Handler, serverDistDir } = openNext(t)
    const value = { kind: 'FETCH', data: { body: 'x' }, tags: ['own'], revalidate: 60 }
    for (const tag of ['own', 'read', 'soft']) {
      clock.advance(1)
      await handler.set('hash', value, FETCH)
      const context = { ...FETCH, tags: ['read'], softTags: ['soft'] }
      assert.ok(await handler.get('hash', context))
      clock.advance(1)
      await handler.revalidateTag(tag)
      assert.equal(await handler.get('hash', context), null)
    }
    clock.advance(1)
    await handler.set('hash', value, FETCH)
    const other = new Handler({ serverDistDir, revalidatedTags: ['own'] })
    assert.equal(await other.get('hash', FETCH), null)
  })

  test('brings nothing back to life where there are more tags than can be pinned', async t => {
    const warnings = warningsOf(t)
    const { handler, clock, cache } = openNext(t, { maxItems: 64 })
    await handler.set('/a', page('<p>1</p>', ['tag-0']), PAGE)
    clock.advance(1)
    for (let i = 0; i < 100; i++) {
      await handler.revalidateTag(`tag-${i}`)
      assert.equal(await handler.get('/a', PAGE), null, `after ${i} tags`)
    }
    assert.deepEqual(warnings(), ['UNDERCROFT_PINS_FULL'])
    assert.ok(cache.stats().pinned < 64)
    clock.advance(2000)
    assert.equal(await handler.get('/a', PAGE), null)
    await handler.set('/a', page('<p>2</p>', ['tag-0']), PAGE)
    assert.ok(await handler.get('/a', PAGE))
  })

  test('leaves shared memory alone in the workers of a build', async t => {
    const directory = memoryDir(t)
    const Handler = createCacheHandler({ name: 'built', maxItems: 10, directory })
    process.env.NEXT_PHASE = 'phase-production-build'
    try {
      const handler = new Handler({ serverDistDir: buildFolder(t, 'build-1') })
      await handler.set('/a', page('<p>a</p>'), PAGE)
      await handler.revalidateTag('x')
      assert.equal(await handler.get('/a', PAGE), null)
      assert.throws(() => Cache.open({ name: 'built', directory }), {
        code: 'UNDERCROFT_NO_SUCH_CACHE',
      })
    } finally {
      delete process.env.NEXT_PHASE
    }
  })

  test('misses with one warning after its cache was closed, or is too full', async t => {
    const warnings = warningsOf(t)
    const directory = memoryDir(t)
    const cache = Cache.open({ name: 'closed', maxItems: 100, directory })
    const Handler = createCacheHandler({ cache })
    const handler = new Handler({ serverDistDir: buildFolder(t, 'b'), fs: { readFile, stat } })
    await handler.set('/a', page('<p>a</p>'), PAGE)
    await handler.set('/large', page('x'.repeat(cache.maxValueSize)), PAGE)
    assert.equal(await handler.get('/large', PAGE), null)
    cache.close()
    assert.equal(await handler.get('/a', PAGE), null)
    await handler.set('/a', page('<p>a</p>'), PAGE)
    await handler.revalidateTag('x')
    handler.resetRequestCache()
    assert.deepEqual(warnings(), ['UNDERCROFT_VALUE_TOO_LARGE', 'UNDERCROFT_CLOSED'])
  })
})

describe('the handlers of pages of several processes', () => {
  test('see a revalidation in one at the next request of every other', async t => {
    const { first, second, handler } = await startServers(t)
    await handler.set('/a', page('<p>a</p>', ['x']), PAGE)
    assert.equal(await second.ask({ kind: 'get page', key: '/a' }), '<p>a</p>')
    await first.ask({ kind: 'revalidate', tag: 'x' })
    assert.equal(await second.ask({ kind: 'get page', key: '/a' }), null)
  })

  test('render a page once: the others wait for it', async t => {
    const { first, second, handler } = await startServers(t)
    assert.equal(await first.ask({ kind: 'get page', key: '/a' }), null)
    const others = [second.ask({ kind: 'get page', key: '/a' }), handler.get('/a', PAGE)]
    await first.ask({ kind: 'render', key: '/a', html: '<p>once</p>' })
    const [html, entry] = await Promise.all(others)
    assert.equal(html, '<p>once</p>')
    assert.equal((entry as { value: { html: string } }).value.html, '<p>once</p>')
  })

  test('do not wait for a process that was killed while it rendered', async t => {
    const { first, second } = await startServers(t)
    assert.equal(await first.ask({ kind: 'get page', key: '/a' }), null)
    await first.kill()
    assert.equal(await second.ask({ kind: 'get page', key: '/a' }), null)
  })
})
