/**
 * The second recipe of uWSGI's caching documentation as it is written, with a real nginx: the cache
 * is asked first, and what it does not have comes from the app at the same address.
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, type TestContext, test } from 'node:test'
import { Child } from '../../testing/child.ts'
import { until, within } from '../../testing/deadline.ts'
import {
  appAt,
  cacheForGets,
  cacheThenApp,
  type Nginx,
  startNginx,
} from '../../testing/peers/nginx.ts'
import { requirePeer } from '../../testing/peers/peers.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'
import type { AppFacts, StartApp } from './nginx-app-child.ts'

const MIB = 1024 * 1024

interface Served {
  readonly nginx: Nginx
  readonly app: Child<StartApp | 'facts', AppFacts>
}

interface ServeOptions {
  readonly tcp?: boolean
  readonly bufferSize?: number
}

/** nginx with these locations in front of the app; undefined: the test was skipped. */
async function serve(
  t: TestContext,
  locations: (upstream: string) => string,
  { tcp = false, bufferSize = 4096 }: ServeOptions = {},
): Promise<Served | undefined> {
  const command = requirePeer(t, 'nginx')
  if (command === undefined) return undefined
  const script = new URL('./nginx-app-child.js', import.meta.url)
  const env = { TEST_CACHES: memoryDir(t) }
  const app = await Child.start<StartApp | 'facts', AppFacts>(t, script, { env })
  const address = tcp ? '127.0.0.1:0' : join(tempDir(t), 'app.sock')
  const { addresses } = await app.ask({ listen: [address], bufferSize })
  const upstream = tcp ? `${addresses[0]}` : `unix:${addresses[0]}`
  return { app, nginx: await startNginx(t, command, locations(upstream)) }
}

/** A request with a body, or a request that gets no answer. */
function send({ socketPath }: Nginx, path: string, headers = {}, method = 'POST') {
  return request({ socketPath, path, method, headers, agent: false })
}

async function sizeOf(answer: IncomingMessage): Promise<number> {
  let size = 0
  for await (const chunk of answer) size += chunk.length
  return size
}

/** Sends that many MiB as fast as the server takes them. */
async function sendBody(to: NodeJS.WritableStream, count: number): Promise<string> {
  const hash = createHash('sha1')
  for (let index = 0; index < count; index++) {
    const chunk = Buffer.alloc(MIB, `${index} `)
    hash.update(chunk)
    if (!to.write(chunk)) await once(to, 'drain')
  }
  to.end()
  return hash.digest('hex')
}

for (const tcp of [false, true]) {
  describe(`nginx, a cache and an app at one ${tcp ? 'TCP address' : 'Unix socket'}`, () => {
    test('what the app kept is answered by the cache, everything else by the app', async t => {
      const served = await serve(t, cacheThenApp, { tcp })
      if (served === undefined) return
      const { nginx } = served
      const first = await nginx.ask('/kept?a')
      assert.deepEqual([first.status, first.headers['x-page'], first.body], [200, '1', 'page 1'])
      for (let round = 0; round < 3; round++) {
        const again = await nginx.ask('/kept?a')
        assert.deepEqual([again.status, again.headers['x-page'], again.body], [200, '1', 'page 1'])
      }
      assert.equal((await nginx.ask('/kept?b')).body, 'page 2')
      const missing = await nginx.ask('/nowhere')
      assert.deepEqual([missing.status, missing.body], [404, 'no such page'])
    })

    test('a body that nginx sent to the cache in vain comes to the app whole', async t => {
      const served = await serve(t, cacheThenApp, { tcp })
      if (served === undefined) return
      const sent = send(served.nginx, '/upload')
      const answer = once(sent, 'response')
      const hash = await sendBody(sent, 8)
      assert.equal(await text((await answer)[0]), JSON.stringify([8 * MIB, hash]))
    })
  })
}

describe('nginx that asks the cache with get, and only for GET and HEAD', () => {
  test('finds what the app kept, calls no miss an error, and passes a POST on', async t => {
    const served = await serve(t, cacheForGets)
    if (served === undefined) return
    const { nginx } = served
    for (let round = 0; round < 2; round++) {
      assert.equal((await nginx.ask('/kept?a')).headers['x-page'], '1')
    }
    const [posted] = await once(send(nginx, '/kept?a').end('form'), 'response')
    assert.equal(await text(posted), 'page 2')
    assert.equal((await nginx.ask('/kept?a', 'HEAD')).headers['x-page'], '2')
    assert.doesNotMatch(nginx.output(), /prematurely/)
  })
})

