/**
 * The stats server of an instance: statistics in uWSGI's form, with the name and version of this
 * package.
 */

import type { CacheStats } from '../base/index.ts'
import { type SocketFacts, serveStats, type WorkerFacts } from '../monitoring/index.ts'
import {
  formatAddress,
  parseAddress,
  type SocketAccess,
  type SocketAddress,
} from '../uwsgi/options/index.ts'
import type { StatsFormat } from './sockets/plan-sockets.ts'

/** Options of a stats server. */
export interface StatsListening {
  readonly address: SocketAddress
  /** Whether other machines may reach the address. */
  readonly allowPublic: boolean
  readonly access: SocketAccess
  readonly format: StatsFormat
  readonly caches: readonly { readonly name: string; stats(): CacheStats }[]
  /** The sockets that serve the caches. */
  readonly sockets: readonly SocketFacts[]
  /** Version of this package. */
  readonly version: string
  /** Mode of a Unix socket. Absent: the system's default. */
  readonly mode?: number
  /** Absent: this process is the only one. */
  readonly workers?: () => readonly WorkerFacts[]
}

/** A listening socket. */
export interface Listener {
  /** The bound address, with the real port in place of 0. */
  readonly address: SocketAddress
  /** Accepts no more connections; resolves when the requests in progress have ended. */
  close(): Promise<void>
}

export async function listenStats(listening: StatsListening): Promise<Listener> {
  const { address, allowPublic, access, format, caches, sockets, version, mode, workers } =
    listening
  const server = await serveStats(caches, {
    address: formatAddress(address),
    allowPublic,
    ...(access.allow === undefined ? {} : { allow: access.allow }),
    ...(access.hosts === undefined ? {} : { allowedHosts: access.hosts }),
    ...(mode !== undefined && address.kind === 'unix' ? { mode } : {}),
    http: format.isHttp,
    minified: format.isMinified,
    uwsgiItemCount: true,
    sockets,
    version: `undercroft-${version}`,
    ...(workers === undefined ? {} : { workers }),
  })
  return { address: parseAddress('stats', server.address), close: () => server.close() }
}
