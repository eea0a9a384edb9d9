/**
 * The sockets of a plan: what listens where, with which limits, and what its author should know.
 */

import { invalidOption } from '../base/index.ts'
import {
  findLast,
  flagOption,
  formatAddress,
  formatGiven,
  type GivenOption,
  listOption,
  type OptionSet,
  parseAddress,
  requiredInteger,
  type SocketAddress,
  textOption,
} from '../config/index.ts'

/** A socket to listen on, and how messages call it. */
export interface PlannedSocket {
  readonly label: string
  readonly address: SocketAddress
  readonly protocol: 'uwsgi' | 'http'
}

/** Where to serve statistics, and in which form. */
export interface PlannedStats extends PlannedSocket {
  readonly format: StatsFormat
}

/** How statistics are served. */
export interface StatsFormat {
  /** An HTTP header whatever the client sends. */
  readonly isHttp: boolean
  readonly isMinified: boolean
}

/** What a listening socket allows. */
export interface ListenLimits {
  /** Bytes of the largest packet. */
  readonly bufferSize: number
  readonly socketTimeoutMs: number
  /** Of a Unix socket. Absent: as the system makes it. */
  readonly mode?: number
}

/** A part of the plan, and what its author should be told. */
interface Planned<T> {
  readonly planned: T
  readonly warnings: readonly string[]
}

/** Sockets in the order of their options; the default one only if nothing else is listened on. */
export function planSockets(options: OptionSet): Planned<readonly PlannedSocket[]> {
  const uwsgi = listOption(options, 'socket')
  const http = [...listOption(options, 'http'), ...listOption(options, 'http-socket')]
  const planned = [
    ...uwsgi.map(given => planSocket(given, 'uwsgi')),
    ...http.map(given => planSocket(given, 'http')),
  ]
  return {
    planned: planned.length === 0 ? [defaultSocket(options)] : planned,
    warnings: [...uwsgi, ...http].flatMap(warnOfLoopback),
  }
}

export function planStats(options: OptionSet): Planned<PlannedStats | undefined> {
  const given = findLast(options, 'stats')
  if (given === undefined) return { planned: undefined, warnings: [] }
  const isHttp = flagOption(options, 'stats-http')
  const isMinified = flagOption(options, 'stats-minified')
  const planned = { ...planSocket(given, 'http'), format: { isHttp, isMinified } }
  return { planned, warnings: warnOfLoopback(given) }
}

export function readLimits(options: OptionSet): ListenLimits {
  const mode = readMode(options)
  return {
    bufferSize: requiredInteger(options, 'buffer-size'),
    socketTimeoutMs: requiredInteger(options, 'socket-timeout') * 1000,
    ...(mode === undefined ? {} : { mode }),
  }
}

function planSocket(given: GivenOption, protocol: PlannedSocket['protocol']): PlannedSocket {
  const label = formatGiven(given)
  return { label, address: parseAddress(label, given.value), protocol }
}

function defaultSocket(options: OptionSet): PlannedSocket {
  const label = 'socket (the default)'
  const address = parseAddress(label, textOption(options, 'socket') ?? '')
  return { label, address, protocol: 'uwsgi' }
}

/** In uWSGI `:3031` is open to the whole network, and so its users may expect that. */
function warnOfLoopback(given: GivenOption): string[] {
  if (!given.value.startsWith(':')) return []
  const address = formatAddress(parseAddress(formatGiven(given), given.value))
  const open = `0.0.0.0${given.value}`
  return [`${formatGiven(given)} listens on ${address} only; write ${open} for every address`]
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
