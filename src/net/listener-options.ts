/**
 * Options of listeners and limits of connections that several servers share.
 */

import {
  DEFAULT_SOCKET_MODE,
  describe,
  invalidOption,
  requireBoolean,
  requireInteger,
  requireString,
  UndercroftError,
} from '../base/index.ts'
import { type Access, type AccessOptions, resolveAccess } from './access.ts'
import { type Address, API_ADDRESS, parseAddress } from './address.ts'

/** The options that every listener has. */
interface ListenerBase extends AccessOptions {
  /** `host:port`, `[ipv6]:port`, or the path of a Unix socket. Port 0 takes any free port. */
  readonly address: string
  /** Allow an address that other machines can reach. @default false */
  readonly allowPublic?: boolean | undefined
  /** Permissions of a Unix socket's file. @default 0o600 */
  readonly mode?: number | undefined
}

export interface ResolvedListener {
  readonly address: Address
  readonly access: Access
  readonly allowPublic: boolean
  readonly mode: number
  readonly fd?: number | undefined
}

/** @param name - The option that holds the address, for messages. */
export function resolveListener(name: string, options: Partial<ListenerBase>): ResolvedListener {
  const address = parseAddress(name, requireString(name, options.address), API_ADDRESS)
  if (address.kind === 'tcp' && options.mode !== undefined) {
    throw new UndercroftError(
      'UNDERCROFT_OPTION_INVALID',
      `mode is for Unix sockets; ${describe(options.address)} is not one`,
    )
  }
  return {
    address,
    access: resolveAccess(options, address.kind === 'tcp'),
    allowPublic: requireBoolean('allowPublic', options.allowPublic ?? false),
    mode: requireInteger('mode', options.mode ?? DEFAULT_SOCKET_MODE, 0, 0o777),
  }
}

/** The slowest pace of a body or a dump, in bytes per second, unless an option says otherwise. */
export const DEFAULT_MIN_BYTES_PER_SECOND = 1024 * 1024

/** The largest value of the options that limit the number of connections. */
export const MAX_CONNECTION_LIMIT = 1_000_000

/** The limits that every connection of a server keeps. */
export interface Limits {
  readonly bufferSize: number
  readonly socketTimeoutMs: number
  readonly minBytesPerSecond: number
  readonly keepTimeoutMs: number
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  readonly maxBufferedSize: number
  readonly drainTimeoutMs: number
  readonly drainIdleMs: number
}

/** How clients' sockets are set up, both by node:net and by the direct acceptor. */
export const SOCKET_OPTIONS = {
  /** A client may end its side after the request and still gets its reply. */
  allowHalfOpen: true,
  noDelay: true,
  /** With this many unsent bytes a connection takes no further request. */
  highWaterMark: 65_536,
} as const

/** @throws UndercroftError for a value that is neither a function nor undefined. */
export function requireFunctions(functions: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(functions)) {
    if (value !== undefined && typeof value !== 'function') {
      throw invalidOption(name, 'a function', value)
    }
  }
}

/** The default of options like `onError`. */
export function warn(warning: Error | string): void {
  process.emitWarning(warning)
}
