/**
 * Options of the server: their meaning, defaults and checks.
 */

import {
  describe,
  invalidOption,
  requireBoolean,
  requireInteger,
  requireKnownNames,
  requireString,
  UndercroftError,
} from '../base/index.ts'
import type { Limits, ResolvedListener } from '../net/index.ts'

import { type AccessOptions, resolveAccess } from '../net/index.ts'
import {
  DEFAULT_BUFFER_SIZE,
  DEFAULT_SOCKET_TIMEOUT_MS,
  MAX_PACKET_SIZE,
  parseAddress,
} from '../protocols/uwsgi/index.ts'
import type { UwsgiRequest } from './uwsgi/index.ts'

/** One address to listen on. */
export interface ListenerOptions extends AccessOptions {
  /** `host:port`, `[ipv6]:port`, or the path of a Unix socket. Port 0 takes any free port. */
  readonly address: string
  /**
   * Allow an address that other machines can reach. Without `allow` and `secret` whoever reaches
   * the port can read and change everything. @default false
   */
  readonly allowPublic?: boolean
  /** Permissions of a Unix socket's file. @default 0o600 */
  readonly mode?: number
  /**
   * A socket that listens already, by its file descriptor, for `node:net`: in a worker of
   * `node:cluster` it is the primary's. Nothing is bound then, and `address` is what it is called.
   * @default `address` is bound
   */
  readonly fd?: number
}

/** Options of `serveCaches`. */
export interface ServeOptions {
  /** Where to listen. @default '127.0.0.1:3031' */
  readonly listen?: string | ListenerOptions | readonly (string | ListenerOptions)[]
  /**
   * Largest packet accepted, in bytes, 64 to 65535, as uWSGI's `buffer-size`. Bodies of the
   * commands set and update come after the packet and do not count. @default 4096
   */
  readonly bufferSize?: number
  /**
   * Milliseconds from a request's first byte until all of it must be there, and for a reply to be
   * read; bodies get time on top, see `minBytesPerSecond`. A new connection gets as long for its
   * first request. @default 4000
   */
  readonly socketTimeoutMs?: number
  /**
   * The slowest pace at which bodies may come and replies be read: each gets `socketTimeoutMs` plus
   * its size at this pace. @default 1048576
   */
  readonly minBytesPerSecond?: number
  /** Milliseconds a kept connection may wait between requests. @default 60000 */
  readonly keepTimeoutMs?: number
  /** Connections at one time; further ones are closed at once. @default 1024 */
  readonly maxConnections?: number
  /**
   * Bytes of bodies held for all connections together, on their way in or out. What does not fit
   * is refused. Must be no smaller than the largest value served. @default 268435456 (256 MiB)
   */
  readonly maxBufferedSize?: number
  /** Milliseconds that `close()` waits for requests that have begun. @default 4000 */
  readonly drainTimeoutMs?: number
  /**
   * Milliseconds that `close()` leaves a connection open on which nothing has begun: a request may
   * be on its way, as when another process goes on with the same socket. @default 0
   */
  readonly drainIdleMs?: number
  /**
   * Told about failures that no client caused, such as a corrupt cache. The connection concerned is
   * closed, the server goes on. @default writes a process warning
   */
  readonly onError?: (error: Error) => void
  /**
   * Takes the requests that are for an application: packets with modifier1 0, as nginx's
   * `uwsgi_pass` sends them. The connection is the callee's from then on. @default they are closed
   * without an answer
   */
  readonly onRequest?: (request: UwsgiRequest) => void
  /**
   * Told, in uWSGI's words, of packets that are refused for their header: one for which there is
   * no handler, one over `bufferSize`. @default nobody is told
   */
  readonly onLog?: (line: string) => void
}

export interface ResolvedServeOptions {
  readonly listeners: readonly ResolvedListener[]
  readonly limits: Limits
  readonly onError: (error: Error) => void
  readonly onRequest: ((request: UwsgiRequest) => void) | undefined
  readonly onLog: (line: string) => void
}

