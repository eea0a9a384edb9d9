/**
 * The servers of the web benchmark. Each has two workers and answers with a body of the same size
 * from its own cache.
 */

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { locatePeer } from '../../testing/peers/peers.ts'
import { startUwsgiSite } from '../../testing/peers/uwsgi-site.ts'
import { ROOT } from '../../testing/root.ts'
import { startServe } from '../../testing/runner-process.ts'
import type { Scope } from '../../testing/scope.ts'
import { isListening, startService } from '../../testing/service.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'

/** The servers in the order of their measurements. */
export const SERVER_NAMES = [
  'node',
  'runner',
  'middleware',
  'uwsgi',
  'uwsgi-http11',
  'nginx',
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
    case 'nginx':
      return startNginx(scope, start)
  }
}

async function startNode(
  scope: Scope,
  name: ServerName,
  kind: 'hello' | 'cached',
  { bodySize }: Start,
): Promise<WebServer> {
  const args = [join(ROOT, 'build/bench/web/web-node.js'), kind, String(bodySize), memoryDir(scope)]
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

async function startNginx(scope: Scope, { origin }: Start): Promise<WebServer | string> {
  const { command, missing } = locatePeer('nginx')
  if (missing !== undefined) return missing
  if (origin === undefined) return 'the server behind it was not started'
  const dir = tempDir(scope)
  const configPath = join(dir, 'nginx.conf')
  const port = await freePort()
  writeFileSync(configPath, nginxConfiguration(dir, memoryDir(scope), port, origin.port))
  const service = await startService(scope, command, ['-p', dir, '-c', configPath, '-e', 'stderr'])
  await service.waitFor('to listen', () => isListening({ port, host: '127.0.0.1' }))
  return { name: 'nginx', port, pid: service.pid }
}

function nginxConfiguration(dir: string, cacheDir: string, port: number, origin: number): string {
  return `
daemon off;
worker_processes 2;
user root; # the user of this benchmark owns the directories
pid ${dir}/nginx.pid;
events {}
http {
  access_log off;
  keepalive_requests 1000000000;
  proxy_temp_path ${dir}/proxy;
  proxy_cache_path ${cacheDir} keys_zone=pages:1m;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${origin};
      proxy_cache pages;
      proxy_cache_valid 200 1h;
    }
  }
}
`
}

/** nginx cannot choose a free port itself. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
