/**
 * Fills a cache from another server's dump, usually at start: uWSGI's `sync=`.
 *
 * The first server that sends a usable dump wins. Without any, the cache stays as it is and the log
 * says so; uWSGI stops in that case (fault F37 in docs/reference/uwsgi-faults.md).
 */

import {
  invalidOption,
  MAX_KEY_SIZE_LIMIT,
  MAX_TIMER_MS,
  type ReplicableCache,
  requireInteger,
  requireKnownNames,
} from '../base/index.ts'
import {
  type Address,
  DEFAULT_MIN_BYTES_PER_SECOND,
  formatAddress,
  parseAddress,
  TARGET_ADDRESS,
} from '../net/index.ts'
import {
  type AnnouncedDump,
  DEFAULT_SOCKET_TIMEOUT_MS,
  type DumpGeometry,
  requireSecret,
  type SecretOption,
} from '../protocols/uwsgi/index.ts'
import { type RestoreCounts, restoreDump } from './dump-restore.ts'
import { dumpGeometryOf } from './dump-snapshot.ts'
import { DumpFailure, type DumpRequest, DumpSource } from './dump-source.ts'

/** Options of `syncFrom`. */
export interface SyncOptions {
  /** The cache's name on those servers; empty for their default. @default this cache's name */
  readonly cacheName?: string | undefined
  /** Milliseconds to connect and to receive the first bytes of an answer. @default 4000 */
  readonly timeoutMs?: number | undefined
  /** The slowest pace at which a dump may arrive, in bytes per second. @default 1048576 */
  readonly minBytesPerSecond?: number | undefined
  /** The secret of those servers, 16 to 1024 bytes. @default none */
  readonly secret?: SecretOption | undefined
  /** Called with log lines in uWSGI's words. @default only a total failure writes a warning */
  readonly onLog?: ((line: string) => void) | undefined
}

/** What `syncFrom` did. */
export type SyncOutcome =
  | {
      readonly kind: 'synced'
      readonly address: string
      readonly restored: number
      /** Items that this cache has no room for. */
      readonly skipped: number
    }
  /** No server sent a usable dump. There is one reason for each server. */
  | { readonly kind: 'failed'; readonly reasons: readonly string[] }

/**
 * Fills a cache from the first of these servers, undercroft or uWSGI, that sends a usable dump.
 *
 * A uWSGI cache must have the same items, blocksize, keysize and blocks. The sizes of an undercroft
 * server may differ: items that fit are stored. Items that are in the cache already stay unless the
 * dump has them as well. Listeners of the cache are not called.
 *
 * @param cache - The cache to fill.
 * @param addresses - `host:port` or paths of Unix sockets, tried in order.
 * @param options - The cache's name there, and limits.
 * @returns The outcome. When all servers fail, the promise still resolves.
 * @throws UndercroftError `UNDERCROFT_OPTION_INVALID` for bad addresses and options, and the errors
 * of the cache when it cannot be written.
 *
 * @example
 * const outcome = await syncFrom(cache, ['10.0.0.2:3031', '10.0.0.3:3031'])
 */
export async function syncFrom(
  cache: ReplicableCache,
  addresses: readonly string[],
  options: SyncOptions = {},
): Promise<SyncOutcome> {
  requireKnownNames('syncFrom', options, SYNC_OPTIONS)
  const servers = parseServers(addresses)
  const { cacheName = cache.name, onLog } = options
  const secret = options.secret === undefined ? undefined : requireSecret('secret', options.secret)
  const whole = (name: 'timeoutMs' | 'minBytesPerSecond', fallback: number) =>
    requireInteger(name, options[name] ?? fallback, 1, MAX_TIMER_MS)
  const limits = {
    socketTimeoutMs: whole('timeoutMs', DEFAULT_SOCKET_TIMEOUT_MS),
    minBytesPerSecond: whole('minBytesPerSecond', DEFAULT_MIN_BYTES_PER_SECOND),
  }
  const log = (line: string) => onLog?.(`[cache-sync] ${line}`)
  const reasons: string[] = []
  for (const [index, address] of servers.entries()) {
    if (index > 0) log('trying with the next sync node...')
    const name = formatAddress(address)
    log(`getting cache dump from ${name} ...`)
    try {
      const counts = await syncFromServer(cache, { address, cacheName, secret, limits })
      onLog?.(`[uwsgi-cache] restored ${counts.restored} items`)
      if (counts.skipped > 0) log(`no room for ${counts.skipped} items`)
      return { kind: 'synced', address: name, ...counts }
    } catch (error) {
      if (!(error instanceof DumpFailure)) throw error
      log(error.message)
      reasons.push(`${name}: ${error.message}`)
    }
  }
  const summary = `*** no server gave the content of cache "${cache.name}", so it starts empty ***`
  if (onLog === undefined) process.emitWarning(`${summary}: ${reasons.join('; ')}`)
  else log(summary)
  return { kind: 'failed', reasons }
}

