/**
 * Options of the server: their meaning, defaults and checks.
 */

import { invalidOption, MAX_TIMER_MS, requireInteger, requireKnownNames } from '../base/index.ts'
import {
  type AccessOptions,
  DEFAULT_MIN_BYTES_PER_SECOND,
  type Limits,
  MAX_CONNECTION_LIMIT,
  type ResolvedListener,
  requireFunctions,
  resolveListener,
  warn,
} from '../net/index.ts'
import {
  DEFAULT_BUFFER_SIZE,
  DEFAULT_SOCKET_TIMEOUT_MS,
  MAX_PACKET_SIZE,
} from '../protocols/uwsgi/index.ts'
import type { UwsgiRequest } from './uwsgi/index.ts'

/** One address to listen on. */
export interface ListenerOptions extends AccessOptions {
  /** `host:port`, `[ipv6]:port`, or the path of a Unix socket. Port 0 takes any free port. */
  readonly address: string
  /**
   * Allow an address that other machines can reach. Without `allow` and `secret` every client that
   * reaches the port can read and change everything. @default false
   */
  readonly allowPublic?: boolean | undefined
  /** Permissions of a Unix socket's file. @default 0o600 */
  readonly mode?: number | undefined
  /**
   * The file descriptor of a socket that listens already, for `node:net`: in a worker of
   * `node:cluster` it is the primary's. The server then binds nothing and reports `address` as the
   * address. @default the server binds `address`
   */
  readonly fd?: number | undefined
}

/** Options of `serveCaches`. */
export interface ServeOptions {
  /** Where to listen. @default '127.0.0.1:3031' */
  readonly listen?: string | ListenerOptions | readonly (string | ListenerOptions)[] | undefined
  /**
   * Largest packet accepted, in bytes, 64 to 65535, as uWSGI's `buffer-size`. The bodies of set and
   * update come after the packet and do not count. @default 4096
   */
  readonly bufferSize?: number | undefined
  /**
   * Milliseconds for a whole request to arrive after its first byte, and for a reply to be read.
   * Bodies get more time, see `minBytesPerSecond`. A new connection has the same time for its first
   * request. @default 4000
   */
  readonly socketTimeoutMs?: number | undefined
  /**
   * The slowest pace, in bytes per second, at which bodies may arrive and replies be read: each
   * gets `socketTimeoutMs` plus its size at this pace. @default 1048576
   */
  readonly minBytesPerSecond?: number | undefined
  /** Milliseconds a kept connection may wait between requests. @default 60000 */
  readonly keepTimeoutMs?: number | undefined
  /** Connections that may be open; further ones are closed at once. @default 1024 */
  readonly maxConnections?: number | undefined
  /**
   * Connections that one client address may have open; further ones are closed at once. Addresses
   * of one IPv6 network of 64 bits count together; clients of Unix sockets are not counted.
   * @default maxConnections
   */
  readonly maxConnectionsPerAddress?: number
  /**
   * Bytes of bodies held for all connections together, on their way in or out. A body that does not
   * fit is refused. Must be at least the size of the largest value. @default 268435456 (256 MiB)
   */
  readonly maxBufferedSize?: number | undefined
  /** Milliseconds that `close()` waits for requests that have begun. @default 4000 */
  readonly drainTimeoutMs?: number | undefined
  /**
   * Milliseconds that `close()` leaves a connection open on which no request has begun: a request
   * may be on its way, as when another process continues with the same socket. @default 0
   */
  readonly drainIdleMs?: number | undefined
  /**
   * Called for failures that no client caused, such as a corrupt cache. That connection is closed,
   * and the server continues. @default writes a process warning
   */
  readonly onError?: ((error: Error) => void) | undefined
  /**
   * Called for each request for an application: a packet with modifier1 0, as nginx's `uwsgi_pass`
   * sends it. From then on the connection belongs to the function.
   * @default the connection is closed without an answer
   */
  readonly onRequest?: ((request: UwsgiRequest) => void) | undefined
  /**
   * Called with a line in uWSGI's words for packets that are refused for their header: without a
   * handler, or over `bufferSize`. At most 10 lines in 10 seconds; then one line says how many were
   * not logged. @default no lines
   */
  readonly onLog?: ((line: string) => void) | undefined
}

