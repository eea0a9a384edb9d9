/**
 * What real nginx shows of responses that were stored whole, with the two recipes of uWSGI's
 * documentation.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { responseToBytes } from '../../src/http-cache/index.ts'
import { cacheOnly, cacheThenReal, type Nginx, startNginx } from '../../testing/peers/nginx.ts'
import { requirePeer } from '../../testing/peers/peers.ts'
import { onEnd } from '../../testing/scope.ts'
import { tempDir } from '../../testing/temp-dir.ts'

/** Starts a cache that holds these; gives its Unix socket. Undefined: the test was skipped. */
export type StartCache = (
  t: TestContext,
  stored: ReadonlyMap<string, Uint8Array>,
) => Promise<string | undefined>

const PAGE = '<h1>Größe</h1>\n'.repeat(20_000)

export function describeNginxContract(name: string, startCache: StartCache): void {
  /** nginx in front of a cache that holds one page under /page; undefined: skipped. */
  async function serve(t: TestContext, page: Response): Promise<Nginx | undefined> {
    const nginx = requirePeer(t, 'nginx')
    const socketPath =
      nginx && (await startCache(t, new Map([['/page', await responseToBytes(page)]])))
    if (nginx === undefined || socketPath === undefined) return undefined
    return startNginx(t, nginx, cacheOnly(`unix:${socketPath}`))
  }

  describe(`nginx in front of ${name}`, () => {
    test('a stored page is shown with its status, its type and every byte', async t => {
      const headers = { 'content-type': 'text/html; charset=utf-8' }
      const nginx = await serve(t, new Response(PAGE, { headers, status: 203 }))
      if (nginx === undefined) return
      const answer = await nginx.ask('/page')
      assert.equal(answer.status, 203)
      assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
      assert.equal(answer.headers['content-length'], String(Buffer.byteLength(PAGE)))
      assert.equal(answer.body, PAGE)
    })

    test('a HEAD gets the header of the page and no body', async t => {
      const nginx = await serve(t, new Response(PAGE, { headers: { 'x-kind': 'page' } }))
      if (nginx === undefined) return
      const answer = await nginx.ask('/page', 'HEAD')
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['x-kind'], 'page')
      assert.equal(answer.headers['content-length'], String(Buffer.byteLength(PAGE)))
      assert.equal(answer.body, '')
    })

    test('cookies, redirects and compressed pages come out as they were stored', async t => {
      const headers = new Headers({ location: '/elsewhere', 'content-encoding': 'gzip' })
      headers.append('set-cookie', 'a=1; Path=/')
      headers.append('set-cookie', 'b=2')
      const nginx = await serve(t, new Response(gzipSync('moved'), { headers, status: 302 }))
      if (nginx === undefined) return
      const answer = await nginx.ask('/page')
      assert.equal(answer.status, 302)
      assert.equal(answer.headers.location, '/elsewhere')
      assert.equal(answer.headers['content-encoding'], 'gzip')
      assert.deepEqual(answer.headers['set-cookie'], ['a=1; Path=/', 'b=2'])
    })

    test('the query is part of the key, and a miss is a 502', async t => {
      const nginx = await serve(t, new Response('page'))
      if (nginx === undefined) return
      assert.equal((await nginx.ask('/page?x=1')).status, 502)
      assert.equal((await nginx.ask('/other', 'HEAD')).status, 502)
      assert.equal((await nginx.ask('/page')).status, 200)
    })

    test('with the second recipe a miss is answered by the application instead', async t => {
      const command = requirePeer(t, 'nginx')
      const stored = new Map([['/page', await responseToBytes(new Response('from the cache'))]])
      const socketPath = command && (await startCache(t, stored))
      if (command === undefined || socketPath === undefined) return
      const locations = cacheThenReal(`unix:${socketPath}`, `unix:${await startApplication(t)}`)
      const nginx = await startNginx(t, command, locations)
      assert.equal((await nginx.ask('/page')).body, 'from the cache')
      const miss = await nginx.ask('/other?x=1')
      assert.equal(miss.status, 200)
      assert.equal(miss.body, 'the application made /other?x=1')
    })
  })
}

/**
 * Starts what `@real` leads to.
 *
 * @returns the path of its Unix socket
 */
async function startApplication(t: TestContext): Promise<string> {
  const path = join(tempDir(t), 'application.sock')
  const server = createServer((request, answer) => {
    answer.end(`the application made ${request.url}`)
  }).listen(path)
  await once(server, 'listening')
  onEnd(t, () => server.close().closeAllConnections())
  return path
}
