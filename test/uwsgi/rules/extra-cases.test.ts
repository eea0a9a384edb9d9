/**
 * uWSGI's behaviour outside the recipes, each case observed on a running uWSGI.
 */

import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { describe, test } from 'node:test'
import { until } from '../../../testing/deadline.ts'
import { startServer } from '../../../testing/undercroft-server.ts'
import { startSite } from './site.ts'

const CACHE = 'cache2 = name=c,items=100'
const LOOK_UP = 'route-run = cache:key=k'

/** Answers with the status that the path ends in. */
const byStatus: RequestListener = (request, response) => {
  const status = Number(request.url?.split('/').at(-1))
  response.writeHead(status, { Location: '/' }).end(`status ${status}`)
}

describe('cachestore', () => {
  test('with a status stores that and 200, no other', async t => {
    const site = await startSite(
      t,
      `${CACHE}\nroute = ^/status cachestore:key=\${PATH_INFO},status=404`,
      { application: byStatus },
    )
    for (const status of [404, 200, 301, 500]) {
      assert.equal((await site.get(`/status/${status}`)).text, `status ${status}`)
    }
    assert.equal(site.value('c', '/status/404'), 'status 404')
    assert.equal(site.value('c', '/status/200'), 'status 200')
    assert.equal(site.cache('c').stats().items, 2)
  })

  test('joins what an application wrote in pieces', async t => {
    const site = await startSite(t, `${CACHE}\nroute-run = cachestore:key=chunks`, {
      application: (_, response) => {
        response.write('one')
        response.write(Buffer.from('two'))
        response.end('746872656521', 'hex')
      },
    })
    const { headers, text } = await site.get('/')
    assert.equal(text, 'onetwothree!')
    assert.ok(!headers.some(line => /^content-length/i.test(line)))
    assert.equal(site.value('c', 'chunks'), 'onetwothree!')
  })

  test('leaves alone what the cache cannot hold, and the client gets all of it', async t => {
    const site = await startSite(t, `${CACHE}\nroute-run = cachestore:key=big`, {
      application: (_, response) => {
        response.end('x'.repeat(70_000))
      },
    })
    assert.equal((await site.get('/')).text.length, 70_000)
    assert.equal(site.cache('c').stats().items, 0)
    assert.deepEqual(site.log, [])
  })

  test('with a value stores that, and the client gets the body', async t => {
    const site = await startSite(
      t,
      `${CACHE}\nroute-run = cachestore:key=val,value=forced-\${QUERY_STRING}`,
    )
    assert.equal((await site.get('/?x=1')).text, 'page / q=x=1 user=- hit=1')
    assert.equal(site.value('c', 'val'), 'forced-x=1')
  })

  test('is silent about an empty key, an empty body and an unknown cache', async t => {
    const site = await startSite(
      t,
      `${CACHE}
route-run = cachestore:key=\${qs[none]}
route-run = cachestore:key=k,name=nowhere
route = ^/empty cachestore:key=empty`,
      { application: (request, response) => response.end(request.url === '/empty' ? '' : 'body') },
    )
    assert.equal((await site.get('/')).text, 'body')
    assert.equal((await site.get('/empty')).text, '')
    assert.equal(site.cache('c').stats().items, 0)
    assert.deepEqual(site.log, [])
  })
})

describe('cacheset and cache', () => {
  const rules = 'route-run = cacheset:key=ex,value=hi,expires=77\nroute-run = cache:key=ex'

  test('an item that ends says when', async t => {
    const site = await startSite(t, `${CACHE}\n${rules}`)
    const expires = new Date(site.clock.nowMs() + 77_000).toUTCString()
    const { headers, text } = await site.get('/')
    assert.deepEqual(headers, [
      'Content-Type: text/html',
      `Expires: ${expires}`,
      'Content-Length: 2',
    ])
    assert.equal(text, 'hi')
  })

  test('one in an LRU cache never ends, and says nothing (F31)', async t => {
    const site = await startSite(t, `${CACHE},purge_lru=1\n${rules}`)
    const { headers } = await site.get('/')
    assert.deepEqual(headers, ['Content-Type: text/html', 'Content-Length: 2'])
  })
})

