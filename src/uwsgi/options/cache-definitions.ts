/**
 * From uWSGI's cache options to cache definitions in the terms of this package.
 *
 * uWSGI's names and defaults are translated only here.
 */

import { invalidOption, requireOneOf, UndercroftError } from '../../base/index.ts'
import { type Cache2Values, cache2Flag, cache2Integer, cache2List, parseCache2 } from './cache2.ts'
import { formatGiven, type GivenOption } from './given-option.ts'
import {
  findLast,
  flagOption,
  integerOption,
  listOption,
  type OptionSet,
  requiredInteger,
  textOption,
} from './option-set.ts'
import { CACHE2_TABLE, OPTION_TABLE, requireRow } from './option-table.ts'
import { parseInteger64, parseRowInteger } from './option-values.ts'
import { type Preload, resolvePreloads } from './preload.ts'

/** How to create a cache, and which features of uWSGI it needs in addition. */
export interface CacheDefinition {
  readonly name: string
  /** One less than uWSGI's `items`, because the first place is never used. */
  readonly maxItems: number
  /** Bytes. */
  readonly blockSize: number
  /** Only with `bitmap`; without it each item has one block. */
  readonly blocks?: number
  readonly bitmap: boolean
  /** Bytes. */
  readonly maxKeySize: number
  readonly hash: 'seeded' | 'djb33x' | 'murmur2'
  /** What to do when the cache is full. */
  readonly eviction: 'lru' | 'none' | 'clear'
  /** Path of a file on disk. */
  readonly store?: string
  /** Seconds between two flushes; 0: the kernel decides. */
  readonly flushSeconds: number
  /** Whether the items stay in memory when the instance stops. */
  readonly keep: boolean
  /** Whether the cache belongs to all programs of the user instead of the instance. */
  readonly shared: boolean
  /** Events that are kept for listeners; 0: none. */
  readonly events: number
  readonly storeDelete: boolean
  /** UDP addresses that receive each change. */
  readonly nodes: readonly string[]
  /** UDP addresses to listen on. */
  readonly udpServers: readonly string[]
  /** Addresses and networks that may send changes; empty: any. */
  readonly udpAllow: readonly string[]
  /** Whether UDP addresses may be reachable from other machines. */
  readonly allowPublic: boolean
  /** Servers to copy the content from at start; the first that answers is used. */
  readonly sync: readonly string[]
  readonly lastModified: boolean
  readonly mathInitial: bigint
  readonly ignoreFull: boolean
  /** Items never expire, as with no_expire and purge_lru. */
  readonly noExpire: boolean
  /** Seconds between two sweeps, for all caches of the instance. */
  readonly sweepSeconds: number
  /** Log how many items each sweep freed, for all caches of the instance. */
  readonly reportFreed: boolean
  /** What to store at start, in order. */
  readonly preloads: readonly Preload[]
  /** Length of a master cycle of uWSGI: how often the caches are checked. */
  readonly cycleSeconds: number
}

/** The caches to create, and warnings for the author of the configuration. */
export interface ResolvedCaches {
  readonly caches: readonly CacheDefinition[]
  readonly warnings: readonly string[]
}

/**
 * Resolves the caches of all `cache` and `cache2` options, in uWSGI's order: the old-style cache
 * comes first.
 */
export function resolveCaches(options: OptionSet): ResolvedCaches {
  const caches: CacheWithoutPreloads[] = []
  const warnings: string[] = []
  const names = new Set<string>()
  const add = (given: GivenOption, cache: CacheWithoutPreloads) => {
    if (names.has(cache.name)) {
      throw new UndercroftError(
        'UNDERCROFT_OPTION_INVALID',
        `${formatGiven(given)}: a cache called "${cache.name}" is already defined; rename one`,
      )
    }
    names.add(cache.name)
    caches.push(cache)
  }

  const oldStyle = findLast(options, 'cache')
  const items = integerOption(options, 'cache') ?? 0
  if (oldStyle !== undefined && items > 0) add(oldStyle, resolveOldStyle(options, oldStyle, items))
  for (const given of listOption(options, 'cache2')) {
    const values = parseCache2(given)
    add(given, resolveCache2(values, options))
    warnings.push(...values.warnings, ...warnOfLongKeys(values, options))
    if (values.texts.has('blocks') && !cache2Flag(values, 'bitmap')) {
      warnings.push(
        `${values.label}: blocks has an effect only with bitmap; else each item has one block`,
      )
    }
  }
  const preloads = resolvePreloads(options, names)
  return {
    caches: caches.map(cache => ({ ...cache, preloads: preloads.byCache.get(cache.name) ?? [] })),
    warnings: [...warnings, ...preloads.warnings],
  }
}

/** A packet holds a key whole, with its names and sizes. */
function warnOfLongKeys(values: Cache2Values, options: OptionSet): string[] {
  const keySize = cache2Integer(values, 'keysize') ?? 0
  const bufferSize = requiredInteger(options, 'buffer-size')
  if (keySize <= bufferSize) return []
  const wanted = Math.min(keySize + PACKET_REST, MAX_PACKET)
  return [
    `${values.label}: keysize=${keySize} exceeds buffer-size (${bufferSize}), so longer keys ` +
      `cannot come over the network; write buffer-size = ${wanted}`,
  ]
}

/** Room for the other pairs of a packet. */
const PACKET_REST = 512
const MAX_PACKET = 65_535

/** A cache as its own options describe it. */
type CacheWithoutPreloads = Omit<CacheDefinition, 'preloads'>

