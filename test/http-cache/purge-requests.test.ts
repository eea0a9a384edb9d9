/**
 * PURGE requests, as content systems send them.
 */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { RemoteCache } from '../../src/client/index.ts'
import { HttpCache, type PurgeAccess } from '../../src/http-cache/index.ts'
import { Cache } from '../../src/index.ts'
import { onEnd } from '../../testing/scope.ts'
import { processDir } from '../../testing/temp-dir.ts'
import { fetchFront, listenerFront, localStore } from './contract/fronts.ts'
import { type Fields, Subject } from './contract/subject.ts'

const LISTENER = { startFront: listenerFront, openStore: localStore, refreshesLater: true }
const FETCH = { startFront: fetchFront, openStore: localStore, refreshesLater: true }
const TOKEN = 'a-token-of-some-length'
const BEARER = { authorization: `Bearer ${TOKEN}` }
const TAGS = { 'cache-control': 'max-age=60', 'cache-tag': 'article:7,all' }

interface Sent {
  readonly path?: string
  readonly headers?: Fields
}

/** What content systems send, and which of `/news/7`, `/news/8` and `/about` are left then. */
const REQUESTS: Readonly<Record<string, { readonly sent: Sent; readonly left: string }>> = {
  'curl -X PURGE': { sent: { path: '/news/7' }, left: '/news/8 /about' },
  'a wildcard': { sent: { path: '/news/*' }, left: '/about' },
  'a path that is not stored': { sent: { path: '/other' }, left: '/news/7 /news/8 /about' },
  'Fastly by key': {
    sent: { path: '/', headers: { 'surrogate-key': 'article:7 article:9' } },
    left: '/news/8 /about',
  },
  'Cloudflare by tag': {
    sent: { headers: { 'cache-tag': 'article:7,x' } },
    left: '/news/8 /about',
  },
  'FOSHttpCache for xkey': { sent: { headers: { 'xkey-purge': 'all' } }, left: '/about' },
  "Drupal's purger for Varnish": {
    sent: { headers: { 'cache-tags': 'article:7|node_list' } },
    left: '/news/8 /about',
  },
  'Proxy Cache Purge of a page': {
    sent: { path: '/news/7', headers: { 'x-purge-method': 'default' } },
    left: '/news/8 /about',
  },
  'Proxy Cache Purge of everything': {
    sent: { path: '/.*', headers: { 'x-purge-method': 'regex' } },
    left: '',
  },
  'WP Rocket of a directory': {
    sent: { path: '/news/(.*)', headers: { 'x-purge-method': 'regex' } },
    left: '/about',
  },
}

async function start(t: TestContext, purge: PurgeAccess, kind = LISTENER): Promise<Subject> {
  const subject = await Subject.start(t, kind, { purge })
  subject.answer(({ path }) => {
    if (path === '/news/7') return { headers: TAGS }
    const headers = { ...TAGS, 'cache-tag': path === '/about' ? 'about' : 'article:8,all' }
    return { headers, body: path }
  })
  for (const path of ['/news/7', '/news/8', '/about']) await subject.get(path)
  return subject
}

async function left(subject: Subject): Promise<string> {
  const paths: string[] = []
  for (const path of ['/news/7', '/news/8', '/about']) {
    if ((await subject.get(path)).cached.startsWith('hit')) paths.push(path)
  }
  return paths.join(' ')
}

