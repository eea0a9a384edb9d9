/**
 * The application behind nginx: an ordinary Fetch handler that keeps some of its pages in a cache.
 */

import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { responseToBytes } from '../../src/http-cache/index.ts'
import { Cache } from '../../src/index.ts'

const pages = Cache.open<Buffer>({ name: 'pages', directory: process.env.TEST_CACHES ?? '' })
let count = 0
let abortCount = 0

const routes: Readonly<
  Record<string, (request: Request, incoming: IncomingMessage) => Response | Promise<Response>>
> = {
  async '/kept'(request) {
    const { pathname, search } = new URL(request.url)
    const page = new Response(`page ${++count}`, { headers: { 'x-page': String(count) } })
    pages.set(pathname + search, await responseToBytes(page.clone()))
    return page
  },
  '/facts'(request, { socket }) {
    const { remoteAddress } = socket
    const { method, url, headers } = request
    return Response.json([method, url, headers.get('x-a'), remoteAddress, 'encrypted' in socket])
  },
  '/cookies'() {
    const headers = new Headers({ 'content-type': 'text/plain' })
    headers.append('set-cookie', 'a=1; Path=/')
    headers.append('set-cookie', 'b=2')
    return new Response('two', { status: 203, headers })
  },
  async '/upload'(request) {
    const hash = createHash('sha1')
    let size = 0
    for await (const chunk of request.body ?? []) {
      size += chunk.length
      hash.update(chunk)
    }
    return Response.json([size, hash.digest('hex')])
  },
  '/broken'(request) {
    const size = new URL(request.url).searchParams.get('length')
    let left = 3
    const pull = (stream: ReadableStreamDefaultController) => {
      if (left-- === 0) throw new Error('broken on purpose')
      stream.enqueue(Buffer.alloc(100_000, 'x'))
    }
    const init = size === null ? {} : { headers: { 'content-length': size } }
    return new Response(new ReadableStream({ pull }), init)
  },
  '/download'(request) {
    let left = Number(new URL(request.url).searchParams.get('mib'))
    const pull = (stream: ReadableStreamDefaultController) => {
      if (left-- > 0) stream.enqueue(Buffer.alloc(1024 * 1024, 'x'))
      else stream.close()
    }
    return new Response(new ReadableStream({ pull }))
  },
  '/never'({ signal }) {
    signal.addEventListener('abort', () => abortCount++)
    return new Promise(() => {})
  },
  '/aborts': () => Response.json(abortCount),
}

export default {
  fetch(request: Request, { incoming }: { readonly incoming: IncomingMessage }) {
    const respond = routes[new URL(request.url).pathname]
    return respond?.(request, incoming) ?? new Response('no such page', { status: 404 })
  },
}