/** The cache that `cache = N` and the `cache-...` options describe. */
function resolveOldStyle(
  options: OptionSet,
  given: GivenOption,
  items: number,
): CacheWithoutPreloads {
  const store = textOption(options, 'cache-store')
  const sync = textOption(options, 'cache-sync')
  return {
    name: 'default',
    maxItems: usableItems(formatGiven(given), items),
    blockSize: requiredInteger(options, 'cache-blocksize'),
    bitmap: false,
    maxKeySize: Number(requireRow(CACHE2_TABLE, 'keysize').default),
    hash: 'seeded',
    eviction: 'none',
    ...(store === undefined ? {} : { store }),
    flushSeconds: flushSeconds(options, undefined),
    keep: false,
    shared: false,
    events: 0,
    storeDelete: false,
    nodes: listOption(options, 'cache-udp-node').map(node => node.value),
    udpServers: listOption(options, 'cache-udp-server').map(server => server.value),
    udpAllow: listOption(options, 'cache-udp-allow').map(entry => entry.value),
    allowPublic: flagOption(options, 'allow-public'),
    sync: sync === undefined ? [] : [sync],
    lastModified: flagOption(options, 'cache-use-last-modified'),
    mathInitial: 0n,
    ignoreFull: false,
    noExpire: flagOption(options, 'cache-no-expire'),
    ...resolveRhythm(options),
  }
}

function resolveCache2(values: Cache2Values, options: OptionSet): CacheWithoutPreloads {
  const name = resolveName(values)
  const items = cache2Integer(values, 'items')
  if (items === undefined) throw invalidOption(`${values.label}: items`, 'given', undefined)
  const bitmap = cache2Flag(values, 'bitmap')
  const blocks = resolveBlocks(values, items)
  const hash = values.texts.get('hash')
  const store = values.texts.get('store')
  const mathInitial = values.texts.get('math_initial')
  return {
    name,
    maxItems: usableItems(`${values.label}: items`, items),
    blockSize: cache2Integer(values, 'blocksize') ?? defaultInteger('blocksize'),
    ...(bitmap ? { blocks } : {}),
    bitmap,
    maxKeySize: cache2Integer(values, 'keysize') ?? defaultInteger('keysize'),
    hash:
      hash === undefined
        ? 'seeded'
        : requireOneOf(`${values.label}: hash`, hash, ['djb33x', 'murmur2']),
    eviction: resolveEviction(values),
    ...(store === undefined ? {} : { store }),
    flushSeconds: flushSeconds(options, cache2Integer(values, 'store_sync')),
    keep: cache2Flag(values, 'keep'),
    shared: cache2Flag(values, 'shared'),
    events: cache2Integer(values, 'events') ?? 0,
    storeDelete: cache2Flag(values, 'store_delete'),
    nodes: cache2List(values, 'node'),
    udpServers: cache2List(values, 'udp'),
    udpAllow: cache2List(values, 'udp_allow'),
    allowPublic: flagOption(options, 'allow-public'),
    sync: cache2List(values, 'sync'),
    lastModified: cache2Flag(values, 'lastmod'),
    mathInitial: mathInitial === undefined ? 0n : parseInteger64('math_initial', mathInitial),
    ignoreFull: cache2Flag(values, 'ignore_full'),
    noExpire: resolveNoExpire(values, options),
    ...resolveRhythm(options),
  }
}

/**
 * uWSGI counts in cycles of its master. The option of the instance is the default of each cache.
 */
function flushSeconds(options: OptionSet, cycles: number | undefined): number {
  const all = cycles ?? requiredInteger(options, 'cache-store-sync')
  return all * requiredInteger(options, 'check-interval')
}

function resolveRhythm(
  options: OptionSet,
): Pick<CacheDefinition, 'sweepSeconds' | 'reportFreed' | 'cycleSeconds'> {
  const seconds = requiredInteger(options, 'cache-expire-freq')
  // In uWSGI 0 stands for the default.
  const fallback = Number(requireRow(OPTION_TABLE, 'cache-expire-freq').default)
  return {
    sweepSeconds: seconds === 0 ? fallback : seconds,
    reportFreed: flagOption(options, 'cache-report-freed-items'),
    cycleSeconds: requiredInteger(options, 'check-interval'),
  }
}

/** uWSGI accepts any name. Here the name becomes part of a file name, and `@` begins an address. */
function resolveName(values: Cache2Values): string {
  const name = values.texts.get('name')
  if (name === undefined || !/^(?!\.)[A-Za-z0-9._-]{1,64}$/.test(name)) {
    throw invalidOption(
      `${values.label}: name`,
      '1 to 64 characters of A-Z a-z 0-9 . _ - that do not begin with a dot',
      name,
    )
  }
  return name
}

/** With both flags, uWSGI removes the least recently used item and then all others. */
function resolveEviction(values: Cache2Values): CacheDefinition['eviction'] {
  if (cache2Flag(values, 'clear_on_full')) return 'clear'
  return cache2Flag(values, 'purge_lru') ? 'lru' : 'none'
}

/** uWSGI's purge_lru ignores expiry, as its manual says. */
function resolveNoExpire(values: Cache2Values, options: OptionSet): boolean {
  const isOwn = cache2Flag(values, 'no_expire') || cache2Flag(values, 'purge_lru')
  return isOwn || flagOption(options, 'cache-no-expire')
}

function resolveBlocks(values: Cache2Values, items: number): number {
  const blocks = cache2Integer(values, 'blocks') ?? items
  if (blocks < items) {
    throw invalidOption(`${values.label}: blocks`, `at least items (${items})`, blocks)
  }
  return blocks
}

function usableItems(name: string, items: number): number {
  if (items < 2) {
    throw invalidOption(name, '2 or more, because one place always stays empty', items)
  }
  return items - 1
}

function defaultInteger(name: string): number {
  const row = requireRow(CACHE2_TABLE, name)
  return parseRowInteger(name, row, row.default ?? '')
}