export function resolveServeOptions(options: ServeOptions): ResolvedServeOptions {
  requireKnownNames('serveCaches', options, SERVE_OPTION_NAMES)
  const listen = options.listen ?? DEFAULT_ADDRESS
  const listeners = Array.isArray(listen) ? listen : [listen]
  if (listeners.length === 0) throw invalidOption('listen', 'at least one address', listen)
  const { onError = warn, onRequest, onLog = tellNobody } = options
  for (const [name, value] of Object.entries({ onError, onRequest, onLog })) {
    if (value !== undefined && typeof value !== 'function') {
      throw invalidOption(name, 'a function', value)
    }
  }
  return {
    listeners: listeners.map(resolveListener),
    limits: resolveLimits(options),
    onError,
    onRequest,
    onLog,
  }
}

const DEFAULT_ADDRESS = '127.0.0.1:3031'
const DEFAULT_KEEP_TIMEOUT_MS = 60_000
const DEFAULT_MIN_BYTES_PER_SECOND = 1024 * 1024
const DEFAULT_MAX_CONNECTIONS = 1024
const DEFAULT_MAX_BUFFERED_SIZE = 256 * 1024 * 1024
const DEFAULT_MODE = 0o600

/** Room for a command with a short key; less would refuse everything. */
const MIN_BUFFER_SIZE = 64

const MAX_FD = 2 ** 31 - 1

/** A timer set for longer fires at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

const SERVE_OPTION_NAMES: readonly (keyof ServeOptions)[] = [
  'listen',
  'bufferSize',
  'socketTimeoutMs',
  'minBytesPerSecond',
  'keepTimeoutMs',
  'maxConnections',
  'maxBufferedSize',
  'drainTimeoutMs',
  'drainIdleMs',
  'onError',
  'onRequest',
  'onLog',
]

const LISTENER_OPTION_NAMES: readonly (keyof ListenerOptions)[] = [
  'address',
  'readOnly',
  'allow',
  'secret',
  'allowPublic',
  'mode',
  'fd',
]

function resolveLimits(options: ServeOptions): Limits {
  const whole = (name: keyof Limits, fallback: number, min: number, max: number) =>
    requireInteger(name, options[name] ?? fallback, min, max)
  const duration = (name: keyof Limits, fallback: number) =>
    whole(name, fallback, 1, MAX_TIMEOUT_MS)
  const size = (name: keyof Limits, fallback: number) =>
    whole(name, fallback, 1, Number.MAX_SAFE_INTEGER)
  return {
    bufferSize: whole('bufferSize', DEFAULT_BUFFER_SIZE, MIN_BUFFER_SIZE, MAX_PACKET_SIZE),
    socketTimeoutMs: duration('socketTimeoutMs', DEFAULT_SOCKET_TIMEOUT_MS),
    minBytesPerSecond: size('minBytesPerSecond', DEFAULT_MIN_BYTES_PER_SECOND),
    keepTimeoutMs: duration('keepTimeoutMs', DEFAULT_KEEP_TIMEOUT_MS),
    drainTimeoutMs: duration('drainTimeoutMs', DEFAULT_SOCKET_TIMEOUT_MS),
    drainIdleMs: whole('drainIdleMs', 0, 0, MAX_TIMEOUT_MS),
    maxConnections: whole('maxConnections', DEFAULT_MAX_CONNECTIONS, 1, 1_000_000),
    maxBufferedSize: size('maxBufferedSize', DEFAULT_MAX_BUFFERED_SIZE),
  }
}

function resolveListener(given: unknown): ResolvedListener {
  const options = typeof given === 'string' ? { address: given } : given
  if (typeof options !== 'object' || options === null) {
    throw invalidOption('listen', 'addresses, or objects with an address', given)
  }
  requireKnownNames('listen', options, LISTENER_OPTION_NAMES)
  const listener: Partial<ListenerOptions> = options
  const address = parseAddress('listen', requireString('listen address', listener.address))
  if (address.kind === 'tcp' && listener.mode !== undefined) {
    throw new UndercroftError(
      'UNDERCROFT_OPTION_INVALID',
      `mode is for Unix sockets; ${describe(listener.address)} is not one`,
    )
  }
  return {
    address,
    access: resolveAccess(listener, address.kind === 'tcp'),
    allowPublic: requireBoolean('allowPublic', listener.allowPublic ?? false),
    mode: requireInteger('mode', listener.mode ?? DEFAULT_MODE, 0, 0o777),
    fd: listener.fd === undefined ? undefined : requireInteger('fd', listener.fd, 0, MAX_FD),
  }
}

function warn(error: Error): void {
  process.emitWarning(error)
}

function tellNobody(): void {}
