/**
 * Checks the options of `Cache.open`, and completes those that the cache does not store.
 */

import {
  type Clock,
  invalidOption,
  MAX_KEY_SIZE_LIMIT,
  type OptionNames,
  requireBoolean,
  requireDuration,
  requireInt64,
  requireInteger,
  requireKnownNames,
  requireOneOf,
  requireString,
  systemClock,
  UndercroftError,
} from '../base/index.ts'
import type { ValueCodecOptions } from '../codecs/index.ts'
import {
  BLOCK_COUNT_LIMIT,
  BLOCK_SIZE_LIMIT,
  EVICTIONS,
  type EvictionName,
  HASHES,
  type HashName,
  MAX_ITEMS_LIMIT,
  MAX_TAGS_LIMIT,
  type WantedGeometry,
} from '../segment/index.ts'
import { warnOnce } from './load-failures.ts'
import { type NearOptions, type ResolvedNear, resolveNear } from './near-options.ts'
import { toEventPlaces } from './new-geometry.ts'
import { resolveValueOptions, VALUE_OPTION_NAMES, type ValueOptions } from './value-options.ts'

/**
 * The options of `Cache.open`. The first process creates the cache, and all others attach to it.
 * Each geometry option that they give must match the cache. Attaching requires only the name.
 */
