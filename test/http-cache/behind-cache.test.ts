/** An application behind the cache: it sees requests and responses as usual. */

import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, test } from 'node:test'
import { REQUEST_VARIABLES, type WithRequestVariables } from '../../src/http-message/index.ts'
import { until, within } from '../../testing/deadline.ts'
import { sendTo, serve } from './contract/subject.ts'
import { FRESH, pageSetting, startListener } from './page-setting.ts'

const REVALIDATED = { 'cache-control': 'max-age=60, stale-while-revalidate=60' }

describe('an application', () => {
  test('that throws lets the next request ask', async t => {
    const subject = pageSetting(t)
    let calls = 0
    const app = subject.pages.listener((_, response) => {
      if (++calls === 1) throw new Error('at once')
      response.writeHead(200, FRESH).end('page')
    })
    const address = await serve(t, async (request, response) => {
      try {
        await app(request, response)
      } catch {
        response.writeHead(500).end()
      }
    })
    assert.equal((await sendTo(address)('GET', '/', {})).status, 500)
    assert.equal((await within('the next', sendTo(address)('GET', '/', {}))).body, 'page')
  })

  test('sees no difference when it is asked without a client', async t => {
    const subject = pageSetting(t)
    const seen: IncomingMessage[] = []
    const ended: string[] = []
    const { get } = await startListener(t, subject, async (request, response) => {
      seen.push(request)
      for await (const _ of request) assert.fail('a body')
      for (const event of ['finish', 'close']) response.on(event, () => ended.push(event))
      const headers = { 'cache-control': 'max-age=60, stale-while-revalidate=60' }
      response.writeHead(200, headers).end(`page ${seen.length}`)
    })
    await get('/a?b', { 'x-kind': 'a' })
    await until('it ended', () => ended.length === 2)
    subject.clock.advance(61_000)
    assert.equal((await get('/a?b', { 'x-kind': 'b' })).body, 'page 1')
    await until('it was asked behind', async () => (await get('/a?b')).body === 'page 2')
    await until('it ended', () => ended.length === 4)
    const [before, behind] = seen
    assert.deepEqual(ended, ['finish', 'close', 'finish', 'close'])
    assert.deepEqual(
      [
        behind?.method,
        behind?.url,
        behind?.headers['x-kind'],
        behind?.rawHeaders.includes('x-kind'),
      ],
      ['GET', '/a?b', 'b', true],
    )
    assert.equal(behind?.socket.remoteAddress, before?.socket.remoteAddress ?? '127.0.0.1')
  })

  test('finds all methods of a socket when it is asked without a client', async t => {
    const subject = pageSetting(t)
    const seen: unknown[] = []
    const { get } = await startListener(t, subject, ({ socket }, response) => {
      socket.setTimeout(60_000, () => {})
      socket.setNoDelay(true).setKeepAlive(true, 1000).unref().ref()
      seen.push(typeof socket.address(), socket.timeout, socket.connecting, socket.readyState)
      socket.setTimeout(0)
      response.setTimeout(60_000)
      response.writeHead(200, REVALIDATED).end(`page ${seen.length}`)
    })
    await get()
    subject.clock.advance(61_000)
    assert.equal((await get()).body, 'page 4')
    await until('it was asked behind', async () => (await get()).body === 'page 8')
    assert.deepEqual(seen.slice(4), ['object', 60_000, false, 'open'])
    assert.deepEqual(subject.errors, [])
  })

  test('finds the variables of the request when it is asked without a client', async t => {
    const subject = pageSetting(t)
    const users: unknown[] = []
    const app = subject.pages.listener(({ socket }, response) => {
      users.push((socket as WithRequestVariables)[REQUEST_VARIABLES]?.get('REMOTE_USER'))
      response.writeHead(200, REVALIDATED).end(`page ${users.length}`)
    })
    const address = await serve(t, (request, response) => {
      const variables = new Map([['REMOTE_USER', 'ada']])
      Object.defineProperty(request.socket, REQUEST_VARIABLES, { value: variables })
      return app(request, response)
    })
    await sendTo(address)('GET', '/', {})
    subject.clock.advance(61_000)
    await sendTo(address)('GET', '/', {})
    await until('it was asked behind', () => users.length === 2)
    assert.deepEqual(users, ['ada', 'ada'])
  })

  const FAILURES: Readonly<Record<string, (response: ServerResponse) => unknown>> = {
    'throws at once': () => {
      throw new Error('behind')
    },
    'rejects later': async () => {
      await Promise.resolve()
      throw new Error('behind')
    },
    'destroys its response': response => response.destroy(new Error('behind')),
  }
  for (const [what, fail] of Object.entries(FAILURES)) {
    test(`that ${what} without a client is reported, and asked again`, async t => {
      const subject = pageSetting(t)
      let calls = 0
      const { get } = await startListener(t, subject, (_, response) => {
        if (++calls === 2) return fail(response)
        response.writeHead(200, REVALIDATED).end(`page ${calls}`)
        return undefined
      })
      await get()
      subject.clock.advance(61_000)
      assert.equal((await get()).body, 'page 1')
      await until('the failure was reported', () => subject.errors.length > 0)
      assert.match(String(subject.errors), /behind/)
      await until('it was asked again', async () => (await get()).body === 'page 3')
    })
  }

  test('that hangs without a client is asked again after refreshTimeoutMs', async t => {
    const subject = pageSetting(t, { refreshTimeoutMs: 20 })
    let calls = 0
    const closed: number[] = []
    const { get } = await startListener(t, subject, (_, response) => {
      const call = ++calls
      response.on('close', () => closed.push(call))
      if (call > 1 && call < 3) return
      response.writeHead(200, REVALIDATED).end(`page ${call}`)
    })
    await get()
    subject.clock.advance(61_000)
    assert.equal((await get()).body, 'page 1')
    await until('the refresh was given up', () => subject.errors.length > 0)
    assert.match(String(subject.errors), /refreshTimeoutMs, 20/)
    assert.ok(closed.includes(2))
    await until('it was asked again', async () => (await get()).body === 'page 3')
  })

  test('is asked in both forms of header with the conditions of the cache', async t => {
    const subject = pageSetting(t)
    const raw: string[][] = []
    const { get } = await startListener(t, subject, ({ rawHeaders }, response) => {
      raw.push(rawHeaders)
      response.writeHead(200, { ...FRESH, etag: '"v1"' }).end('page')
    })
    await get('/', { 'If-None-Match': '"mine"' })
    subject.clock.advance(61_000)
    await get('/', { 'If-None-Match': '"mine"' })
    assert.ok(!raw[0]?.includes('"mine"'))
    const at = raw[1]?.indexOf('if-none-match') ?? -1
    assert.equal(raw[1]?.[at + 1], '"v1"')
    assert.ok(!raw[1]?.includes('"mine"'))
  })
})
