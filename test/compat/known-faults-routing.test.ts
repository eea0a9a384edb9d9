/**
 * Faults of uWSGI's internal routing, and what happens here instead.
 */

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { until } from '../../testing/deadline.ts'
import { onEnd } from '../../testing/scope.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { startServer } from '../../testing/undercroft-server.ts'
import type { RawResponse } from '../uwsgi/rules/raw-http.ts'
import { startSite } from '../uwsgi/rules/site.ts'

const CACHE = 'cache2 = name=c,items=100'

function assertNotCached(response: RawResponse, text: string): void {
  assert.ok(!response.headers.includes('Content-Type: text/html'), response.raw)
  assert.equal(response.text, text)
}

const whole = (text: string) =>
  Buffer.from(`HTTP/1.1 200 OK\r\nX-Stored: 1\r\nContent-Length: ${text.length}\r\n\r\n${text}`)

describe('F39: check-cache = b', () => {
  test('looks in b, and answers with the response that is stored there', async t => {
    const site = await startSite(
      t,
      'cache2 = name=a,items=10\ncache2 = name=b,items=10\ncheck-cache = b',
    )
    site.cache('a').set('/x', whole('from a'))
    site.cache('a').set('/only-a', whole('from a'))
    site.cache('b').set('/x', whole('from b'))
    const { raw } = await site.get('/x')
    assert.equal(raw, whole('from b').toString())
    assertNotCached(await site.get('/only-a'), 'page /only-a q= user=- hit=1')
    assertNotCached(await site.send('/x', { method: 'POST' }), 'page /x q= user=- hit=2')
  })

  test('without a name looks in the first; an unknown name is refused at start', async t => {
    const site = await startSite(t, 'cache2 = name=a,items=10\ncheck-cache')
    site.cache('a').set('/x', whole('from a'))
    assert.equal((await site.get('/x')).text, 'from a')
    const message = '/srv/app.ini:3: check-cache: unable to find cache "b"'
    await assert.rejects(startSite(t, 'cache2 = name=a,items=10\ncheck-cache = b'), { message })
  })
})

test('F41: rules are about HTTP requests, and commands to caches go on beside them', async t => {
  const { port, cache } = await startServer(t, { caches: [{ name: 'b', maxItems: 10 }] })
  const site = await startSite(
    t,
    `route-run = addheader:X-Rule: 1
route = ^/far cachestore:key=k,name=b@127.0.0.1:${port}
route = ^/no break:403`,
  )
  assert.equal((await site.get('/far')).text, 'page /far q= user=- hit=1')
  // No request waits for a cache at another address.
  const stored = await until('the page is stored', () => cache('b').getItem('k'))
  assert.equal(stored.bytes.toString(), 'page /far q= user=- hit=1')
  assert.equal((await site.get('/no')).statusLine, 'HTTP/1.1 403 Forbidden')
})

describe('F42: cacheset that cannot store', () => {
  for (const [what, rule] of [
    ['a key that is there', 'cacheset:key=k,value=other'],
    ['an empty value', `cacheset:key=e,value=\${qs[none]}`],
    ['an unknown cache', 'cacheset:key=k,value=v,name=nowhere'],
    ['a key that is too long', `cacheset:key=${'k'.repeat(3000)},value=v`],
  ]) {
    test(`goes on with the next rule: ${what}`, async t => {
      const site = await startSite(t, `${CACHE}\nroute-run = ${rule}\nroute-run = cache:key=k`)
      site.cache('c').set('k', Buffer.from('first'))
      assert.equal((await site.get('/')).text, 'first')
    })
  }
})

test('F43: a number in a variable is its digits and nothing else', async t => {
  const site = await startSite(
    t,
    `${CACHE}\nroute-run = cachevar:key=n,var=N,as_num=1\nroute-run = addheader:X-N: [\${N}]`,
  )
  const cache = site.cache('c')
  const seen: string[] = []
  const numbers = [7n, -3n, 1234691346919n, -(2n ** 63n), 2n ** 63n - 1n]
  for (const number of numbers) {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(number)
    cache.set('n', bytes)
    seen.push(...(await site.get('/')).headers.filter(line => line.startsWith('X-N')))
  }
  cache.set('n', Buffer.from('longer than eight'))
  seen.push(...(await site.get('/')).headers.filter(line => line.startsWith('X-N')))
  assert.deepEqual(
    seen,
    [...numbers, 0].map(number => `X-N: [${number}]`),
  )
})

