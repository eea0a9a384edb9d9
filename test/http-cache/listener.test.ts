/** Only servers of `node:http` have streams, connections, and methods that others replace. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, request as httpRequest, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { until, within } from '../../testing/deadline.ts'
import { type Got, HOST, sendTo, serve } from './contract/subject.ts'
import { FRESH, pageSetting, startListener } from './page-setting.ts'

function ask({ port }: AddressInfo, path = '/'): ClientRequest {
  const request = httpRequest({
    port,
    host: '127.0.0.1',
    path,
    headers: { host: HOST },
    agent: false,
  })
  request.on('error', () => {}) // the test destroys it, or its server does
  request.end()
  return request
}

const isHit = ({ cached }: Got): boolean => cached.startsWith('hit')

describe('a response that is being stored', () => {
  test('reaches the client piece by piece, as the application writes it', async t => {
    const subject = pageSetting(t)
    let response: ServerResponse | undefined
    const { address, get } = await startListener(t, subject, (_, own) => {
      response = own
      own.writeHead(200, FRESH)
      own.write('first ')
    })
    const [message] = await within('the head', once(ask(address), 'response'))
    const [chunk] = await within('a piece', once(message, 'data'))
    assert.equal(chunk.toString(), 'first ')
    response?.write(Buffer.from('second '))
    response?.end('third')
    await within('the end', once(message, 'end'))
    assert.equal((await get()).body, 'first second third')
  })

  test('is not stored when the client goes before its end, and the next request asks', async t => {
    const subject = pageSetting(t)
    let calls = 0
    const { address, get } = await startListener(t, subject, (_, response) => {
      response.writeHead(200, FRESH)
      if (++calls > 1) response.end('whole')
      else response.write('half')
    })
    const request = ask(address)
    const [message] = await within('the head', once(request, 'response'))
    await within('a piece', once(message, 'data'))
    const waiting = get()
    request.destroy()
    assert.equal((await within('the next', waiting)).body, 'whole')
    assert.ok(isHit(await get()))
    assert.equal(calls, 2)
  })

  test('is not stored when the application breaks off, or sends less than announced', async t => {
    const subject = pageSetting(t)
    const { address } = await startListener(t, subject, ({ url }, response) => {
      if (url === '/broken') {
        response.writeHead(200, FRESH)
        response.write('half', () => response.destroy())
      } else {
        response.writeHead(200, { ...FRESH, 'content-length': 10 })
        response.end('half')
      }
    })
    for (const path of ['/broken', '/short']) {
      const [message] = await within('the head', once(ask(address, path), 'response'))
      message.resume()
      if (path === '/short') message.destroy()
      else await within('the break', once(message, 'error'))
      await until('it is over', () => [...subject.cache.keys()].length === 0)
    }
  })

  test('is stored though the client is slow, before it has it all', async t => {
    const body = Buffer.alloc(8 * 1024 * 1024, 'x') // more than connections hold
    const subject = pageSetting(t, { maxBodySize: body.length })
    const { address, get } = await startListener(t, subject, (_, response) => {
      response.writeHead(200, FRESH)
      for (let at = 0; at < body.length; at += 65_536)
        response.write(body.subarray(at, at + 65_536))
      response.end()
    })
    const [slow] = await within('the head', once(ask(address), 'response'))
    const quick = await within('another client', get())
    assert.equal(quick.body.length, body.length)
    assert.ok(isHit(quick))
    slow.destroy()
  })

  test('may come by any of the ways to write one', async t => {
    const subject = pageSetting(t)
    const ways: Readonly<Record<string, (response: ServerResponse) => void>> = {
      object: response => response.writeHead(200, FRESH).end('page'),
      pairs: response => response.writeHead(200, ['Cache-Control', 'max-age=60']).end('page'),
      reason: response => response.writeHead(200, 'Fine', FRESH).end('page'),
      fields: response => {
        response.setHeader('Cache-Control', 'max-age=60')
        response.statusCode = 200
        response.write('pa')
        response.end('ge')
      },
      flushed: response => {
        response.setHeader('Cache-Control', 'max-age=60')
        response.flushHeaders()
        response.end('page')
      },
      encoded: response => {
        response.writeHead(200, FRESH)
        response.write('7061', 'hex')
        response.end(new Uint8Array(Buffer.from('ge')))
      },
      calledBack: response => {
        response.writeHead(200, FRESH)
        response.write('pa', () => response.end('ge', 'latin1', () => {}))
      },
    }
    const { get } = await startListener(t, subject, ({ url = '' }, response) =>
      ways[url.slice(1)]?.(response),
    )
    for (const way of Object.keys(ways)) {
      const [first, second] = [await get(`/${way}`), await get(`/${way}`)]
      assert.deepEqual([first.body, isHit(second), second.body], ['page', true, 'page'], way)
      assert.equal(second.headers['content-length'], '4')
    }
  })

  test('calls back and ends as ever when the client gets something else', async t => {
    const subject = pageSetting(t)
    const called: string[] = []
    const headers = { ...FRESH, etag: '"v1"', 'last-modified': 'Fri, 01 Jan 2027 00:00:00 GMT' }
    const { get } = await startListener(t, subject, ({ headers: asked }, response) => {
      const isKnown = asked['if-none-match'] === '"v1"'
      response.on('finish', () => called.push('finish'))
      response.writeHead(isKnown ? 304 : 200, headers)
      if (isKnown) response.end(() => called.push('end'))
      else response.write('page', () => response.end(() => called.push('end')))
    })
    assert.equal((await get('/', { 'if-none-match': '"v1"' })).status, 304)
    await until('it ended', () => called.length === 2)
    subject.clock.advance(61_000)
    assert.equal((await get()).body, 'page')
    await until('it ended', () => called.length === 4)
    assert.deepEqual(called.sort(), ['end', 'end', 'finish', 'finish'])
  })
})

describe('an application that is still writing', () => {
  test('when the client has something else already writes in vain, without an error', async t => {
    const subject = pageSetting(t)
    const headers = { 'cache-control': 'max-age=60, stale-if-error=60' }
    let isDone = false
    const { get } = await startListener(t, subject, async (_, response) => {
      const isFirst = subject.clock.nowMs() === startMs
      response.writeHead(isFirst ? 200 : 503, headers)
      if (!isFirst) await once(response, 'close')
      response.write('page')
      response.end('!')
      isDone = true
    })
    const startMs = subject.clock.nowMs()
    await get()
    subject.clock.advance(61_000)
    isDone = false
    assert.equal((await get()).body, 'page!')
    await until('it is done', () => isDone)
    assert.equal((await get()).status, 200)
  })
})

describe('other handlers around the cache', () => {
  test('may set fields before it, which are no part of the page', async t => {
    const subject = pageSetting(t)
    const middleware = subject.pages.middleware()
    let serialOfRequest = 0
    const address = await serve(t, (request, response) => {
      response.setHeader('X-Request-Id', String(++serialOfRequest))
      response.setHeader('X-Changed', 'outer')
      middleware(request, response, () => {
        response.setHeader('X-Changed', 'inner')
        response.setHeader('Link', ['</a>', '</b>'])
        response.writeHead(200, FRESH)
        response.end('page')
      })
    })
    const get = () => sendTo(address)('GET', '/', {})
    assert.equal((await get()).headers['x-request-id'], '1')
    const { headers, cached } = await get()
    assert.equal(cached, 'hit; ttl=60')
    assert.equal(headers['x-request-id'], '2')
    assert.deepEqual([headers['x-changed'], headers.link], ['inner', '</a>, </b>'])
  })

  test('may add fields when the head is sent, as sessions do: cookies are seen', async t => {
    const subject = pageSetting(t)
    const { get } = await startListener(t, subject, ({ url }, response) => {
      const { writeHead } = response
      response.writeHead = ((...args: Parameters<typeof writeHead>) => {
        if (url === '/cookie') response.setHeader('Set-Cookie', 'id=1')
        response.setHeader('X-Late', 'yes')
        return Reflect.apply(writeHead, response, args)
      }) as typeof writeHead
      response.setHeader('Cache-Control', 'max-age=60')
      response.end('page')
    })
    assert.equal((await get('/cookie')).cached, 'fwd=uri-miss; detail=set-cookie')
    await get('/late')
    const late = await get('/late')
    assert.deepEqual([isHit(late), late.headers['x-late']], [true, 'yes'])
  })

  test('may add cookies after the cache has seen the head: then it is not stored', async t => {
    for (const alsoStore of [[], ['set-cookie']] as const) {
      const subject = pageSetting(t, { alsoStore })
      const middleware = subject.pages.middleware()
      const address = await serve(t, (request, response) => {
        const { writeHead } = response
        response.writeHead = ((...args: Parameters<typeof writeHead>) => {
          if (request.headers.cookie !== undefined) response.setHeader('Set-Cookie', 'id=2')
          return Reflect.apply(writeHead, response, args)
        }) as typeof writeHead
        middleware(request, response, () => {
          response.setHeader('Cache-Control', 'max-age=60')
          response.end('page')
        })
      })
      const first = await sendTo(address)('GET', '/', { cookie: 'id=1' })
      assert.deepEqual([first.headers['set-cookie'], first.body], ['id=2', 'page'])
      const second = await sendTo(address)('GET', '/', {})
      assert.equal(isHit(second), alsoStore.length > 0, second.cached)
    }
  })

  test('may take the path where they are mounted off the URL', async t => {
    const subject = pageSetting(t)
    const middleware = subject.pages.middleware()
    const address = await serve(t, (request, response) => {
      Object.assign(request, { originalUrl: request.url, url: '/' })
      middleware(request, response, () => response.writeHead(200, FRESH).end('page'))
    })
    await sendTo(address)('GET', '/mounted', {})
    assert.deepEqual([...subject.cache.keys()], ['page:http://example.test/mounted'])
  })
})
