/**
 * What `serve` is to do, decided from the options before anything is done.
 */

import { invalidOption } from '../base/index.ts'
import {
  type CacheDefinition,
  findLast,
  flagOption,
  formatAddress,
  formatGiven,
  type GivenOption,
  listOption,
  type OptionSet,
  parseAddress,
  requiredInteger,
  requireSupported,
  resolveCaches,
  type SocketAddress,
  textOption,
  usageError,
} from '../config/index.ts'
import type { ListenLimits, StatsFormat } from './environment.ts'

/** A socket to listen on, and how messages call it. */
export interface PlannedSocket {
  readonly label: string
  readonly address: SocketAddress
}

/** Where to serve statistics, and in which form. */
export interface PlannedStats extends PlannedSocket {
  readonly format: StatsFormat
}

/** Everything `serve` needs to know. */
export interface ServePlan {
  readonly caches: readonly CacheDefinition[]
  readonly sockets: readonly PlannedSocket[]
  readonly limits: ListenLimits
  readonly stats: PlannedStats | undefined
  readonly directory: string | undefined
  readonly warnings: readonly string[]
}

/** Refuses what is not supported and fills in what was not given. */
export function planServe(options: OptionSet): ServePlan {
  requireSupported(options)
  const { caches, warnings } = resolveCaches(options)
  if (caches.length === 0) {
    throw usageError('there is no cache to serve; add --cache2 name=default,items=10000')
  }
  const given = listOption(options, 'socket')
  const stats = findLast(options, 'stats')
  const mode = readMode(options)
  return {
    caches,
    sockets: given.length === 0 ? [defaultSocket(options)] : given.map(planSocket),
    limits: {
      bufferSize: requiredInteger(options, 'buffer-size'),
      socketTimeoutMs: requiredInteger(options, 'socket-timeout') * 1000,
      ...(mode === undefined ? {} : { mode }),
    },
    stats: stats && planStats(options, stats),
    directory: textOption(options, 'directory'),
    warnings: [...warnings, ...[...given, ...(stats ? [stats] : [])].flatMap(warnOfLoopback)],
  }
}

function planSocket(given: GivenOption): PlannedSocket {
  const label = formatGiven(given)
  return { label, address: parseAddress(label, given.value) }
}

function planStats(options: OptionSet, given: GivenOption): PlannedStats {
  const isHttp = flagOption(options, 'stats-http')
  const isMinified = flagOption(options, 'stats-minified')
  return { ...planSocket(given), format: { isHttp, isMinified } }
}

function defaultSocket(options: OptionSet): PlannedSocket {
  const label = 'socket (the default)'
  return { label, address: parseAddress(label, textOption(options, 'socket') ?? '') }
}

/** In uWSGI `:3031` is open to the whole network, and so its users may expect that. */
function warnOfLoopback(given: GivenOption): string[] {
  if (!given.value.startsWith(':')) return []
  const address = formatAddress(planSocket(given).address)
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
