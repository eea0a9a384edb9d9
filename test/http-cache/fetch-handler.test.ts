/** Only Fetch handlers have cancelled streams, rejections, and responses of `fetch`. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { until, within } from '../../testing/deadline.ts'
import { serve } from './contract/subject.ts'
import { FRESH, pageSetting } from './page-setting.ts'

const URL = 'http://example.test/page'

const isHit = (response: Response): boolean =>
  response.headers.get('cache-status')?.startsWith('undercroft; hit') === true

/** A body that the test writes. */
function openBody() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const cancelled: unknown[] = []
  const body = new ReadableStream<Uint8Array>({
    start(own) {
      controller = own
    },
    cancel(reason) {
      cancelled.push(reason)
    },
  })
  const write = (text: string) => controller?.enqueue(Buffer.from(text))
  return { body, cancelled, write, end: () => controller?.close(), fail: controllerError }
  function controllerError(): void {
    controller?.error(new Error('broken off'))
  }
}

test('a refresh that hangs is given up after refreshTimeoutMs, and its signal says so', async t => {
  const { pages, clock, errors } = pageSetting(t, { refreshTimeoutMs: 20 })
  const headers = { 'cache-control': 'max-age=60, stale-while-revalidate=60' }
  let calls = 0
  const aborted: number[] = []
  const handler = pages.handler(async ({ signal }) => {
    const call = ++calls
    if (call === 2) {
      signal.addEventListener('abort', () => aborted.push(call))
      await new Promise(() => {})
    }
    return new Response(`page ${call}`, { headers })
  })
  const get = async () => (await handler(new Request(URL))).text()
  await get()
  clock.advance(61_000)
  assert.equal(await get(), 'page 1')
  await until('the refresh was given up', () => errors.length > 0)
  assert.match(String(errors), /refreshTimeoutMs, 20/)
  assert.deepEqual(aborted, [2])
  await until('it was asked again', async () => (await get()) === 'page 3')
})

describe('a body that is being stored', () => {
  test('reaches the client piece by piece', async t => {
    const { pages } = pageSetting(t)
    const { body, write, end } = openBody()
    const handler = pages.handler(() => new Response(body, { headers: FRESH }))
    const response = await within('the head', handler(new Request(URL)))
    const reader = response.body?.getReader() ?? assert.fail('no body')
    write('first ')
    const { value } = await within('a piece', reader.read())
    assert.equal(Buffer.from(value ?? []).toString(), 'first ')
    write('second')
    end()
    assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), 'second')
    assert.equal((await within('the end', reader.read())).done, true)
    const again = await handler(new Request(URL))
    assert.deepEqual([isHit(again), await again.text()], [true, 'first second'])
  })

  test('is cancelled and not stored when the client cancels it', async t => {
    const { pages, cache } = pageSetting(t)
    const { body, write, cancelled } = openBody()
    const handler = pages.handler(() => new Response(body, { headers: FRESH }))
    const response = await handler(new Request(URL))
    write('half')
    await response.body?.cancel('enough')
    assert.deepEqual(cancelled, ['enough'])
    await until('it is over', () => [...cache.keys()].length === 0)
  })

  test('breaks off for the client as it does for the cache, and is not stored', async t => {
    const { pages, cache } = pageSetting(t)
    const { body, write, fail } = openBody()
    const handler = pages.handler(() => new Response(body, { headers: FRESH }))
    const response = await handler(new Request(URL))
    write('half')
    fail()
    await assert.rejects(response.text())
    await until('it is over', () => [...cache.keys()].length === 0)
  })

  test('too large for that goes on at the pace of the client', async t => {
    const { pages } = pageSetting(t, { maxBodySize: 1000 })
    let pieces = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (++pieces > 50) controller.close()
        else controller.enqueue(new Uint8Array(100))
      },
    })
    const handler = pages.handler(() => new Response(body, { headers: FRESH }))
    const response = await handler(new Request(URL))
    await until('it is read up to the limit', () => pieces >= 11)
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
    assert.ok(pieces < 20, `${pieces} pieces`)
    assert.equal((await response.arrayBuffer()).byteLength, 5000)
  })

  test('is stored without the coding that fetch has undone', async t => {
    const address = await serve(t, (_, response) => {
      response.sendDate = false // of another clock than the cache's
      const etag = '"coded"'
      response.writeHead(200, { ...FRESH, etag, 'content-encoding': 'gzip' })
      response.end(gzipSync('a text'))
    })
    const { pages } = pageSetting(t)
    const handler = pages.handler(() => fetch(`http://127.0.0.1:${address.port}/`))
    assert.equal(await (await handler(new Request(URL))).text(), 'a text')
    const stored = await handler(new Request(URL))
    assert.deepEqual([isHit(stored), await stored.text()], [true, 'a text'])
    assert.equal(stored.headers.get('content-encoding'), null)
    assert.equal(stored.headers.get('etag'), 'W/"coded"')
    assert.equal(stored.headers.get('content-length'), '6')
  })
})