const SYNC_OPTIONS: Readonly<Record<keyof SyncOptions, true>> = {
  cacheName: true,
  timeoutMs: true,
  minBytesPerSecond: true,
  secret: true,
  onLog: true,
}

function parseServers(addresses: readonly string[]): Address[] {
  if (!Array.isArray(addresses) || addresses.length === 0) {
    throw invalidOption('addresses', 'a list of at least one address', addresses)
  }
  return addresses.map(text => parseAddress('addresses', text, TARGET_ADDRESS))
}

type ServerRequest = Omit<DumpRequest, 'wantsDetails'>

/**
 * Sends the request that every uWSGI understands. If the sizes differ, sends the request that an
 * undercroft server answers with its whole geometry.
 */
async function syncFromServer(
  cache: ReplicableCache,
  request: ServerRequest,
): Promise<RestoreCounts> {
  const own = dumpGeometryOf(cache)
  const plain = { ...request, wantsDetails: false }
  try {
    return await restoreFrom(cache, plain, announced => requireSame(own, announced))
  } catch (error) {
    if (!(error instanceof DumpFailure) || !error.hasDump) throw error
    const detailed = { ...request, wantsDetails: true }
    // When a uWSGI answers, the first failure says more.
    const counts = await restoreFrom(cache, detailed, requireDetails).catch(second => {
      throw second instanceof DumpFailure && second.hasDump ? second : error
    })
    return counts
  }
}

async function restoreFrom(
  cache: ReplicableCache,
  request: DumpRequest,
  geometryOf: (announced: AnnouncedDump) => DumpGeometry,
): Promise<RestoreCounts> {
  const { source, announced } = await DumpSource.open(request)
  try {
    const geometry = geometryOf(announced)
    const isSure = announced.geometry.keySize !== undefined
    return await restoreDump(source, geometry, isSure, cache).catch(asOfDump)
  } finally {
    source.close()
  }
}

function asOfDump(error: unknown): never {
  throw error instanceof DumpFailure ? new DumpFailure(error.message, true) : error
}

/** Compares, as uWSGI does, only the sizes that the server announces. */
function requireSame(own: DumpGeometry, { geometry }: AnnouncedDump): DumpGeometry {
  for (const [name, text] of SIZE_TEXTS) {
    const received = geometry[name]
    if (received === undefined || received === own[name]) continue
    throw new DumpFailure(`invalid ${text}, expected ${own[name]} received ${received}`, true)
  }
  return own
}

const SIZE_TEXTS: readonly (readonly [keyof DumpGeometry, string])[] = [
  ['items', 'cache size'],
  ['blockSize', 'cache block size'],
  ['keySize', 'cache key size'],
  ['blocks', 'cache block count'],
]

/** @returns the geometry that an undercroft server announces, within the limits of a cache. */
function requireDetails({ geometry, isComplete }: AnnouncedDump): DumpGeometry {
  const { items = 0, blockSize = 0, keySize = 0, blocks = 0 } = geometry
  const isUsable =
    isComplete &&
    [items, blockSize, keySize, blocks].every(size => size > 0 && size <= MAX_SIZE) &&
    keySize <= MAX_KEY_SIZE_LIMIT &&
    blocks * blockSize <= Number.MAX_SAFE_INTEGER
  if (!isUsable) throw new DumpFailure('the server does not announce usable sizes')
  return { items, blockSize, keySize, blocks }
}

const MAX_SIZE = 2 ** 32
