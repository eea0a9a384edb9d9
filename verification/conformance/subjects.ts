/**
 * The caches under test. Each is started in front of the proxy, and listens on a port.
 */

import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { HttpCache, type HttpCacheOptions } from '../../src/http-cache/index.ts'
import { Cache } from '../../src/index.ts'
import { listenerOf } from '../../src/runner/apps/app-listener.ts'
import { startServe } from '../../testing/runner-process.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import forward, { forwardFetch, ORIGIN_PORT } from './proxy.ts'

const PROXY = fileURLToPath(new URL('./proxy.js', import.meta.url))

/** What is off by default, because only the owner knows whether the application allows for it. */
const OPTIONS: Partial<HttpCacheOptions> = {
  alsoStore: ['errors'],
  heuristicFraction: 0.1,
  staleIfErrorMs: 60_000,
}

/** Longer than a run: a request that is sent as its connection closes would count as a failure. */
const KEEP_ALIVE_MS = 600_000

const GEOMETRY = { maxItems: 10_000, blocks: 20_000 }

/** Starts a cache in front of the origin at a port, and returns the port of the cache. */
type StartSubject = (scope: Scope, originPort: number) => Promise<number>

export const SUBJECT_NAMES = ['listener', 'fetch', 'runner', 'options'] as const
export type SubjectName = (typeof SUBJECT_NAMES)[number]

/** `options` is the listener once more, with what is off by default. */
export const SUBJECTS: Readonly<Record<SubjectName, StartSubject>> = {
  listener: async (scope, originPort) =>
    listen(scope, originPort, openPages(scope).listener(forward)),
  fetch: async (scope, originPort) => {
    const handler = openPages(scope).handler(forwardFetch)
    const listener = await listenerOf({ kind: 'fetch', handler }, console.error)
    return listen(scope, originPort, listener)
  },
  runner: startRunner,
  options: async (scope, originPort) =>
    listen(scope, originPort, openPages(scope, OPTIONS).listener(forward)),
}

function openPages(scope: Scope, options: Partial<HttpCacheOptions> = {}): HttpCache {
  const directory = memoryDir(scope)
  const cache = Cache.open({ name: 'conformance', directory, memory: 'private', ...GEOMETRY })
  onEnd(scope, () => cache.destroy())
  return new HttpCache({ cache, ...options })
}

async function listen(scope: Scope, originPort: number, app: RequestListener): Promise<number> {
  process.env[ORIGIN_PORT] = String(originPort)
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onEnd(scope, () => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function startRunner(scope: Scope, originPort: number): Promise<number> {
  const { maxItems, blocks } = GEOMETRY
  const cache = `name=conformance,items=${maxItems},blocksize=4096,blocks=${blocks},bitmap=1`
  const args = ['--module', PROXY, '--http', '127.0.0.1:0', '--cache2', cache]
  const all = [...args, '--http-cache', 'conformance', '--processes', '2']
  const { port } = await startServe(scope, all, { env: { [ORIGIN_PORT]: String(originPort) } })
  return port
}