describe('an app behind nginx', () => {
  test('gets what the client sent', async t => {
    const served = await serve(t, upstream => appAt('/', upstream))
    if (served === undefined) return
    const sent = send(served.nginx, '/facts?a=%20b', { host: 'example.org', 'x-a': 'ä' }, 'PUT')
    const [answer] = await once(sent.end(), 'response')
    const url = 'http://example.org/facts?a=%20b'
    assert.deepEqual(JSON.parse(await text(answer)).slice(0, 3), ['PUT', url, 'ä'])
  })

  test('has its status, fields and cookies shown to the client, and no body for HEAD', async t => {
    const served = await serve(t, upstream => appAt('/', upstream))
    if (served === undefined) return
    const answer = await served.nginx.ask('/cookies')
    assert.equal(answer.status, 203)
    assert.deepEqual(answer.headers['set-cookie'], ['a=1; Path=/', 'b=2'])
    assert.equal(answer.body, 'two')
    const head = await served.nginx.ask('/cookies', 'HEAD')
    assert.deepEqual([head.status, head.headers['content-length'], head.body], [203, '3', ''])
  })

  for (const buffering of ['on', 'off']) {
    test(`takes and gives 128 MiB in little memory, buffering ${buffering}`, async t => {
      const settings = `uwsgi_request_buffering ${buffering}; uwsgi_buffering ${buffering};`
      const served = await serve(t, upstream => appAt('/', upstream, settings))
      if (served === undefined) return
      const { nginx, app } = served
      await nginx.ask('/facts')
      const before = (await app.ask('facts')).peakSize
      const sent = send(nginx, '/upload', { 'content-length': 128 * MIB })
      const answer = once(sent, 'response')
      const hash = await sendBody(sent, 128)
      assert.equal(await text((await answer)[0]), JSON.stringify([128 * MIB, hash]))
      const [download] = await once(send(nginx, '/download?mib=128', {}, 'GET').end(), 'response')
      assert.equal(await sizeOf(download), 128 * MIB)
      const grownBy = (await app.ask('facts')).peakSize - before
      t.diagnostic(`the app's memory grew by ${Math.round(grownBy / MIB)} MiB`)
      assert.ok(grownBy < 100 * MIB, `${grownBy} bytes`)
    })
  }

  test('takes a body in chunks, of which nobody told the size', async t => {
    const served = await serve(t, upstream => appAt('/', upstream))
    if (served === undefined) return
    const sent = send(served.nginx, '/upload')
    const answer = once(sent, 'response')
    const hash = await sendBody(sent, 3)
    assert.equal(await text((await answer)[0]), JSON.stringify([3 * MIB, hash]))
  })

  test('sends no faster than a client of nginx reads', async t => {
    const settings = 'uwsgi_buffering off;'
    const served = await serve(t, upstream => appAt('/', upstream, settings))
    if (served === undefined) return
    const { nginx, app } = served
    await nginx.ask('/facts')
    const before = (await app.ask('facts')).peakSize
    const [answer] = await once(send(nginx, '/download?mib=256', {}, 'GET').end(), 'response')
    // The client takes nothing, and meanwhile the app has time for others.
    for (let round = 0; round < 20; round++) await nginx.ask('/facts')
    assert.ok((await app.ask('facts')).peakSize - before < 128 * MIB)
    assert.equal(await sizeOf(answer), 256 * MIB)
  })

  for (const [how, tcp, query] of [
    ['by TCP', true, ''],
    ['with Content-Length by TCP', true, '?length=1000000'],
    ['with Content-Length by Unix socket', false, '?length=1000000'],
  ] as const) {
    test(`that breaks off in the middle does not look finished, ${how}`, async t => {
      const served = await serve(t, upstream => appAt('/', upstream), { tcp })
      if (served === undefined) return
      const sent = send(served.nginx, `/broken${query}`, {}, 'GET').end()
      const [answer] = await once(sent, 'response')
      await assert.rejects(sizeOf(answer), { code: 'ECONNRESET' })
    })
  }

  test('is told when the client goes away', async t => {
    const served = await serve(t, upstream => appAt('/', upstream))
    if (served === undefined) return
    const { nginx } = served
    const sent = send(nginx, '/never', {}, 'GET').on('error', () => {})
    await within('nginx to have it', once(sent.end(), 'finish'))
    await nginx.ask('/facts')
    sent.destroy()
    await until('the app is told', async () => (await nginx.ask('/aborts')).body === '1')
  })

  test('needs a larger buffer-size for a long cookie; the log tells so', async t => {
    const long = { cookie: 'c'.repeat(6000) }
    const small = await serve(t, upstream => appAt('/', upstream))
    if (small === undefined) return
    const [refused] = await once(send(small.nginx, '/facts', long, 'GET').end(), 'response')
    assert.equal(refused.statusCode, 502)
    const { log } = await small.app.ask('facts')
    assert.match(log.join(), /^invalid request block size: 6\d{3} \(max 4096\)\.\.\.skip$/)
    const large = await serve(t, upstream => appAt('/', upstream), { bufferSize: 32_768 })
    if (large === undefined) return
    const [answer] = await once(send(large.nginx, '/facts', long, 'GET').end(), 'response')
    assert.equal(answer.statusCode, 200)
  })
})
