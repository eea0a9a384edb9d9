/**
 * Which responses cachestore keeps: not what was meant for one user.
 */

import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { until } from '../../../testing/deadline.ts'
import { startSite } from './site.ts'

const CACHE = 'cache2 = name=c,items=100'

describe('what uWSGI stores and this does not, unless told to', () => {
  const answers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    '/cookie': { 'Set-Cookie': 'id=1' },
    '/private': { 'Cache-Control': 'max-age=60, private' },
    '/no-store': { 'Cache-Control': 'No-Store' },
    '/coded': { 'Content-Encoding': 'gzip' },
    '/public': { 'Cache-Control': 'public' },
  }
  const application: RequestListener = (request, response) => {
    response.writeHead(200, answers[request.url ?? '']).end('answer')
  }
  const paths = Object.keys(answers)

  for (const [extra, stored] of [
    ['', ['/public']],
    [',force=1', paths],
  ] as const) {
    test(`with "${extra}": ${stored.join(' ')}`, async t => {
      const site = await startSite(
        t,
        `${CACHE}\nroute-run = cachestore:key=\${PATH_INFO}${extra}`,
        { application },
      )
      for (const path of paths) assert.equal((await site.get(path)).text, 'answer')
      assert.deepEqual(
        paths.filter(path => site.value('c', path) !== undefined),
        stored,
      )
    })
  }

  test('an answer to credentials, unless the key names the user or it is public', async t => {
    const site = await startSite(
      t,
      `${CACHE}
route = ^/mine cachestore:key=for \${REMOTE_USER}
route-run = cachestore:key=\${PATH_INFO}`,
      { application },
    )
    const authorization = { Authorization: 'Basic Ym9iOmE=' }
    for (const path of ['/plain', '/public', '/mine']) {
      await site.get(path, authorization)
    }
    const stored = ['/plain', '/public', '/mine', 'for '].filter(
      key => site.value('c', key) !== undefined,
    )
    assert.deepEqual(stored, ['/public', 'for '])
  })
})

describe('cachestore with lock', () => {
  test('without a rule cache before it, and in a cache elsewhere, stores and says so', async t => {
    const site = await startSite(
      t,
      `${CACHE}
route = ^/far cachestore:key=k,name=c@127.0.0.1:1,lock=1
route-run = cachestore:key=\${PATH_INFO},lock=1`,
    )
    await site.get('/near')
    await site.get('/far')
    assert.equal(site.hits(), 2)
    assert.match(site.value('c', '/near') ?? '', /^page \/near/)
    const lines = site.log.filter(line => line.includes('lock'))
    assert.deepEqual(lines, [
      '[uwsgi-route] cachestore: lock means nothing without a rule cache before it',
      '[uwsgi-route] cachestore: lock means nothing in a cache elsewhere',
    ])
  })

  test('gives those who waited what their own rules find, compressed or not', async t => {
    let answer: () => void = () => {}
    let asked = 0
    const application: RequestListener = (_, response) => {
      asked++
      answer = () => response.end('home')
    }
    const site = await startSite(
      t,
      `${CACHE}
route-if = contains:\${HTTP_ACCEPT_ENCODING};gzip cache:key=home.gz,content_encoding=gzip
route-run = cache:key=home
route-run = cachestore:key=home,gzip=home.gz,lock=1`,
      { application },
    )
    const first = site.get('/')
    await until('it is asked', () => asked === 1)
    const waiting = [site.get('/', { 'Accept-Encoding': 'gzip' }), site.get('/')]
    await until('they wait', () => site.cache('c').stats().misses >= 4)
    answer()
    assert.equal((await first).text, 'home')
    const [coded, plain] = await Promise.all(waiting)
    assert.equal(gunzipSync(coded?.body ?? '').toString(), 'home')
    assert.equal(plain?.text, 'home')
    assert.equal(asked, 1)
  })

  test('a POST, and a request with credentials, wait for nobody', async t => {
    let asked = 0
    const site = await startSite(
      t,
      `${CACHE}\nroute-run = cache:key=k\nroute-run = cachestore:key=k,lock=1`,
      { application: () => void asked++ },
    )
    const all = [
      site.send('/', { method: 'POST' }),
      site.get('/', { Authorization: 'Basic Ym9iOmE=' }),
      site.get('/'),
    ]
    for (const each of all) each.catch(() => {}) // nobody answers them
    await until('all ask', () => asked === 3)
  })

  test('a body that is not for storing lets the others go on at once', async t => {
    const answers: (() => void)[] = []
    const site = await startSite(
      t,
      `cache2 = name=c,items=100,blocksize=1000\nroute-run = cache:key=k
route-run = cachestore:key=k,lock=1`,
      {
        application: (_, response) => {
          response.write('x'.repeat(600))
          answers.push(() => response.write('x'.repeat(600)))
        },
      },
    )
    const all = [site.get('/'), site.get('/'), site.get('/')]
    for (const each of all) each.catch(() => {}) // they do not end
    await until('one asks', () => answers.length === 1)
    answers[0]?.()
    await until('the others ask', () => answers.length === 3)
  })
})