// biome-ignore lint/suspicious/noExplicitAny: options without V are those of a cache of any type
export interface CacheOptions<V = any> extends ValueOptions<V> {
  /**
   * Name of the cache: 1 to 64 of letters, digits, `.`, `_` and `-`, without a dot at the start.
   * `instance/name` is a cache of an instance of `undercroft serve`, which creates and removes it.
   */
  readonly name: string
  /**
   * Maximum number of items; required to create a cache. In addition to its value, each item costs
   * 64 bytes, the bytes of `maxKeySize` beyond 32, 8 to 16 for its bucket, 17 for eviction, and 32
   * for a tag. With the defaults that is 345 to 353 bytes.
   */
  readonly maxItems?: number | undefined
  /**
   * With `bitmap`, values take as many neighbouring blocks as they need, up to all of them.
   * Without it, each item has its own block, as in uWSGI. That suits values of one size.
   * @default true
   */
  readonly bitmap?: boolean | undefined
  /**
   * Bytes of a block. A value takes whole blocks, and a counter one. Without `bitmap` this is the
   * largest value, and each item reserves it. @default 256; without `bitmap` 4096
   */
  readonly blockSize?: number | undefined
  /**
   * Number of blocks; only with `bitmap`. `blocks` times `blockSize` is the room for values.
   * @default as many as give each item 4096 bytes, and at least one
   */
  readonly blocks?: number | undefined
  /**
   * Longest key, in bytes of UTF-8, up to 65535. Every item reserves this much, and at least 32.
   * @default 256
   */
  readonly maxKeySize?: number | undefined
  /**
   * What a set does if the cache is full. `adaptive` evicts until the new item fits, by how often
   * and how lately items were used. It resists scans, and costs 17 bytes an item. `lru` evicts the
   * least recently used items, and costs 24 bytes. `none` refuses the value. `clear` deletes
   * everything, once, and stores the value. Other writers wait about 200 ns an item for that.
   * @default 'adaptive'
   */
  readonly eviction?: EvictionName | undefined
  /**
   * Items never end, regardless of their TTL, as with uWSGI's `purge_lru` and `no_expire`.
   * @default false
   */
  readonly ignoreTtl?: boolean | undefined
  /**
   * How keys are hashed. `seeded` cannot be flooded with colliding keys; `djb33x` and `murmur2` are
   * uWSGI's. @default 'seeded'
   */
  readonly hash?: HashName | undefined
  /**
   * Tags that the cache can tell apart, of 32 bytes each; 0: none. Beyond, the least recently used
   * tag loses its place, and its items are gone.
   * @default `maxItems`, from 64 to 65536
   */
  readonly maxTags?: number | undefined
  /**
   * Events that the cache keeps for listeners that are busy, from 4096, rounded up to a power of
   * two; 0: the cache publishes no events. An event takes 64 bytes, and 64 more for each 64 bytes
   * of its key beyond 48. @default 0
   */
  readonly events?: number | undefined
  /**
   * Milliseconds that an item lives if it is set without `ttlMs`. The cache does not store this
   * option: each opener has its own.
   * @default Infinity
   */
  readonly ttlMs?: number | undefined
  /**
   * Path of a file on a local disk that holds the cache, and keeps it over restarts of the machine.
   * Its directory must exist. The file has checksums, which show after a power loss which items are
   * whole. They cost 4 bytes an item, and a set takes 1.3 times as long. @default a file in
   * `directory`
   */
  readonly store?: string | undefined
  /**
   * Initial value of a counter if the call has no `initial`; uWSGI's `math_initial`. The cache does
   * not store this option: each opener has its own. @default 0
   */
  readonly counterInitial?: number | bigint | undefined
  /**
   * Directory of caches without `store`; must exist unless it is the default. All processes that
   * share a cache must use the same one. @default `/dev/shm/undercroft-UID`, made with mode 0700;
   * without /dev/shm, the same in the system's temporary directory
   */
  readonly directory?: string | undefined
  /**
   * `shared`: shared memory, or an error if memory cannot be shared. `private`: memory of this
   * thread alone, for tests. `auto`: shared memory if possible, else private with one warning.
   * @default 'auto'
   */
  readonly memory?: 'auto' | 'shared' | 'private' | undefined
  /**
   * Milliseconds between two sweeps, 0 for none. One of all processes frees the room of expired
   * items, which no get returns in any case. At the same time each process moves the items that it
   * reads most to the front of their chains, where it finds them first. @default 3000
   */
  readonly sweepMs?: number | undefined
  /**
   * Called with the number of items that a sweep freed, if any; only in the process that sweeps.
   * @default no function is called
   */
  readonly onSweep?: ((reclaimed: number) => void) | undefined
  /**
   * Keep the time of the last change for `stats()`; uWSGI's `lastmod`. From then on every process
   * keeps it, which costs 50 ns a change. @default false
   */
  readonly lastModified?: boolean | undefined
  /**
   * Called with each failure that no caller sees: of a load in the background, or of a load whose
   * callers got the old value. It must not throw. @default one warning of the process
   */
  readonly onError?: ((error: unknown) => void) | undefined
  /** Milliseconds to wait for a writer that is alive but stopped. @default 5000 */
  readonly lockTimeoutMs?: number | undefined
  /**
   * Near copies: decoded values of hot keys that this thread keeps. Every `get` checks them against
   * shared memory, so they are never stale. `false`: none. @default strings, numbers and similar
   */
  readonly near?: NearOptions | false | undefined
  /** Source of time; tests give their own. @default the system's clock */
  readonly clock?: Clock | undefined
}

export interface ResolvedOptions {
  readonly name: string
  readonly wanted: WantedGeometry
  readonly ttlMs: number
  readonly counterInitial: bigint
  readonly store: string | undefined
  readonly directory: string | undefined
  readonly memory: 'auto' | 'shared' | 'private'
  readonly lockTimeoutMs: number
  readonly sweepMs: number
  readonly onSweep: (reclaimed: number) => void
  readonly lastModified: boolean
  readonly onError: (error: unknown) => void
  readonly near: ResolvedNear
  readonly values: ValueCodecOptions
  readonly clock: Clock
}

