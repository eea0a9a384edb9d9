/**
 * From uWSGI's cache options to definitions of caches in our terms.
 *
 * The one place where uWSGI's names and defaults are turned into ours.
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

/** What a cache is created with, and what only uWSGI-style caches have beside that. */
export interface CacheDefinition {
  readonly name: string
  /** One less than uWSGI's `items`, whose first place is never used. */
  readonly maxItems: number
  /** Bytes. */
  readonly blockSize: number
  /** Only with `bitmap`; otherwise each item has one. */
  readonly blocks?: number
  readonly bitmap: boolean
  /** Bytes. */
  readonly maxKeySize: number
  readonly hash: 'seeded' | 'djb33x' | 'murmur2'
  /** What happens when it is full. */
  readonly eviction: 'lru' | 'none' | 'clear'
  /** Path of a file on disk. */
  readonly store?: string
  /** Between two flushes; 0: the kernel decides. */
  readonly flushSeconds: number
  readonly storeDelete: boolean
  /** UDP addresses told of each change. */
  readonly nodes: readonly string[]
  /** UDP addresses listened on. */
  readonly udpServers: readonly string[]
  /** Who may send to them; none: everybody. */
  readonly udpAllow: readonly string[]
  /** They may be addresses that other machines reach. */
  readonly allowPublic: boolean
  /** Servers from which the content is fetched at start, in order. */
  readonly sync: readonly string[]
  readonly lastModified: boolean
  readonly mathInitial: bigint
  readonly ignoreFull: boolean
  /** Items never end: what no_expire means, and purge_lru as well. */
  readonly noExpire: boolean
  /** Between two sweeps, for all caches of the instance. */
  readonly sweepSeconds: number
  /** Log how many items a sweep freed; for all caches of the instance. */
  readonly reportFreed: boolean
  /** What is put into it at start, in order. */
  readonly preloads: readonly Preload[]
  /** How long a cycle of uWSGI's master is: how often it looks after its caches. */
  readonly cycleSeconds: number
}

/** The caches to make, and what their author should be told. */
export interface ResolvedCaches {
  readonly caches: readonly CacheDefinition[]
  readonly warnings: readonly string[]
}

/** The caches of all `cache` and `cache2` options, in uWSGI's order: old-style first. */
export function resolveCaches(options: OptionSet): ResolvedCaches {
  const caches: CacheWithoutPreloads[] = []
  const warnings: string[] = []
  const names = new Set<string>()
  const add = (given: GivenOption, cache: CacheWithoutPreloads) => {
    if (names.has(cache.name)) {
      throw new UndercroftError(
        'UNDERCROFT_OPTION_INVALID',
        `${formatGiven(given)}: there is already a cache called "${cache.name}"`,
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
    warnings.push(...values.warnings)
    if (values.texts.has('blocks') && !cache2Flag(values, 'bitmap')) {
      warnings.push(`${values.label}: blocks counts only with bitmap; each item has one block`)
    }
  }
  const preloads = resolvePreloads(options, names)
  return {
    caches: caches.map(cache => ({ ...cache, preloads: preloads.byCache.get(cache.name) ?? [] })),
    warnings: [...warnings, ...preloads.warnings],
  }
}

/** As its own options describe it. */
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

/** uWSGI counts in cycles of its master; the default of each cache is the instance's. */
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

/** uWSGI takes any name; ours becomes part of a file name, and `@` begins an address. */
function resolveName(values: Cache2Values): string {
  const name = values.texts.get('name')
  if (name === undefined || !/^(?!\.)[A-Za-z0-9._-]{1,64}$/.test(name)) {
    throw invalidOption(
      `${values.label}: name`,
      '1 to 64 of A-Z a-z 0-9 . _ - and must not begin with a dot',
      name,
    )
  }
  return name
}

/** With both, uWSGI removes the item used longest ago, and then all others. */
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
    throw invalidOption(name, '2 or more, for one place always stays empty', items)
  }
  return items - 1
}

function defaultInteger(name: string): number {
  const row = requireRow(CACHE2_TABLE, name)
  return parseRowInteger(name, row, row.default ?? '')
}
