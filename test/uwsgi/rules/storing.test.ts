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

describe('what a stored body could be taken for', () => {
  const types: Readonly<Record<string, string>> = {
    '/page': 'Text/HTML; charset=utf-8',
    '/json': 'application/json',
    '/text': 'text/plain',
    '/api/json': 'application/json',
    '/api/page': 'text/html',
  }
  const application: RequestListener = (request, response) => {
    const type = types[request.url ?? '']
    if (type !== undefined) response.setHeader('Content-Type', type)
    response.end('<script>')
  }

  test('a type that no rule serves is not stored, and a line says so', async t => {
    const site = await startSite(
      t,
      `${CACHE}
cache2 = name=other,items=100
route = ^/api cache:key=api \${REQUEST_URI},content_type=application/json
route = ^/api cachestore:key=api \${REQUEST_URI}
route = ^/api last:
route-run = cache:key=\${REQUEST_URI},name=c
route-run = cachestore:key=\${REQUEST_URI}
route-run = cachestore:key=forced \${REQUEST_URI},force=1
route-run = cachestore:key=\${REQUEST_URI},name=other`,
      { application },
    )
    const paths = [...Object.keys(types), '/without']
    for (const path of paths) await site.get(path)
    const stored = (prefix: string) =>
      paths.filter(path => site.value('c', prefix + path) !== undefined)
    assert.deepEqual(stored(''), ['/page', '/without'])
    assert.deepEqual(stored('api '), ['/api/json'])
    assert.deepEqual(stored('forced '), ['/page', '/json', '/text', '/without'])
    assert.equal(site.cache('other').stats().items, 4)
    assert.match(site.log.join('\n'), /"application\/json" is not stored, .* as text\/html/)
  })

  test('a body that looks like a whole response is not stored', async t => {
    const bodies = [
      'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\n\r\n<script>',
      'Status: 302\r\nLocation: http://evil.example/\r\n\r\n',
      'Note: this is text\nand goes on',
    ]
    const site = await startSite(
      t,
      `${CACHE}
route = ^/(.*) cachestore:key=$1
route = ^/(.*) cachestore:key=forced $1,force=1`,
      { application: (request, response) => response.end(bodies[Number(request.url?.slice(1))]) },
    )
    for (const index of bodies.keys()) await site.get(`/${index}`)
    const stored = [0, 1, 2].filter(index => site.value('c', String(index)) !== undefined)
    assert.deepEqual(stored, [2])
    assert.equal(site.value('c', 'forced 0'), bodies[0])
  })

  test('a page made for a cookie is not stored for all', async t => {
    const site = await startSite(
      t,
      `${CACHE}
route = ^/mine cachestore:key=for \${cookie[id]}
route-run = cachestore:key=\${PATH_INFO}
route-run = cachestore:key=forced \${PATH_INFO},force=1`,
      {
        application: (request, response) => {
          if (request.url === '/fresh') response.setHeader('Cache-Control', 'max-age=60')
          response.end('answer')
        },
      },
    )
    for (const path of ['/plain', '/fresh', '/mine']) await site.get(path, { Cookie: 'id=7' })
    await site.get('/anyone')
    const keys = ['/plain', '/fresh', '/mine', 'for 7', '/anyone', 'forced /plain']
    const stored = keys.filter(key => site.value('c', key) !== undefined)
    assert.deepEqual(stored, ['/fresh', 'for 7', '/anyone', 'forced /plain'])
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
    for (const each of all) each.catch(() => {}) // they get no response
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
