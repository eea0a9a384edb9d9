/**
 * The servers of the remote benchmark: a real uWSGI and undercroft, with the same options and one
 * process each.
 */

import { join } from 'node:path'
import { RemoteCache } from '../../src/client/index.ts'
import { startUwsgi } from '../../testing/peers/uwsgi.ts'
import { MAIN } from '../../testing/root.ts'
import type { Scope } from '../../testing/scope.ts'
import { startService } from '../../testing/service.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'
import { STRING_VALUE } from '../compare/workload.ts'
import { processCpuMs } from '../cpu-time.ts'
import { remoteKeys } from './remote-clients.ts'

export const TRANSPORTS = ['TCP', 'Unix'] as const

export type Transport = (typeof TRANSPORTS)[number]

const SERVERS = ['uwsgi', 'undercroft'] as const

export type ServerName = (typeof SERVERS)[number]

export interface RemoteServer {
  /** The name of the cache for clients, for each transport. */
  readonly identifiers: Readonly<Record<Transport, string>>
  /** @returns the processor time of all threads so far; undefined if the system has no /proc */
  cpuMs(): number | undefined
}

/** Starts both servers and stores all keys. */
export async function startServers(
  scope: Scope,
  uwsgi: string,
  keyCount: number,
): Promise<Record<ServerName, RemoteServer>> {
  // uWSGI never uses its first slot. Blocks of the default size would need much memory.
  const cache = `name=bench,items=${keyCount + 1},blocksize=4096`
  const { port, socketPath, pid } = await startUwsgi(scope, uwsgi, [cache])
  const servers = {
    uwsgi: serverOf(pid, `127.0.0.1:${port}`, socketPath),
    undercroft: await startUndercroft(scope, cache),
  }
  for (const { identifiers } of Object.values(servers)) {
    const remote = await RemoteCache.connect<string>(identifiers.Unix)
    const entries = remoteKeys(keyCount).map(key => [key, STRING_VALUE] as const)
    const stored = await remote.setMany(entries)
    await remote.close()
    if (stored !== keyCount) throw new Error(`${identifiers.Unix} took ${stored} of ${keyCount}`)
  }
  return servers
}

async function startUndercroft(scope: Scope, cache: string): Promise<RemoteServer> {
  const sockets = ['--socket', '127.0.0.1:0', '--socket', join(tempDir(scope), 'cache.sock')]
  const args = ['serve', '--json', '--directory', memoryDir(scope), '--cache2', cache, ...sockets]
  const service = await startService(scope, process.execPath, [MAIN, ...args])
  const [tcp = '', unix = ''] = await service.waitFor('to serve', socketsIn)
  return serverOf(service.pid, tcp, unix)
}

function socketsIn(output: string): string[] | undefined {
  const line = output.split('\n').find(text => text.startsWith('{'))
  return line === undefined ? undefined : JSON.parse(line).sockets
}

function serverOf(pid: number, tcp: string, unix: string): RemoteServer {
  return {
    identifiers: { TCP: `bench@${tcp}`, Unix: `bench@${unix}` },
    cpuMs: () => processCpuMs(pid),
  }
}
