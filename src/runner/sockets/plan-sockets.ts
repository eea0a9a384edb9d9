/**
 * The sockets of a plan: addresses, limits, and warnings for the author of the configuration.
 */

import { invalidOption } from '../../base/index.ts'
import {
  findLast,
  flagOption,
  formatAddress,
  formatGiven,
  type GivenOption,
  integerOption,
  listOption,
  type OptionSet,
  parseAddress,
  parseInteger,
  parseSocket,
  requiredInteger,
  type SocketAccess,
  type SocketAddress,
  textOption,
  usageError,
} from '../../uwsgi/options/index.ts'
import { type PlannedTls, parseTls } from './tls.ts'

export type SocketProtocol = 'uwsgi' | 'http' | 'https'

/** A socket to listen on, and its label in messages. */
export interface PlannedSocket {
  readonly label: string
  readonly address: SocketAddress
  readonly protocol: SocketProtocol
  /** Of `https`. */
  readonly tls?: PlannedTls
  /** Whether every request is sent to HTTPS, and to which port if it is not the usual one. */
  readonly redirect?: { readonly port: number | undefined }
  /** Whether other machines may reach the address. */
  readonly allowPublic: boolean
  readonly access: SocketAccess
}

/** Where to serve statistics, and in which form. */
export interface PlannedStats extends PlannedSocket {
  readonly format: StatsFormat
}

/** The form of the statistics. */
export interface StatsFormat {
  /** Whether to send an HTTP header regardless of what the client sends. */
  readonly isHttp: boolean
  readonly isMinified: boolean
}

/** Limits of the listening sockets. */
export interface ListenLimits {
  /** Size of the largest packet in bytes. */
  readonly bufferSize: number
  readonly socketTimeoutMs: number
  readonly keepTimeoutMs: number
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  readonly maxBufferedSize: number
  /** Mode of a Unix socket. Absent: the system's default. */
  readonly mode?: number
  /** Whether other instances may bind the same TCP ports. */
  readonly reusePort?: true
  /** Owner of Unix sockets, as `user` or `user:group`. Absent: the user of this process. */
  readonly owner?: string
}

/** Limits of the HTTP servers of one worker. */
export interface HttpLimits {
  /** Time to send the header of a request. */
  readonly headersTimeoutMs: number
  /** Time to send a whole request. */
  readonly requestTimeoutMs: number
  readonly maxConnections: number
}

/** A part of the plan, and warnings about it. */
interface Planned<T> {
  readonly planned: T
  readonly warnings: readonly string[]
}

/**
 * Plans the sockets in the order of their options. The default socket applies only without any
 * other.
 */
export function planSockets(options: OptionSet): Planned<readonly PlannedSocket[]> {
  const uwsgi = listOption(options, 'socket')
  const http = [...listOption(options, 'http'), ...listOption(options, 'http-socket')]
  const https = [...listOption(options, 'https'), ...listOption(options, 'https-socket')]
  const redirects = listOption(options, 'http-to-https')
  const allowPublic = flagOption(options, 'allow-public')
  const planned = [
    ...uwsgi.map(given => planSocket(given, allowPublic)),
    ...http.map(planHttpSocket),
    ...https.map(planHttpsSocket),
    ...redirects.map(planRedirect),
  ]
  return {
    planned: planned.length === 0 ? [defaultSocket(options)] : planned,
    warnings: [...uwsgi, ...http, ...https, ...redirects].flatMap(warnOfLoopback),
  }
}

export function planStats(options: OptionSet): Planned<PlannedStats | undefined> {
  const given = findLast(options, 'stats')
  if (given === undefined) return { planned: undefined, warnings: [] }
  const isHttp = flagOption(options, 'stats-http')
  const isMinified = flagOption(options, 'stats-minified')
  const { address, access } = parseSocket(given, ['allow', 'hosts'])
  const planned = {
    label: formatGiven(given),
    address,
    protocol: 'http' as const,
    allowPublic: flagOption(options, 'allow-public'),
    access,
    format: { isHttp, isMinified },
  }
  return { planned, warnings: warnOfLoopback(given) }
}