test('F44: $0 is the whole match, and nothing where there is none', async t => {
  const site = await startSite(
    t,
    `route = ^/[a-z]+ addheader:X-Match: [$0][$1]
route-run = addheader:X-Run: [$0]
route-if = startswith:\${PATH_INFO};/ addheader:X-If: [$0]`,
  )
  const { headers } = await site.get('/abc/d')
  assert.deepEqual(
    headers.filter(line => /^X-(?:Match|Run|If)/.test(line)),
    ['X-Match: [/abc][]', 'X-Run: []', 'X-If: []'],
  )
})

test('F45: what a request brings is never expanded', async t => {
  const site = await startSite(
    t,
    `${CACHE}
route-uri = ^/a/(.*) addheader:X-Group: $1
route-uri = ^/k/(.*) cacheset:key=$1,value=$1
route-run = addheader:X-Agent: \${HTTP_USER_AGENT}
route-uri = ^/c/(.*)$ addheader:X-Cookie: \${cookie[$1]}`,
  )
  const text = `\${HTTP_HOST}`
  const agent = `\${REMOTE_ADDR}$0`
  const { headers } = await site.get(`/a/${text}`, { 'User-Agent': agent })
  assert.ok(headers.includes(`X-Group: ${text}`), headers.join('\n'))
  assert.ok(headers.includes(`X-Agent: ${agent}`), headers.join('\n'))
  await site.get(`/k/${text}`)
  assert.equal(site.value('c', text), text)
  const cookies = { Cookie: 'a=1; b=2' }
  const named = await site.get('/c/b', cookies)
  assert.ok(named.headers.includes('X-Cookie: 2'), named.raw)
  const nested = await site.get(`/c/b]}\${HTTP_COOKIE}\${cookie[b`, cookies)
  assert.ok(nested.headers.includes('X-Cookie: '), nested.raw)
})

test('F46: contains finds what comes after a partial match', async t => {
  const site = await startSite(
    t,
    `route-if = contains:hello;lo addheader:X-A: 1
route-if = contains:aab;ab addheader:X-B: 1
route-if = contains:aab; addheader:X-Empty: 1
route-if = contains:aab;ba addheader:X-None: 1`,
  )
  const { headers } = await site.get('/')
  assert.deepEqual(
    headers.filter(line => /^X-(?:A|B|Empty|None):/.test(line)),
    ['X-A: 1', 'X-B: 1'],
  )
})

describe('F47: methods', () => {
  const rules = (extra: string) =>
    `${CACHE}\nroute-run = cache:key=k${extra}\nroute-run = cachestore:key=k${extra}`

  test('HEAD is answered without a body, and POST by the application', async t => {
    const site = await startSite(t, rules(''))
    site.cache('c').set('k', Buffer.from('page'))
    const head = await site.send('/', { method: 'HEAD' })
    assert.equal(
      head.raw,
      'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n',
    )
    const post = await site.send('/', { method: 'POST', body: 'a=1' })
    assertNotCached(post, 'page / q= user=- hit=1')
  })

  test('the answers to HEAD and POST are not stored', async t => {
    const site = await startSite(t, rules(''))
    for (const method of ['HEAD', 'POST', 'PUT', 'DELETE']) await site.send('/', { method })
    assert.equal(site.cache('c').stats().items, 0)
    await site.get('/')
    assert.equal(site.cache('c').stats().items, 1)
  })

  test('any_method brings back what uWSGI does', async t => {
    const site = await startSite(t, rules(',any_method=1'))
    const first = await site.send('/', { method: 'POST', body: 'a=1' })
    const second = await site.send('/', { method: 'POST', body: 'a=2' })
    assert.equal(second.text, first.text)
    assert.ok(second.headers.includes('Content-Type: text/html'))
  })
})