export interface ResolvedServeOptions {
  readonly listeners: readonly ResolvedListener[]
  readonly limits: Limits
  readonly onError: (error: Error) => void
  readonly onRequest: ((request: UwsgiRequest) => void) | undefined
  readonly onLog: (line: string) => void
}

export function resolveServeOptions(options: ServeOptions): ResolvedServeOptions {
  requireKnownNames('serveCaches', options, SERVE_OPTIONS)
  const listen = options.listen ?? DEFAULT_ADDRESS
  const listeners = Array.isArray(listen) ? listen : [listen]
  if (listeners.length === 0) throw invalidOption('listen', 'at least one address', listen)
  const { onError = warn, onRequest, onLog = ignore } = options
  requireFunctions({ onError, onRequest, onLog })
  return {
    listeners: listeners.map(resolveListenerOptions),
    limits: resolveLimits(options),
    onError,
    onRequest,
    onLog,
  }
}

const DEFAULT_ADDRESS = '127.0.0.1:3031'
const DEFAULT_KEEP_TIMEOUT_MS = 60_000
const DEFAULT_MAX_CONNECTIONS = 1024
const DEFAULT_MAX_BUFFERED_SIZE = 256 * 1024 * 1024

/** Room for a command with a short key. A smaller limit would refuse every command. */
const MIN_BUFFER_SIZE = 64

const MAX_FD = 2 ** 31 - 1

const SERVE_OPTIONS: Readonly<Record<keyof ServeOptions, true>> = {
  listen: true,
  bufferSize: true,
  socketTimeoutMs: true,
  minBytesPerSecond: true,
  keepTimeoutMs: true,
  maxConnections: true,
  maxConnectionsPerAddress: true,
  maxBufferedSize: true,
  drainTimeoutMs: true,
  drainIdleMs: true,
  onError: true,
  onRequest: true,
  onLog: true,
}

const LISTENER_OPTIONS: Readonly<Record<keyof ListenerOptions, true>> = {
  address: true,
  readOnly: true,
  inspect: true,
  allow: true,
  secret: true,
  allowPublic: true,
  mode: true,
  fd: true,
}

function resolveLimits(options: ServeOptions): Limits {
  const whole = (name: keyof Limits, fallback: number, min: number, max: number) =>
    requireInteger(name, options[name] ?? fallback, min, max)
  const duration = (name: keyof Limits, fallback: number) => whole(name, fallback, 1, MAX_TIMER_MS)
  const size = (name: keyof Limits, fallback: number) =>
    whole(name, fallback, 1, Number.MAX_SAFE_INTEGER)
  const most = MAX_CONNECTION_LIMIT
  const maxConnections = whole('maxConnections', DEFAULT_MAX_CONNECTIONS, 1, most)
  return {
    bufferSize: whole('bufferSize', DEFAULT_BUFFER_SIZE, MIN_BUFFER_SIZE, MAX_PACKET_SIZE),
    socketTimeoutMs: duration('socketTimeoutMs', DEFAULT_SOCKET_TIMEOUT_MS),
    minBytesPerSecond: size('minBytesPerSecond', DEFAULT_MIN_BYTES_PER_SECOND),
    keepTimeoutMs: duration('keepTimeoutMs', DEFAULT_KEEP_TIMEOUT_MS),
    drainTimeoutMs: duration('drainTimeoutMs', DEFAULT_SOCKET_TIMEOUT_MS),
    drainIdleMs: whole('drainIdleMs', 0, 0, MAX_TIMER_MS),
    maxConnections,
    maxConnectionsPerAddress: whole('maxConnectionsPerAddress', maxConnections, 1, most),
    maxBufferedSize: size('maxBufferedSize', DEFAULT_MAX_BUFFERED_SIZE),
  }
}

function resolveListenerOptions(given: unknown): ResolvedListener {
  const options = typeof given === 'string' ? { address: given } : given
  if (typeof options !== 'object' || options === null) {
    throw invalidOption('listen', 'addresses, or objects with an address', given)
  }
  requireKnownNames('listen', options, LISTENER_OPTIONS)
  const listener: Partial<ListenerOptions> = options
  return {
    ...resolveListener('listen', listener),
    fd: listener.fd === undefined ? undefined : requireInteger('fd', listener.fd, 0, MAX_FD),
  }
}

function ignore(): void {}