describe('a handler', () => {
  test('gets whatever comes after the request', async t => {
    const { pages } = pageSetting(t)
    const handler = pages.handler((_: Request, env: { name: string }, more: number) => {
      return new Response(`${env.name} ${more}`, { headers: FRESH })
    })
    assert.equal(await (await handler(new Request(URL), { name: 'env' }, 7)).text(), 'env 7')
  })

  test('gets the very request where nothing of it has to be changed', async t => {
    const { pages } = pageSetting(t)
    const seen: Request[] = []
    const handler = pages.handler(request => {
      seen.push(request)
      return new Response('page', { headers: FRESH })
    })
    const request = new Request(`${URL}#part`)
    await (await handler(request)).text()
    assert.equal(seen[0], request)
    assert.ok(isHit(await handler(new Request(URL)))) // servers do not see a fragment
  })

  test('that rejects does so for its client, and the next request asks', async t => {
    const { pages } = pageSetting(t)
    let calls = 0
    const handler = pages.handler(async () => {
      if (++calls === 1) throw new Error('at once')
      return new Response('page', { headers: FRESH })
    })
    await assert.rejects(handler(new Request(URL)), { message: 'at once' })
    assert.equal(await (await handler(new Request(URL))).text(), 'page')
  })

  test('that rejects is no matter where a stale page may be used', async t => {
    const { pages, clock, errors } = pageSetting(t)
    const headers = {
      'cache-control': 'max-age=60, stale-while-revalidate=10, stale-if-error=60',
    }
    let calls = 0
    const handler = pages.handler(async () => {
      if (++calls > 1) throw new Error(`call ${calls}`)
      return new Response('page', { headers })
    })
    await (await handler(new Request(URL))).text()
    clock.advance(65_000)
    assert.equal(await (await handler(new Request(URL))).text(), 'page')
    await until('the failure was told', () => errors.length === 1)
    assert.match(String(errors[0]), /call 2/)
    clock.advance(10_000)
    const stale = await handler(new Request(URL))
    assert.equal(stale.headers.get('cache-status'), 'undercroft; fwd=stale; ttl=-15')
    assert.equal(await stale.text(), 'page')
  })

  test('may give the same response for all, an error, or one that nobody can change', async t => {
    const { pages } = pageSetting(t)
    const shared = new Response(null, { status: 204 })
    const handler = pages.handler(({ url }) => {
      if (url.endsWith('/shared')) return shared
      return url.endsWith('/error')
        ? Response.error()
        : Response.redirect('http://example.test/', 302)
    })
    for (const path of ['shared', 'error', 'redirect']) {
      for (let round = 0; round < 2; round++) {
        const { status } = await handler(new Request(`http://example.test/${path}`))
        assert.equal(status, { shared: 204, error: 0, redirect: 302 }[path])
      }
    }
    assert.deepEqual([...shared.headers], [])
  })

  test('with a body in its GET is asked by itself', async t => {
    const { pages } = pageSetting(t)
    const handler = pages.handler(() => new Response('page', { headers: FRESH }))
    const withBody = { method: 'GET', url: URL, headers: new Headers(), body: new ReadableStream() }
    const response = await handler(withBody as unknown as Request)
    assert.equal(
      response.headers.get('cache-status'),
      'undercroft; fwd=bypass; detail=request-form',
    )
  })
})