const NAME_PATTERN = /^([A-Za-z0-9_-][A-Za-z0-9._-]{0,63}\/)?[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/
const OPTION_NAMES: OptionNames<CacheOptions> = {
  name: true,
  maxItems: true,
  blockSize: true,
  bitmap: true,
  blocks: true,
  maxKeySize: true,
  eviction: true,
  hash: true,
  ignoreTtl: true,
  maxTags: true,
  events: true,
  ttlMs: true,
  counterInitial: true,
  store: true,
  directory: true,
  memory: true,
  onError: true,
  lockTimeoutMs: true,
  sweepMs: true,
  onSweep: true,
  lastModified: true,
  near: true,
  ...VALUE_OPTION_NAMES,
  clock: true,
}

const DEFAULT_LOCK_TIMEOUT_MS = 5000
const MAX_LOCK_TIMEOUT_MS = 600_000
const DEFAULT_SWEEP_MS = 3000
const MAX_SWEEP_MS = 86_400_000

export function resolveOptions(options: CacheOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null) {
    throw invalidOption('the argument of Cache.open', 'an object with at least a name', options)
  }
  requireKnownNames('Cache.open', options, OPTION_NAMES)
  if (typeof options.name !== 'string' || !NAME_PATTERN.test(options.name)) {
    throw invalidOption(
      'name',
      '1 to 64 of letters, digits, ".", "_" and "-", not beginning with a dot, or instance/name',
      options.name,
    )
  }
  const near = resolveNear(options.near ?? {})
  return {
    name: options.name,
    wanted: resolveWanted(options),
    ttlMs: optional(options.ttlMs, value => requireDuration('ttlMs', value)) ?? Infinity,
    counterInitial: requireInt64('counterInitial', options.counterInitial ?? 0),
    store: optional(options.store, value => requireString('store', value)),
    directory: optional(options.directory, value => requireString('directory', value)),
    memory:
      optional(options.memory, value =>
        requireOneOf('memory', value, ['auto', 'shared', 'private']),
      ) ?? 'auto',
    lockTimeoutMs:
      optional(options.lockTimeoutMs, value =>
        requireInteger('lockTimeoutMs', value, 1, MAX_LOCK_TIMEOUT_MS),
      ) ?? DEFAULT_LOCK_TIMEOUT_MS,
    sweepMs:
      optional(options.sweepMs, value => requireInteger('sweepMs', value, 0, MAX_SWEEP_MS)) ??
      DEFAULT_SWEEP_MS,
    onSweep: optional(options.onSweep, value => requireFunction('onSweep', value)) ?? (() => {}),
    lastModified:
      optional(options.lastModified, value => requireBoolean('lastModified', value)) ?? false,
    onError:
      optional(options.onError, value => requireFunction('onError', value)) ??
      warnOnce(options.name),
    near,
    values: resolveValueOptions(options, near.objects),
    clock: options.clock ?? systemClock,
  }
}

function resolveWanted(options: CacheOptions): WantedGeometry {
  const integer = (name: keyof CacheOptions, max: number, min = 1) =>
    optional(options[name], value => requireInteger(name, value, min, max))
  const bitmap = optional(options.bitmap, value => requireBoolean('bitmap', value))
  const blockCount = integer('blocks', BLOCK_COUNT_LIMIT)
  if (blockCount !== undefined && bitmap === false) {
    throw new UndercroftError(
      'UNDERCROFT_OPTION_INVALID',
      'blocks needs bitmap; without it each item has exactly one block',
    )
  }
  return {
    maxItems: integer('maxItems', MAX_ITEMS_LIMIT),
    maxKeySize: integer('maxKeySize', MAX_KEY_SIZE_LIMIT),
    blockSize: integer('blockSize', BLOCK_SIZE_LIMIT),
    blockCount,
    bitmap,
    ignoresTtl: optional(options.ignoreTtl, value => requireBoolean('ignoreTtl', value)),
    hash: optional(options.hash, value => requireOneOf('hash', value, HASHES)),
    eviction: optional(options.eviction, value => requireOneOf('eviction', value, EVICTIONS)),
    checksums: options.store === undefined ? undefined : true,
    maxTags: integer('maxTags', MAX_TAGS_LIMIT, 0),
    eventPlaces: optional(options.events, toEventPlaces),
  }
}

function optional<T, R>(value: T | undefined, check: (value: T) => R): R | undefined {
  return value === undefined ? undefined : check(value)
}

function requireFunction<F extends (argument: never) => unknown>(name: string, value: F): F {
  if (typeof value !== 'function') throw invalidOption(name, 'a function', value)
  return value
}
