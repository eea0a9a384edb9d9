/**
 * The servers of the web benchmark. Each has two workers and answers with a body of the same size
 * from its own cache.
 */

import { join } from 'node:path'
import { locatePeer } from '../../testing/peers/peers.ts'
import { startUwsgiSite } from '../../testing/peers/uwsgi-site.ts'
import { ROOT } from '../../testing/root.ts'
import { startServe } from '../../testing/runner-process.ts'
import type { Scope } from '../../testing/scope.ts'
import { startService } from '../../testing/service.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { startProxy } from './caching-proxies.ts'

/** The servers in the order of their measurements. */
export const SERVER_NAMES = [
  'node',
  'runner',
  'middleware',
  'uwsgi',
  'uwsgi-http11',
  'http-cache',
  'nginx',
  'varnish',
] as const

export type ServerName = (typeof SERVER_NAMES)[number]

export interface WebServer {
  readonly name: ServerName
  readonly port: number
  /** The parent process of the workers, or the only worker. */
  readonly pid: number
}

export interface Start {
  readonly bodySize: number
  /** The page differs by Accept-Language. */
  readonly varies: boolean
  /** The server behind a caching proxy. */
  readonly origin: WebServer | undefined
}

/** @returns the running server, or the reason why it cannot be started */
export async function startWebServer(
  scope: Scope,
  name: ServerName,
  start: Start,
): Promise<WebServer | string> {
  switch (name) {
    case 'node':
      return startNode(scope, name, 'hello', start)
    case 'middleware':
      return startNode(scope, name, 'cached', start)
    case 'runner':
      return startRunner(scope, start)
    case 'uwsgi':
      return startUwsgi(scope, name, 'http-socket', start)
    case 'uwsgi-http11':
      return startUwsgi(scope, name, 'http11-socket', start)
    case 'http-cache':
      return startHttpCache(scope, start)
    case 'nginx':
    case 'varnish':
      return start.origin === undefined
        ? 'the server behind it was not started'
        : startProxy(scope, name, start.origin.port)
  }
}

async function startNode(
  scope: Scope,
  name: ServerName,
  kind: 'hello' | 'cached',
  { bodySize, varies }: Start,
): Promise<WebServer> {
  const facts = [kind, String(bodySize), memoryDir(scope), varies ? 'accept-language' : '']
  const args = [join(ROOT, 'build/bench/web/web-node.js'), ...facts]
  const service = await startService(scope, process.execPath, args)
  const port = await service.waitFor('prints its port', output => /port (\d+)/.exec(output)?.[1])
  return { name, port: Number(port), pid: service.pid }
}

async function startRunner(scope: Scope, { bodySize }: Start): Promise<WebServer> {
  const module = ['--module', join(ROOT, 'build/bench/web/web-app.js')]
  const crew = ['--http', '127.0.0.1:0', '--processes', '2']
  const cache = ['--cache2', `name=pages,items=100,blocksize=${Math.max(64, bodySize)}`]
  const rules = ruleLines('').flatMap(rule => ['--route', rule])
  const args = [...module, ...crew, ...cache, ...rules]
  const env = { BENCH_BODY_SIZE: String(bodySize) }
  const { port, service } = await startServe(scope, args, { env })
  return { name: 'runner', port, pid: service.pid }
}

/** The runner with its HTTP cache in front of the application. */
async function startHttpCache(scope: Scope, { bodySize, varies }: Start): Promise<WebServer> {
  const module = ['--module', join(ROOT, 'build/bench/web/web-app.js')]
  const crew = ['--http', '127.0.0.1:0', '--processes', '2']
  const cache2 = 'name=pages,items=100,blocksize=1024,blocks=1000,bitmap=1,purge_lru=1'
  const args = [...module, ...crew, '--cache2', cache2, '--http-cache', 'pages']
  const env = { BENCH_BODY_SIZE: String(bodySize), BENCH_VARY: varies ? 'accept-language' : '' }
  const { port, service } = await startServe(scope, args, { env })
  return { name: 'http-cache', port, pid: service.pid }
}

async function startUwsgi(
  scope: Scope,
  name: ServerName,
  socket: 'http-socket' | 'http11-socket',
  { bodySize }: Start,
): Promise<WebServer | string> {
  const { command, missing } = locatePeer('uwsgi')
  if (missing !== undefined) return missing
  const crew = ['master = true', 'die-on-term = true', 'processes = 2']
  const cache = `cache2 = name=pages,items=100,blocksize=${Math.max(64, bodySize)}`
  const rules = ruleLines(`,value=${'x'.repeat(bodySize)}`).map(rule => `route = ${rule}`)
  const lines = [...crew, cache, ...rules].join('\n')
  const { port, pid } = await startUwsgiSite(scope, command, lines, socket)
  return { name, port, pid }
}

/** @returns the rules for the runner and uWSGI */
function ruleLines(more: string): readonly string[] {
  const place = `key=\${REQUEST_URI},name=pages`
  return [`^/ cache:${place}`, `^/ cachestore:${place}${more}`]
}
