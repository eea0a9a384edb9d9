/** An application behind the cache: it sees requests and responses as usual. */

import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { describe, test } from 'node:test'
import { until, within } from '../../testing/deadline.ts'
import { sendTo, serve } from './contract/subject.ts'
import { FRESH, pageSetting, startListener } from './page-setting.ts'

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
