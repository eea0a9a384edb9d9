/**
 * What uWSGI's functions ask of a cache, with uWSGI's answers: for a local cache at once, for a
 * remote one as promises.
 */

import type { CacheKey, CacheLike, CounterOperation, StoredItem } from '../../base/index.ts'

export type Later<T> = T | Promise<T>

export interface StoreRequest {
  readonly value: string | Uint8Array
  readonly mode: 'add' | 'set'
  readonly ttlMs: number
}

/** Arguments are checked already; null is every kind of no. */
export interface UwsgiCache {
  /** What answers, if it is on this machine. */
  readonly cache?: CacheLike
  /** Largest value it takes, in bytes. */
  readonly maxValueSize: number
  get(key: CacheKey): Later<Buffer | null>
  /** The same, with what the bytes are and when they end. */
  item(key: CacheKey): Later<StoredItem | null>
  store(key: CacheKey, request: StoreRequest): Later<Done>
  delete(key: CacheKey): Later<Done>
  exists(key: CacheKey): Later<Done>
  clear(): Later<Done>
  count(key: CacheKey, operation: CounterOperation, by: bigint, ttlMs: number): Later<Done>
  num(key: CacheKey): Later<number | bigint>
  /** Undefined: only local caches list their keys. */
  keys?(): Buffer[]
}

/** A cache that does not exist: all its answers are misses. */
export const ABSENT_CACHE: UwsgiCache = {
  maxValueSize: 0,
  get: () => null,
  item: () => null,
  store: () => null,
  delete: () => null,
  exists: () => null,
  clear: () => null,
  count: () => null,
  num: () => 0,
}

/** What uWSGI makes of done and not done. */
export type Done = true | null

export function trueOrNull(isDone: boolean): Done {
  return isDone ? true : null
}

/** The number in 8 bytes; 0 for what is no counter. Text of 8 bytes is none, either. */
export function numberOf(item: StoredItem | undefined): number | bigint {
  if (item === undefined || item.bytes.length !== COUNTER_SIZE) return 0
  if (item.type !== undefined && !COUNTER_TYPES.has(item.type)) return 0
  const value = item.bytes.readBigInt64LE()
  return BigInt.asIntN(SAFE_BITS, value) === value ? Number(value) : value
}

const COUNTER_SIZE = 8
const COUNTER_TYPES: ReadonlySet<string> = new Set(['bytes', 'uint8array', 'integer', 'bigint'])

/** Numbers of so many bits, the sign among them, are safe as JavaScript numbers. */
const SAFE_BITS = 54