test('F48: what is stored has no chunk sizes in it', async t => {
  const site = await startSite(
    t,
    `${CACHE}\nroute-run = cache:key=k\nroute-run = cachestore:key=k`,
    {
      application: (_, response) => {
        response.writeHead(200, { 'Transfer-Encoding': 'chunked' })
        response.write('hello ')
        response.end('world')
      },
    },
  )
  const first = await site.get('/')
  assert.match(first.raw, /\r\n\r\n[0-9a-f]+\r\nhello /)
  assert.equal(first.text, 'hello world')
  assert.equal(site.value('c', 'k'), 'hello world')
  const second = await site.get('/')
  assert.deepEqual(second.headers, ['Content-Type: text/html', 'Content-Length: 11'])
  assert.equal(second.text, 'hello world')
})

test('F49: all matching cachestore rules store, as the documentation does not say', async t => {
  const site = await startSite(
    t,
    `${CACHE}
cache2 = name=d,items=10
route-run = cachestore:key=one,name=c
route-run = cachestore:key=two,name=c
route-run = cachestore:key=three,name=d`,
  )
  const { text } = await site.get('/')
  assert.deepEqual(
    [site.value('c', 'one'), site.value('c', 'two'), site.value('d', 'three')],
    [text, text, text],
  )
})

test('F50: the gzip recipe with a path condition compresses only its own page', async t => {
  const site = await startSite(
    t,
    `${CACHE}
route = ^/$ goto:home
route-run = last:
route-label = home
route-if = contains:\${HTTP_ACCEPT_ENCODING};gzip cache:key=home.gz,content_encoding=gzip
route-run = cache:key=home
route-run = cachestore:key=home,gzip=home.gz`,
  )
  const gzip = { 'Accept-Encoding': 'gzip' }
  await site.get('/', gzip)
  assert.ok((await site.get('/', gzip)).headers.includes('Content-Encoding: gzip'))
  assertNotCached(await site.get('/other', gzip), 'page /other q= user=- hit=2')
})

test('F51: tofile:<path> is accepted as documented', async t => {
  const path = join(tempDir(t), 'page.html')
  const site = await startSite(
    t,
    `route-if = exists:${path} static:${path}\nroute-run = tofile:${path}`,
  )
  assert.equal((await site.get('/')).text, 'page / q= user=- hit=1')
  assert.equal((await site.get('/')).text, 'page / q= user=- hit=1')
})

test('F52: 600 hits all have their headers, with offload-threads', async t => {
  const site = await startSite(
    t,
    `offload-threads = 2\n${CACHE}\nroute-run = cache:key=k,no_offload=1`,
  )
  const body = 'x'.repeat(40_000)
  site.cache('c').set('k', Buffer.from(body))
  const answers = await Promise.all(Array.from({ length: 600 }, () => site.get('/')))
  const length = `Content-Length: ${body.length}`
  for (const { headers, text } of answers) {
    assert.deepEqual(headers, ['Content-Type: text/html', length])
    assert.ok(text === body)
  }
})

test('F57: the name of a cache is expanded in every action and condition', async t => {
  const name = `name=\${HTTP_X_CACHE}`
  const site = await startSite(
    t,
    `cache2 = name=default,items=10
cache2 = name=own,items=10
route = ^/set cacheset:key=s,value=v,${name}
route = ^/inc cacheinc:key=n,${name}
route = ^/var cachevar:key=s,var=V,${name}
route-if = incache:key=s,${name} addheader:X-In: [\${V}]
route = ^/get cache:key=s,${name}
route-run = cachestore:key=p,${name}`,
  )
  const own = { 'X-Cache': 'own' }
  await site.get('/set', own)
  await site.get('/inc', own)
  assert.ok((await site.get('/var', own)).headers.includes('X-In: [v]'))
  assert.equal((await site.get('/get', own)).text, 'v')
  assert.equal(site.cache('own').stats().items, 3)
  assert.equal(site.cache('default').stats().items, 0)
})

test('F57: but a request cannot make us connect to an address', async t => {
  const connections: string[] = []
  const trap = createServer(() => {}).on('connection', () => connections.push('one'))
  await new Promise<void>(resolve => trap.listen(0, '127.0.0.1', resolve))
  onEnd(t, () => new Promise(resolve => trap.close(resolve)))
  const { port } = trap.address() as AddressInfo
  const site = await startSite(t, `${CACHE}\nroute-run = cache:key=k,name=\${HTTP_X_CACHE}`)
  const response = await site.get('/', { 'X-Cache': `c@127.0.0.1:${port}` })
  assert.equal(response.text, 'page / q= user=- hit=1')
  assert.deepEqual(connections, [])
})