describe('arithmetic', () => {
  const read = `route-run = cachevar:key=n,var=N,num=1
route-run = addheader:X-N: \${N}`
  const numberIn = (headers: readonly string[]) => headers.find(line => line.startsWith('X-N: '))

  test('counts up by 1 and down by 1, multiplies and divides by 2', async t => {
    const site = await startSite(
      t,
      `${CACHE}
route = ^/inc cacheinc:key=n
route = ^/dec cachedec:key=n
route = ^/mul cachemul:key=n
route = ^/div cachediv:key=n
${read}`,
    )
    const seen: unknown[] = []
    for (const path of ['/inc', '/inc', '/dec', '/mul', '/mul', '/div']) {
      seen.push(numberIn((await site.get(path)).headers))
    }
    assert.deepEqual(
      seen,
      [1, 2, 1, 2, 4, 2].map(number => `X-N: ${number}`),
    )
  })

  test('takes the number a text begins with, and 0 for none', async t => {
    const site = await startSite(t, `${CACHE}\nroute-run = cacheinc:key=n,value=\${qs[n]}\n${read}`)
    const seen: unknown[] = []
    for (const query of ['n=10', 'n=-3', 'n=abc', '', 'n=5x', 'n=%35']) {
      seen.push(numberIn((await site.get(`/?${query}`)).headers))
    }
    assert.deepEqual(
      seen,
      [10, 7, 7, 7, 12, 12].map(number => `X-N: ${number}`),
    )
  })

  test('by 0 gives 0', async t => {
    const site = await startSite(
      t,
      `${CACHE}\nroute-run = cacheinc:key=n,value=7\nroute-run = cachediv:key=n,value=0\n${read}`,
    )
    assert.equal(numberIn((await site.get('/')).headers), 'X-N: 0')
  })

  test('begins at math_initial, and ends when it was made to', async t => {
    const site = await startSite(
      t,
      `${CACHE},math_initial=40\nroute-run = cacheinc:key=n,value=2,expires=5\n${read}`,
    )
    assert.equal(numberIn((await site.get('/')).headers), 'X-N: 42')
    site.clock.advance(4_000)
    assert.equal(numberIn((await site.get('/')).headers), 'X-N: 44')
    site.clock.advance(1_000)
    assert.equal(numberIn((await site.get('/')).headers), 'X-N: 42')
  })

  test('on something else ends the request, and the value stays', async t => {
    const site = await startSite(t, `${CACHE}\nroute-run = cacheinc:key=n`)
    site.cache('c').set('n', Buffer.from('no number'))
    assert.equal((await site.get('/')).raw, '')
    assert.equal(site.value('c', 'n'), 'no number')
    assert.deepEqual(site.log, ['[uwsgi-route] cacheinc of n was refused'])
  })
})

describe('a cache elsewhere', () => {
  test('answers, is stored into, and counts', async t => {
    const server = await startServer(t, { caches: [{ name: 'b', maxItems: 10 }] })
    const name = `b@127.0.0.1:${server.port}`
    const site = await startSite(
      t,
      `route-if = incache:key=\${PATH_INFO},name=${name} cacheinc:key=known,name=${name}
route-run = cache:key=\${PATH_INFO},name=${name}
route-run = cachestore:key=\${PATH_INFO},name=${name}`,
    )
    assert.equal((await site.get('/far')).text, 'page /far q= user=- hit=1')
    // The response does not wait for a cache at another address.
    await until('the page is stored', () => server.cache('b').has('/far'))
    const second = await site.get('/far')
    assert.equal(second.text, 'page /far q= user=- hit=1')
    assert.deepEqual(second.headers, ['Content-Type: text/html', 'Content-Length: 25'])
    assert.equal(server.cache('b').getItem('known')?.bytes.readBigInt64LE(), 1n)
  })

  test('that cannot be reached, or does not exist, is a miss', async t => {
    const server = await startServer(t, { caches: [{ name: 'b', maxItems: 10 }] })
    const { port } = server
    await server.stop()
    const site = await startSite(
      t,
      `route-run = cache:key=k,name=b@127.0.0.1:${port}
route-run = cachevar:key=k,var=V,name=nowhere
route-run = cache:key=k,name=nowhere
route-run = cache:key=k,name=b@nonsense`,
    )
    assert.equal((await site.get('/')).text, 'page / q= user=- hit=1')
    assert.equal(site.log.length, 1, site.log.join('\n'))
    assert.match(site.log[0] ?? '', /the cache "b@nonsense" failed .*UNDERCROFT_OPTION_INVALID/)
  })
})

