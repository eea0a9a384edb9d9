/**
 * A web server with an `HttpCache` in a cache that others share. The test's side is
 * http-cache.test.ts. Its application notes in the cache that it was asked, and answers when the
 * test says so.
 */

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HttpCache } from '../../src/http-cache/index.ts'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { answer } from '../../testing/child-side.ts'

export type WebTask =
  | { readonly kind: 'serve'; readonly options: CacheOptions }
  | { readonly kind: 'finish' }

let asked: ServerResponse | undefined

/** The port, or 0. */
answer<WebTask, number>(task => (task.kind === 'serve' ? serve(task.options) : finish()))

function serve(options: CacheOptions): Promise<number> {
  const cache = Cache.open(options)
  const pages = new HttpCache({ cache })
  const app = pages.listener((_, response) => {
    asked = response
    cache.set('asked by', process.pid)
    cache.increment('asked')
  })
  const server = createServer((request, response) => {
    cache.increment('arrived')
    app(request, response)
  })
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

function finish(): number {
  asked?.writeHead(200, { 'cache-control': 'max-age=60', 'cache-tag': 'cold' })
  asked?.end(`made by ${process.pid}`)
  return 0
}
