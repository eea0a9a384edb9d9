/**
 * Options of the stats server: their meaning, defaults and checks.
 */

import {
  type CacheStats,
  invalidOption,
  requireBoolean,
  requireInteger,
  requireKnownNames,
  requireOneOf,
  requireString,
  UndercroftError,
} from '../base/index.ts'
import {
  MAX_CONNECTION_LIMIT,
  MAX_TIMEOUT_MS,
  type ResolvedListener,
  requireFunctions,
  resolveListener,
  warn,
} from '../net/index.ts'
import { DEFAULT_SOCKET_TIMEOUT_MS } from '../protocols/uwsgi/index.ts'
import type { SocketFacts, WorkerFacts } from './stats-facts.ts'

/** The part of a cache that the stats server reads. Every `Cache` has it. */
export interface StatsSource {
  readonly name: string
  stats(): CacheStats
}

/** Options of `serveStats`. */
export interface StatsOptions {
  /** `host:port`, `[ipv6]:port`, or the path of a Unix socket. Port 0 takes any free port. */
  readonly address: string
  /**
   * Allow an address that other machines can reach. There is no authentication: every client that
   * reaches the port reads names and counts, the working directory and process ids. @default false
   */
  readonly allowPublic?: boolean
  /**
   * Addresses and networks that may connect, such as `10.0.0.0/8`. Connections from other addresses
   * are closed at once. For TCP only. @default every client that reaches the address
   */
  readonly allow?: readonly string[]
  /** Permissions of a Unix socket's file. @default 0o600 */
  readonly mode?: number
  /**
   * Answer with an HTTP header also where no HTTP request came, as uWSGI's `stats-http`. Web pages
   * of any origin may read the JSON then, as there. @default false
   */
  readonly http?: boolean
  /** JSON without white space, as uWSGI's `stats-minified`. @default false */
  readonly minified?: boolean
  /**
   * Report `max_items` as uWSGI counts it, one more than `maxItems`: uWSGI's `items` include a first
   * place that is never used. @default false
   */
  readonly uwsgiItemCount?: boolean
  /** Where the caches are served. A bare address means the uwsgi protocol. @default none */
  readonly sockets?: readonly (string | SocketFacts)[]
  /** Returns the worker processes; called for each answer. @default this process alone */
  readonly workers?: () => readonly WorkerFacts[]
  /** The member `version` of the JSON. @default 'undercroft' */
  readonly version?: string
  /** Milliseconds for a whole request to arrive, and for an answer to be read. @default 4000 */
  readonly timeoutMs?: number
  /** Connections that may be open; further ones are closed at once. @default 64 */
  readonly maxConnections?: number
  /**
   * Called for a cache that cannot be read, such as a corrupt one, which the answer then omits.
   * @default writes a process warning
   */
  readonly onError?: (error: Error) => void
}

export interface ResolvedStatsOptions
  extends Required<
    Omit<StatsOptions, 'address' | 'allowPublic' | 'allow' | 'mode' | 'sockets' | 'workers'>
  > {
  readonly listener: ResolvedListener
  readonly sockets: readonly SocketFacts[]
  readonly workers: (() => readonly WorkerFacts[]) | undefined
}

export function resolveStatsOptions(options: StatsOptions): ResolvedStatsOptions {
  requireKnownNames('serveStats', options, Object.keys(STATS_OPTIONS))
  const { timeoutMs = DEFAULT_SOCKET_TIMEOUT_MS, maxConnections = DEFAULT_MAX_CONNECTIONS } =
    options
  const { onError = warn, workers } = options
  requireFunctions({ onError, workers })
  return {
    listener: resolveListener('address', options),
    http: requireBoolean('http', options.http ?? false),
    minified: requireBoolean('minified', options.minified ?? false),
    uwsgiItemCount: requireBoolean('uwsgiItemCount', options.uwsgiItemCount ?? false),
    sockets: requireSockets(options.sockets ?? []),
    workers,
    version: requireString('version', options.version ?? 'undercroft'),
    timeoutMs: requireInteger('timeoutMs', timeoutMs, 1, MAX_TIMEOUT_MS),
    maxConnections: requireInteger('maxConnections', maxConnections, 1, MAX_CONNECTION_LIMIT),
    onError,
  }
}

/** Requires different names, because the answers identify a cache by its name alone. */
export function requireDifferentNames(caches: readonly StatsSource[]): readonly StatsSource[] {
  const names = caches.map(cache => cache.name)
  if (new Set(names).size === names.length) return caches
  throw new UndercroftError(
    'UNDERCROFT_OPTION_INVALID',
    `the caches of a stats server need different names; got ${names.join(', ')}`,
  )
}

const DEFAULT_MAX_CONNECTIONS = 64

const STATS_OPTIONS: Readonly<Record<keyof StatsOptions, true>> = {
  address: true,
  allowPublic: true,
  allow: true,
  mode: true,
  http: true,
  minified: true,
  uwsgiItemCount: true,
  sockets: true,
  workers: true,
  version: true,
  timeoutMs: true,
  maxConnections: true,
  onError: true,
}

function requireSockets(given: unknown): readonly SocketFacts[] {
  if (!Array.isArray(given)) throw invalidOption('sockets', 'a list of addresses', given)
  return given.map((socket: unknown) => {
    if (typeof socket === 'string') {
      return { address: requireString('sockets', socket), protocol: 'uwsgi' }
    }
    const { address, protocol }: Partial<SocketFacts> = { ...Object(socket) }
    return {
      address: requireString('sockets: address', address),
      protocol: requireOneOf('sockets: protocol', protocol, ['uwsgi', 'http']),
    }
  })
}
