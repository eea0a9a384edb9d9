/**
 * Options of the stats server: their meaning, defaults and checks.
 */

import {
  type CacheStats,
  describe,
  invalidOption,
  requireBoolean,
  requireInteger,
  requireKnownNames,
  requireOneOf,
  requireString,
  UndercroftError,
} from '../base/index.ts'
import type { ResolvedListener } from '../net/index.ts'
import { resolveAccess } from '../net/index.ts'
import { DEFAULT_SOCKET_TIMEOUT_MS, parseAddress } from '../protocols/uwsgi/index.ts'
import type { SocketFacts, WorkerFacts } from './stats-facts.ts'

/** What the stats server asks of a cache. Every `Cache` is one. */
export interface StatsSource {
  readonly name: string
  stats(): CacheStats
}

/** Options of `serveStats`. */
export interface StatsOptions {
  /** `host:port`, `[ipv6]:port`, or the path of a Unix socket. Port 0 takes any free port. */
  readonly address: string
  /**
   * Allow an address that other machines can reach. There is no authentication: whoever reaches the
   * port reads names and counts, the working directory and process ids. @default false
   */
  readonly allowPublic?: boolean
  /**
   * Who may connect: addresses and networks such as `10.0.0.0/8`. Others are closed at once. For
   * TCP only. @default everybody who reaches the address
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
   * The caches were made from uWSGI's `items`, whose first place is never used: `max_items` tells
   * one more than `maxItems`, the number that was configured. @default false
   */
  readonly countsFirstPlace?: boolean
  /** Where the caches are served, an address alone with the uwsgi protocol. @default none */
  readonly sockets?: readonly (string | SocketFacts)[]
  /** The worker processes, asked for with each answer. @default this process alone */
  readonly workers?: () => readonly WorkerFacts[]
  /** What `version` says. @default 'undercroft' */
  readonly version?: string
  /** Milliseconds for a request to be there whole, and for an answer to be read. @default 4000 */
  readonly timeoutMs?: number
  /** Connections at one time; further ones are closed at once. @default 64 */
  readonly maxConnections?: number
  /**
   * Told about a cache that cannot be asked, such as a corrupt one; the answer goes without it.
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
  requireKnownNames('serveStats', options, OPTION_NAMES)
  const { timeoutMs = DEFAULT_SOCKET_TIMEOUT_MS, maxConnections = DEFAULT_MAX_CONNECTIONS } =
    options
  const { onError = warn, workers } = options
  for (const [name, value] of Object.entries({ onError, workers })) {
    if (value !== undefined && typeof value !== 'function') {
      throw invalidOption(name, 'a function', value)
    }
  }
  return {
    listener: resolveListener(options),
    http: requireBoolean('http', options.http ?? false),
    minified: requireBoolean('minified', options.minified ?? false),
    countsFirstPlace: requireBoolean('countsFirstPlace', options.countsFirstPlace ?? false),
    sockets: requireSockets(options.sockets ?? []),
    workers,
    version: requireString('version', options.version ?? 'undercroft'),
    timeoutMs: requireInteger('timeoutMs', timeoutMs, 1, MAX_TIMEOUT_MS),
    maxConnections: requireInteger('maxConnections', maxConnections, 1, MAX_CONNECTIONS_LIMIT),
    onError,
  }
}

/** The caches, if their names tell them apart: in both answers the name is all there is. */
export function requireDifferentNames(caches: readonly StatsSource[]): readonly StatsSource[] {
  const names = caches.map(cache => cache.name)
  if (new Set(names).size === names.length) return caches
  throw new UndercroftError(
    'UNDERCROFT_OPTION_INVALID',
    `the caches of a stats server need different names; got ${names.join(', ')}`,
  )
}

const DEFAULT_MAX_CONNECTIONS = 64
const MAX_CONNECTIONS_LIMIT = 1_000_000
const DEFAULT_MODE = 0o600

/** A timer set for longer fires at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

const OPTION_NAMES: readonly (keyof StatsOptions)[] = [
  'address',
  'allowPublic',
  'allow',
  'mode',
  'http',
  'minified',
  'countsFirstPlace',
  'sockets',
  'workers',
  'version',
  'timeoutMs',
  'maxConnections',
  'onError',
]

function resolveListener(options: StatsOptions): ResolvedListener {
  const address = parseAddress('address', requireString('address', options.address))
  if (address.kind === 'tcp' && options.mode !== undefined) {
    throw new UndercroftError(
      'UNDERCROFT_OPTION_INVALID',
      `mode is for Unix sockets; ${describe(options.address)} is not one`,
    )
  }
  const mode = requireInteger('mode', options.mode ?? DEFAULT_MODE, 0, 0o777)
  const allowPublic = requireBoolean('allowPublic', options.allowPublic ?? false)
  const { allow } = options
  const access = resolveAccess(allow === undefined ? {} : { allow }, address.kind === 'tcp')
  return { address, access, allowPublic, mode }
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

function warn(error: Error): void {
  process.emitWarning(error)
}
