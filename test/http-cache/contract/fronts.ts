/**
 * The kinds of servers and of caches that keep the contract.
 */

import { join } from 'node:path'
import { RemoteCache } from '../../../src/client/index.ts'
import { serveCaches } from '../../../src/server/index.ts'
import { onEnd } from '../../../testing/scope.ts'
import { tempDir } from '../../../testing/temp-dir.ts'
import {
  type App,
  asListener,
  got,
  HOST,
  type OpenStore,
  type Seen,
  type StartFront,
  sendTo,
  serve,
} from './subject.ts'

export const listenerFront: StartFront = async (scope, pages, app) =>
  sendTo(await serve(scope, pages.listener(asListener(app))))

/** The middleware, called as Express and Connect call it. */
export const middlewareFront: StartFront = async (scope, pages, app) => {
  const middleware = pages.middleware()
  const listener = asListener(app)
  const server = await serve(scope, (request, response) => {
    response.setHeader('x-outer', 'of this request')
    middleware(request, response, () => listener(request, response))
  })
  return sendTo(server)
}

export const fetchFront: StartFront = async (_scope, pages, app) => {
  const handler = pages.handler(asHandler(app))
  return async (method, path, headers) => {
    const init = { method, headers: [...pairsOf(headers)] }
    const response = await handler(new Request(`http://${HOST}${path}`, init))
    const body = Buffer.from(await response.arrayBuffer())
    return got(response.status, Object.fromEntries(response.headers), body)
  }
}

export const localStore: OpenStore = async (_scope, memory) => memory

/** A remote cache over the same memory. */
export const remoteStore: OpenStore = async (scope, memory) => {
  const path = join(tempDir(scope), 'cache.sock')
  const server = await serveCaches([memory], { listen: path })
  onEnd(scope, () => server.close())
  const cache = new RemoteCache(`${memory.name}@${path}`)
  onEnd(scope, () => cache.close())
  return cache
}

/** The application as a Fetch handler. */
function asHandler(app: App): (request: Request) => Promise<Response> {
  return async request => {
    const { pathname, search } = new URL(request.url)
    const headers = Object.fromEntries(request.headers) as Seen['headers']
    const seen = { method: request.method, path: pathname + search, headers }
    const { status = 200, headers: fields = {}, body } = await app(seen)
    const sent =
      body === undefined || [204, 304].includes(status) ? null : new Uint8Array(Buffer.from(body))
    return new Response(sent, { status, headers: [...pairsOf(fields)] })
  }
}

function* pairsOf(
  fields: Readonly<Record<string, string | readonly string[]>>,
): Generator<[string, string]> {
  for (const [name, value] of Object.entries(fields)) {
    for (const text of typeof value === 'string' ? [value] : value) yield [name, text]
  }
}