describe('cache-continue', () => {
  const rules = `${CACHE}
route-run = cacheset:key=k,value=VALUE
route = ^/send cache-continue:key=k
route = ^/send send: and more
route = ^/send break:
route = ^/twice cache-continue:key=k
route = ^/twice cache:key=k
route = ^/twice send:never
route = ^/end cache-continue:key=k`

  test('goes on, and what is sent after it is part of the answer', async t => {
    const site = await startSite(t, rules)
    const { headers, text } = await site.get('/send')
    assert.equal(text, 'VALUE and more')
    // uWSGI says the length of the value alone here, and sends more.
    assert.deepEqual(headers, ['Content-Type: text/html', 'Content-Length: 14'])
  })

  test('a second hit ends the rules, and the application is not asked', async t => {
    const site = await startSite(t, rules)
    assert.equal((await site.get('/twice')).text, 'VALUE')
    assert.equal((await site.get('/end')).text, 'VALUE')
    assert.equal(site.hits(), 0)
  })
})

describe('parameters of cache', () => {
  test('content_type may be empty, and the length may be left out', async t => {
    const site = await startSite(
      t,
      `${CACHE}
route-run = cacheset:key=k,value=VALUE
route = ^/plain cache:key=k,content_type=
route = ^/nocl cache:key=k,nocl=1
route = ^/no_cl cache:key=k,no_cl=1
route = ^/no_content_length cache:key=k,no_content_length=1,no_offload=1`,
    )
    const plain = await site.get('/plain')
    assert.deepEqual(plain.headers, ['Content-Type: ', 'Content-Length: 5'])
    for (const path of ['/nocl', '/no_cl', '/no_content_length']) {
      const { headers, text } = await site.get(path)
      assert.deepEqual(headers, ['Content-Type: text/html', 'Transfer-Encoding: chunked'])
      assert.equal(text, 'VALUE')
    }
  })

  test('HTTP/1.0 closes unless asked to keep the connection', async t => {
    const site = await startSite(
      t,
      `${CACHE}\nroute-run = cacheset:key=k,value=V\nroute-run = cache:key=k`,
    )
    const length = ['Content-Type: text/html', 'Content-Length: 1']
    const closing = await site.send('/', { version: '1.0' })
    assert.deepEqual(closing.headers, length)
    const kept = await site.send('/', { version: '1.0', headers: { Connection: 'keep-alive' } })
    assert.deepEqual(kept.headers.slice(0, 3), [...length, 'Connection: keep-alive'])
    const asked = await site.send('/', { headers: { Connection: 'close' } })
    assert.deepEqual(asked.headers, [...length, 'Connection: close'])
  })

  test('who ends connections, as a server that shuts down, is heard', async t => {
    const site = await startSite(t, `${CACHE}\nroute-run = cacheset:key=k,value=V\n${LOOK_UP}`, {
      prepare: (request, response) => {
        if (request.url === '/flag') response.shouldKeepAlive = false
        else response.setHeader('Connection', 'close')
      },
    })
    for (const target of ['/flag', '/header']) {
      const { headers } = await site.get(target)
      assert.ok(headers.includes('Connection: close'), headers.join('\n'))
      assert.equal(headers.length, 3)
    }
  })
})
