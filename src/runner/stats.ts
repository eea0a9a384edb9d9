/**
 * The stats server of an instance: uWSGI's answers, with the name and version of this package.
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

/** What a stats server is started with. */
export interface StatsListening {
  readonly address: SocketAddress
  /** It may be an address that other machines reach. */
  readonly allowPublic: boolean
  readonly access: SocketAccess
  readonly format: StatsFormat
  readonly caches: readonly { readonly name: string; stats(): CacheStats }[]
  /** Where the caches are served. */
  readonly sockets: readonly SocketFacts[]
  /** Of this package. */
  readonly version: string
  /** Of a Unix socket. Absent: as the system makes it. */
  readonly mode?: number
  /** Absent: this process is the only one. */
  readonly workers?: () => readonly WorkerFacts[]
}

/** A socket that listens. */
export interface Listener {
  /** As bound: port 0 has become a real one. */
  readonly address: SocketAddress
  /** Takes no more connections, finishes the requests that have begun, then is done. */
  close(): Promise<void>
}

export async function listenStats(listening: StatsListening): Promise<Listener> {
  const { address, allowPublic, access, format, caches, sockets, version, mode, workers } =
    listening
  const server = await serveStats(caches, {
    address: formatAddress(address),
    allowPublic,
    ...(access.allow === undefined ? {} : { allow: access.allow }),
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
