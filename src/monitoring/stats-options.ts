/**
 * Options of the stats server: their meaning, defaults and checks.
 */

import {
  type CacheStats,
  type Complete,
  invalidOption,
  MAX_TIMER_MS,
  requireBoolean,
  requireInteger,
  requireKnownNames,
  requireOneOf,
  requireString,
  UndercroftError,
} from '../base/index.ts'
import {
  type Address,
  MAX_CONNECTION_LIMIT,
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
  readonly allowPublic?: boolean | undefined
  /**
   * Addresses and networks that may connect, such as `10.0.0.0/8`. Connections from other addresses
   * are closed at once. For TCP only. @default every client that reaches the address
   */
  readonly allow?: readonly string[] | undefined
  /** Permissions of a Unix socket's file. @default 0o600 */
  readonly mode?: number | undefined
  /**
   * Answer with an HTTP header also without an HTTP request, as uWSGI's `stats-http`.
   * @default false
   */
  readonly http?: boolean | undefined
  /**
   * The origin whose web pages may read the JSON, such as `https://ops.example`, or `*` for every
   * origin. @default none
   */
  readonly allowOrigin?: string | undefined
  /**
   * Names under which HTTP clients reach the server, without a port. Requests for other names are
   * refused: a web page whose name resolves to this machine (DNS rebinding) must not read the
   * statistics. Addresses, `localhost`, the host of `address`, and Unix sockets are always allowed.
   * @default none
   */
  readonly allowedHosts?: readonly string[] | undefined
  /** JSON without white space, as uWSGI's `stats-minified`. @default false */
  readonly minified?: boolean | undefined
  /**
   * Report `max_items` as uWSGI counts it, one more than `maxItems`: uWSGI's `items` include a
   * first place that is never used. @default false
   */
  readonly uwsgiItemCount?: boolean | undefined
  /** Where the caches are served. A bare address means the uwsgi protocol. @default none */
  readonly sockets?: readonly (string | SocketFacts)[] | undefined
  /** Returns the worker processes; called for each answer. @default this process alone */
  readonly workers?: (() => readonly WorkerFacts[]) | undefined
  /** The member `version` of the JSON. @default 'undercroft' */
  readonly version?: string | undefined
  /** Milliseconds for a whole request to arrive, and for an answer to be read. @default 4000 */
  readonly timeoutMs?: number | undefined
  /** Connections that may be open; further ones are closed at once. @default 64 */
  readonly maxConnections?: number | undefined
  /**
   * Called for a cache that cannot be read, such as a corrupt one, which the answer then omits.
   * @default writes a process warning
   */
  readonly onError?: ((error: Error) => void) | undefined
}

type ListenerName = 'address' | 'allowPublic' | 'allow' | 'mode'

export interface ResolvedStatsOptions
  extends Complete<
    Omit<StatsOptions, ListenerName | 'allowOrigin' | 'allowedHosts' | 'sockets' | 'workers'>
  > {
  readonly listener: ResolvedListener
  readonly allowOrigin: string | undefined
  /** In small letters. Undefined: every host is allowed, as on a Unix socket. */
  readonly hosts: ReadonlySet<string> | undefined
  readonly sockets: readonly SocketFacts[]
  readonly workers: (() => readonly WorkerFacts[]) | undefined
}

export function resolveStatsOptions(options: StatsOptions): ResolvedStatsOptions {
  requireKnownNames('serveStats', options, STATS_OPTIONS)
  const { timeoutMs = DEFAULT_SOCKET_TIMEOUT_MS, maxConnections = DEFAULT_MAX_CONNECTIONS } =
    options
  const { onError = warn, workers } = options
  requireFunctions({ onError, workers })
  const listener = resolveListener('address', options)
  return {
    listener,
    allowOrigin: resolveOrigin(options.allowOrigin),
    hosts: resolveHosts(listener.address, options.allowedHosts),
    http: requireBoolean('http', options.http ?? false),
    minified: requireBoolean('minified', options.minified ?? false),
    uwsgiItemCount: requireBoolean('uwsgiItemCount', options.uwsgiItemCount ?? false),
    sockets: requireSockets(options.sockets ?? []),
    workers,
    version: requireString('version', options.version ?? 'undercroft'),
    timeoutMs: requireInteger('timeoutMs', timeoutMs, 1, MAX_TIMER_MS),
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
  allowOrigin: true,
  allowedHosts: true,
  minified: true,
  uwsgiItemCount: true,
  sockets: true,
  workers: true,
  version: true,
  timeoutMs: true,
  maxConnections: true,
  onError: true,
}

function resolveOrigin(given: unknown): string | undefined {
  if (given === undefined) return undefined
  const origin = requireString('allowOrigin', given)
  if (origin === '*' || /^[\x21-\x7e]+$/.test(origin)) return origin
  throw invalidOption('allowOrigin', 'an origin such as https://ops.example, or *', given)
}

function resolveHosts(address: Address, given: unknown = []): ReadonlySet<string> | undefined {
  if (!Array.isArray(given)) throw invalidOption('allowedHosts', 'a list of names', given)
  const names = given.map(name => requireString('allowedHosts', name).toLowerCase())
  if (address.kind === 'unix') return undefined // web pages cannot reach it
  return new Set(['localhost', address.host.toLowerCase(), ...names].filter(name => name !== ''))
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
