/**
 * Complete responses out of a cache, before any rule; see also F39 of the known faults.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startSite } from './site.ts'

const CACHE = 'cache2 = name=a,items=10\ncache2 = name=b,items=10'

test('check-cache keeps the status, the headers and their order, and the connection', async t => {
  const site = await startSite(t, `${CACHE}\ncheck-cache\nroute-run = break:403`)
  const stored =
    'HTTP/1.1 404 Gone Away\r\nx-Odd-CASE: a\r\nSet-Cookie: 1\r\nSet-Cookie: 2\r\n' +
    'Content-Length: 4\r\n\r\nbody'
  site.cache('a').set('/x', Buffer.from(stored))
  const response = await site.get('/x')
  assert.equal(response.raw, stored)
  assert.equal(response.isClosed, false)
  assert.equal((await site.get('/y')).statusLine, 'HTTP/1.1 403 Forbidden')
})

test('one without a length ends with the connection', async t => {
  const site = await startSite(t, `${CACHE}\ncheck-cache`)
  site.cache('a').set('/x', Buffer.from('HTTP/1.0 200 OK\nX: y\n\nbody'))
  const response = await site.get('/x')
  assert.deepEqual([response.headers, response.text, response.isClosed], [['X: y'], 'body', true])
})

for (const value of [
  'no header',
  'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort',
  'HTTP/1.1 200 OK\r\nno colon\r\n\r\nbody',
  'HTTP/1.1 200 OK\r\nX: \x01\r\n\r\nbody',
  'HTTP/1.1 100 Continue\r\n\r\n',
  '',
]) {
  test(`a value that is no response is not sent: ${JSON.stringify(value)}`, async t => {
    const site = await startSite(t, `${CACHE}\ncheck-cache`)
    site.cache('a').set('/x', Buffer.from(value))
    assert.match((await site.get('/x')).text, /^page \/x/)
    assert.deepEqual(site.log, ['[uwsgi-cache] a value that is not an HTTP response was not sent'])
  })
}

describe('UWSGI_CACHE_GET of the web server in front', () => {
  const variables = () =>
    new Map([
      ['REQUEST_METHOD', 'POST'],
      ['REQUEST_URI', '/'],
      ['PATH_INFO', '/'],
      ['UWSGI_CACHE_GET', 'k'],
    ])
  const stored = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstored'

  test('names a key of the default cache, for any method and without an option', async t => {
    const site = await startSite(t, CACHE, { variables })
    site.cache('a').set('k', Buffer.from(stored))
    assert.equal((await site.get('/')).raw, stored)
  })

  test('goes on to the application when there is nothing', async t => {
    const site = await startSite(t, CACHE, { variables })
    assert.equal((await site.get('/')).text, 'page / q= user=- hit=1')
  })

  test('is nothing that a client can say in a header', async t => {
    const site = await startSite(t, CACHE)
    site.cache('a').set('k', Buffer.from(stored))
    const response = await site.get('/', { UWSGI_CACHE_GET: 'k', 'Uwsgi-Cache-Get': 'k' })
    assert.equal(response.text, 'page / q= user=- hit=1')
  })
})

test('a cache that fails is logged once and answers as an empty one', async t => {
  const site = await startSite(
    t,
    `${CACHE}
check-cache
route-run = cache:key=k
route-run = cacheset:key=k,value=v
route-run = cachevar:key=k,var=V
route-if = incache:key=k break:403
route-run = cachestore:key=k`,
  )
  site.cache('a').close()
  for (const hit of [1, 2]) {
    assert.equal((await site.get('/')).text, `page / q= user=- hit=${hit}`)
  }
  assert.equal(site.log.length, 1, site.log.join('\n'))
  assert.match(site.log[0] ?? '', /cache "default" failed and answers .*\(UNDERCROFT_CLOSED\)/)
})
