/**
 * nginx and Varnish as caches in front of a server, with two processes or pools of threads.
 */

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { locatePeer } from '../../testing/peers/peers.ts'
import type { Scope } from '../../testing/scope.ts'
import { isListening, startService } from '../../testing/service.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'

export type ProxyName = 'nginx' | 'varnish'

/** A running proxy. */
export interface Proxy<Name extends ProxyName> {
  readonly name: Name
  readonly port: number
  readonly pid: number
}

/** @returns the proxy in front of a port, or the reason why it cannot be started */
export async function startProxy<Name extends ProxyName>(
  scope: Scope,
  name: Name,
  origin: number,
): Promise<Proxy<Name> | string> {
  const { command, missing } = locatePeer(name)
  if (missing !== undefined) return missing
  const port = await freePort()
  const pid = await (name === 'nginx' ? startNginx : startVarnish)(scope, command, port, origin)
  return { name, port, pid }
}

async function startNginx(
  scope: Scope,
  command: string,
  port: number,
  origin: number,
): Promise<number> {
  const dir = tempDir(scope)
  const configPath = join(dir, 'nginx.conf')
  writeFileSync(configPath, nginxConfiguration(dir, memoryDir(scope), port, origin))
  const service = await startService(scope, command, ['-p', dir, '-c', configPath, '-e', 'stderr'])
  await service.waitFor('to listen', () => isListening({ port, host: '127.0.0.1' }))
  return service.pid
}

function nginxConfiguration(dir: string, cacheDir: string, port: number, origin: number): string {
  return `
daemon off;
worker_processes 2;
user root; # the user of this benchmark owns the directories
pid ${dir}/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  proxy_temp_path ${dir}/proxy;
  proxy_cache_path ${cacheDir} keys_zone=pages:1m;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://127.0.0.1:${origin};
      proxy_cache pages;
      proxy_cache_valid 200 1h;
      proxy_cache_lock on;
    }
  }
}
`
}

async function startVarnish(
  scope: Scope,
  command: string,
  port: number,
  origin: number,
): Promise<number> {
  const backend = ['-b', `127.0.0.1:${origin}`, '-a', `127.0.0.1:${port}`]
  const storage = ['-s', 'malloc,256m', '-n', tempDir(scope)]
  const pools = ['-p', 'thread_pools=2', '-p', 'thread_pool_min=50', '-p', 'listen_depth=4096']
  // Without its jail, which drops rights that the directory needs.
  const args = ['-j', 'none', '-F', ...backend, ...storage, ...pools, '-p', 'default_ttl=3600']
  const service = await startService(scope, command, args)
  await service.waitFor('to listen', () => isListening({ port, host: '127.0.0.1' }))
  return service.pid
}

/** Neither can choose a free port itself. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