describe('a PURGE request', () => {
  for (const [name, { sent, left: expected }] of Object.entries(REQUESTS)) {
    for (const [server, kind] of Object.entries({
      'Node listener': LISTENER,
      'Fetch handler': FETCH,
    })) {
      test(`as of ${name} purges what it names, in a ${server}`, async t => {
        const subject = await start(t, { token: TOKEN }, kind)
        const { path = '/', headers = {} } = sent
        const answer = await subject.send('PURGE', path, { ...BEARER, ...headers })
        assert.equal(answer.status, 200)
        assert.deepEqual(JSON.parse(answer.body), { status: 'ok' })
        assert.equal(answer.headers['content-type'], 'application/json')
        assert.equal(await left(subject), expected)
        assert.ok(subject.calls.every(({ method }) => method === 'GET'))
      })
    }
  }

  for (const [name, headers] of Object.entries({
    'Fastly-Soft-Purge': { 'fastly-soft-purge': '1', 'surrogate-key': 'article:8' },
    'Fastly-Soft-Purge of a URL': { 'fastly-soft-purge': '1' },
    'xkey-softpurge': { 'xkey-softpurge': 'article:8' },
  })) {
    test(`with ${name} makes pages stale`, async t => {
      const subject = await start(t, { allow: ['127.0.0.0/8'] })
      await subject.send('PURGE', '/news/8', headers)
      const { length } = subject.calls
      assert.equal((await subject.get('/news/8')).cached, 'hit; ttl=0')
      assert.equal((await subject.get('/news/8')).cached, 'hit; ttl=60')
      assert.equal(subject.calls.length, length + 1)
    })
  }

  test('purges nothing of other hosts', async t => {
    const subject = await start(t, { token: TOKEN })
    await subject.send('PURGE', '/news/*', { ...BEARER, host: 'other.test' })
    await subject.send('PURGE', '/news/7', { ...BEARER, host: 'other.test' })
    assert.equal(await left(subject), '/news/7 /news/8 /about')
  })

  test('goes to the application unless the option purge is set', async t => {
    const subject = await Subject.start(t, LISTENER)
    subject.answer({ status: 405 })
    assert.equal((await subject.send('PURGE', '/')).status, 405)
    assert.equal(subject.calls[0]?.method, 'PURGE')
  })

  const REFUSED: Readonly<Record<string, readonly [PurgeAccess, Fields]>> = {
    'from an address that is not allowed': [{ allow: ['10.0.0.0/8', '::1'] }, {}],
    'without the token': [{ token: TOKEN }, {}],
    'with another token': [{ token: TOKEN }, { authorization: `Bearer ${TOKEN}x` }],
    'with the token in another scheme': [{ token: TOKEN }, { authorization: TOKEN }],
    'from an allowed address without the token': [{ allow: ['127.0.0.1'], token: TOKEN }, {}],
    'with the token from another address': [{ allow: ['10.0.0.1'], token: TOKEN }, BEARER],
    "with another token in Fastly's field": [{ token: TOKEN }, { 'fastly-key': 'x' }],
  }
  for (const [name, [access, headers]] of Object.entries(REFUSED)) {
    test(`${name} is refused with 403, and purges nothing`, async t => {
      const subject = await start(t, access)
      const answer = await subject.send('PURGE', '/news/*', headers)
      assert.equal(answer.status, 403)
      assert.equal(await left(subject), '/news/7 /news/8 /about')
    })
  }

  test('is refused by address where the server does not know addresses', async t => {
    const subject = await start(t, { allow: ['0.0.0.0/0', '::/0'] }, FETCH)
    assert.equal((await subject.send('PURGE', '/news/7')).status, 403)
  })

  test('with the token in a field of Fastly is allowed', async t => {
    const subject = await start(t, { token: TOKEN })
    assert.equal((await subject.send('PURGE', '/*', { 'fastly-key': TOKEN })).status, 200)
    assert.equal(await left(subject), '')
  })

  test('with an empty list of tags, or with too many, is refused with 400', async t => {
    const subject = await start(t, { token: TOKEN })
    const many = Array.from({ length: 1001 }, (_, index) => index.toString(36)).join(' ')
    for (const tags of [' ', many]) {
      const answer = await subject.send('PURGE', '/', { ...BEARER, 'surrogate-key': tags })
      assert.equal(answer.status, 400)
    }
    assert.equal(await left(subject), '/news/7 /news/8 /about')
  })
})

describe('purging', () => {
  const directory = processDir()
  const wrong = { code: 'UNDERCROFT_OPTION_INVALID' }
  const open = (t: TestContext, maxTags = 64) => {
    const memory = 'private' as const
    const cache = Cache.open({ name: 'purged', directory, memory, maxItems: 64, maxTags })
    onEnd(t, () => cache.destroy())
    return cache
  }

  test('is refused where the cache has no tags, and never does nothing silently', async t => {
    const remote = new RemoteCache('127.0.0.1:1')
    onEnd(t, () => remote.close())
    for (const cache of [open(t, 0), remote]) {
      const pages = new HttpCache({ cache })
      assert.throws(() => pages.deleteTag('a'), wrong)
      assert.throws(() => pages.deletePrefix('/news/'), wrong)
      await assert.rejects(pages.delete('/news/2'), wrong)
      await assert.rejects(pages.delete('http://a.test/', { soft: true }), wrong)
      assert.throws(() => new HttpCache({ cache, purge: { token: TOKEN } }), wrong)
    }
  })

  test('refuses targets and options that it would misunderstand', async t => {
    const pages = new HttpCache({ cache: open(t) })
    assert.throws(() => pages.deleteTag(' , '), wrong)
    assert.throws(() => pages.deletePrefix('news/'), wrong)
    assert.throws(() => pages.deleteTag('a', { sofd: true } as object), wrong)
    assert.throws(() => pages.deletePrefix('/', { host: '' }), wrong)
    await assert.rejects(pages.delete(''), wrong)
    await assert.rejects(pages.delete('a key', { soft: true }), wrong)
    await assert.rejects(pages.delete('a key', { host: 'a.test' }), wrong)
  })

  test('by requests is refused without a way to tell who may', t => {
    const cache = open(t)
    for (const purge of [
      {},
      { token: 'short' },
      { allow: [] },
      { allow: ['x'] },
      { tokn: TOKEN },
    ]) {
      assert.throws(() => new HttpCache({ cache, purge: purge as PurgeAccess }), wrong)
    }
  })
})