export function readLimits(options: OptionSet): ListenLimits {
  const mode = readMode(options)
  const maxConnections = requiredInteger(options, 'max-connections')
  const owner = textOption(options, 'chown-socket')
  return {
    bufferSize: requiredInteger(options, 'buffer-size'),
    socketTimeoutMs: requiredInteger(options, 'socket-timeout') * 1000,
    keepTimeoutMs: requiredInteger(options, 'keep-timeout') * 1000,
    maxConnections,
    maxConnectionsPerAddress:
      integerOption(options, 'max-connections-per-address') ?? maxConnections,
    maxBufferedSize: requiredInteger(options, 'max-buffered-size'),
    ...(mode === undefined ? {} : { mode }),
    ...(owner === undefined ? {} : { owner }),
    ...(readReusePort(options) ? { reusePort: true } : {}),
  }
}

export function readHttpLimits(options: OptionSet): HttpLimits {
  const requestTimeoutMs = requiredInteger(options, 'http-request-timeout') * 1000
  const headersTimeoutMs = requiredInteger(options, 'http-headers-timeout') * 1000
  return {
    // Node.js requires it: a header is a part of its request.
    headersTimeoutMs: Math.min(headersTimeoutMs, requestTimeoutMs),
    requestTimeoutMs,
    maxConnections: requiredInteger(options, 'http-max-connections'),
  }
}

function planSocket(given: GivenOption, allowPublic: boolean): PlannedSocket {
  return { label: formatGiven(given), ...parseSocket(given), protocol: 'uwsgi', allowPublic }
}

/** A web server is open to all clients; only its application changes a cache. */
function planHttpSocket(given: GivenOption): PlannedSocket {
  const socket = parseSocket(given, [])
  return { label: formatGiven(given), ...socket, protocol: 'http', allowPublic: true }
}

function planHttpsSocket(given: GivenOption): PlannedSocket {
  const label = formatGiven(given)
  const [address = '', ...files] = given.value.split(',')
  const tls = parseTls(given, label, files)
  const socket = parseSocket({ ...given, value: address }, [])
  return { label, ...socket, protocol: 'https', allowPublic: true, tls }
}

/** `ADDRESS[,PORT]`, as in uWSGI. */
function planRedirect(given: GivenOption): PlannedSocket {
  const [address = '', text] = given.value.split(',')
  const label = formatGiven(given)
  const port = text === undefined ? undefined : parseInteger(label, text, 1, 65_535)
  const socket = parseSocket({ ...given, value: address }, [])
  return { label, ...socket, protocol: 'http', allowPublic: true, redirect: { port } }
}

function defaultSocket(options: OptionSet): PlannedSocket {
  const label = 'socket (the default)'
  const address = parseAddress(label, textOption(options, 'socket') ?? '')
  const access = { readOnly: false, allow: undefined, secretFile: undefined }
  return { label, address, protocol: 'uwsgi', allowPublic: false, access }
}

/** In uWSGI `:3031` is open to the whole network, so its users may expect that here. */
function warnOfLoopback(given: GivenOption): string[] {
  if (!given.value.startsWith(':')) return []
  const [text = ''] = given.value.split(',', 1)
  const address = formatAddress(parseAddress(formatGiven(given), text))
  const open = `0.0.0.0${text}`
  const how = given.name.startsWith('http') ? '' : ', with allow-public,'
  return [`${formatGiven(given)} listens on ${address} only; write ${open}${how} for every address`]
}

/** Earlier versions of Node.js ignore the option of `listen`. */
function readReusePort(options: OptionSet): boolean {
  const given = findLast(options, 'reuse-port')
  if (given === undefined || !flagOption(options, 'reuse-port')) return false
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 12)) return true
  throw usageError(
    `${formatGiven(given)} needs Node.js 22.12 or newer; this is ${process.versions.node}`,
  )
}

function readMode(options: OptionSet): number | undefined {
  const given = findLast(options, 'chmod-socket')
  if (given === undefined) return undefined
  if (given.value === '1') return 0o666
  if (!/^[0-7]{3}$/.test(given.value)) {
    throw invalidOption(formatGiven(given), 'three octal digits such as 664, or 1', given.value)
  }
  return Number.parseInt(given.value, 8)
}
