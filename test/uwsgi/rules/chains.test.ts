/**
 * Rules that run when the header of a response is complete, and after it.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { until } from '../../../testing/deadline.ts'
import { startSite } from './site.ts'

const CACHE = 'cache2 = name=c,items=100'

describe('the response chain', () => {
  test('stores the response: response-route = ^/r cachestore:key=x', async t => {
    const site = await startSite(t, `${CACHE}\nresponse-route = ^/r cachestore:key=x`)
    await site.get('/other')
    assert.equal(site.value('c', 'x'), undefined)
    const { text } = await site.get('/r')
    assert.equal(site.value('c', 'x'), text)
  })

  test('sees the status, and changes headers before they are sent', async t => {
    const site = await startSite(
      t,
      `response-route-status = 404 addheader:X-Missing: \${uwsgi[status]}
response-route = ^/del delheader:x-app
response-route = ^/clear clearheaders:201 Made
response-route-if = equal:\${uwsgi[status]};200 addheader:X-Fine: 1
response-route = ^/skip goto:end
response-route-run = addheader:X-Last: 1
response-route-label = end`,
      {
        application: (request, response) => {
          const isMissing = request.url === '/missing'
          response.writeHead(isMissing ? 404 : 200, 'As It Was', { 'X-App': '1' }).end('body')
        },
      },
    )
    const own = async (target: string) => {
      const { statusLine, headers, text } = await site.get(target)
      assert.equal(text, 'body')
      return [statusLine.slice(9), ...headers.filter(line => line.startsWith('X-'))]
    }
    assert.deepEqual(await own('/missing'), [
      '404 As It Was',
      'X-App: 1',
      'X-Missing: 404',
      'X-Last: 1',
    ])
    assert.deepEqual(await own('/del'), ['200 As It Was', 'X-Fine: 1', 'X-Last: 1'])
    assert.deepEqual(await own('/clear'), ['201 Made', 'X-Last: 1'])
    assert.deepEqual(await own('/skip'), ['200 As It Was', 'X-App: 1', 'X-Fine: 1'])
  })

  test('also sees what rules answer, and stores nothing of it again', async t => {
    const site = await startSite(
      t,
      `${CACHE}
route-run = cacheset:key=k,value=V,expires=60
route = ^/hit cache:key=k
response-route-run = addheader:X-Status: \${uwsgi[status]}
response-route-run = cachestore:key=k,expires=60
response-route = ^/hit/clear clearheaders:203`,
    )
    site.clock.advance(30_000)
    const { headers, text } = await site.get('/hit')
    assert.deepEqual([headers.at(-1), text], ['X-Status: 200', 'V'])
    const before = site.cache('c').ttlMs('k')
    site.clock.advance(10_000)
    await site.get('/hit')
    assert.equal(site.cache('c').ttlMs('k'), (before ?? 0) - 10_000)
    const cleared = await site.get('/hit/clear')
    assert.equal(cleared.statusLine, 'HTTP/1.1 203 Non-Authoritative Information')
    assert.equal(cleared.text, 'V')
  })

  test('runs once, however the application begins its response', async t => {
    const site = await startSite(
      t,
      `${CACHE}\nresponse-route-run = cacheinc:key=n\nresponse-route-run = addheader:X-N: 1`,
      {
        application: (request, response) => {
          if (request.url === '/flush') response.flushHeaders()
          if (request.url === '/head') response.writeHead(200)
          if (request.url === '/write') response.write('')
          response.write('a')
          response.end('b')
          response.end()
        },
      },
    )
    for (const target of ['/flush', '/head', '/write', '/end']) {
      const { headers, text } = await site.get(target)
      assert.equal(headers.filter(line => line === 'X-N: 1').length, 1)
      assert.equal(text, 'ab')
    }
    assert.equal(site.cache('c').getItem('n')?.bytes.readBigInt64LE(), 4n)
  })
})

describe('the final chain', () => {
  test('runs after every response, with its status', async t => {
    const site = await startSite(
      t,
      `${CACHE}
route = ^/no$ break:403
route = ^/none break:
final-route-run = cacheinc:key=all
final-route-status = 403 cacheinc:key=refused
final-route = ^/(.*) log:done $1 \${uwsgi[status]}`,
    )
    for (const target of ['/a', '/no', '/none']) await site.get(target)
    await until('three are logged', () => site.log.length === 3)
    assert.deepEqual(site.log, ['done a 200', 'done no 403', 'done none 500'])
    const count = (key: string) => site.cache('c').getItem(key)?.bytes.readBigInt64LE()
    assert.deepEqual([count('all'), count('refused')], [3n, 1n])
  })
})
