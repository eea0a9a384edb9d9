/**
 * A cache as uWSGI's functions use it, with uWSGI's results. A local cache returns them directly, a
 * remote cache returns promises.
 */

import {
  type Awaitable,
  type CacheKey,
  type CacheLike,
  COUNTER_SIZE,
  type CounterOperation,
  type StoredItem,
} from '../../base/index.ts'

export interface StoreRequest {
  readonly value: string | Uint8Array
  readonly mode: 'add' | 'set'
  readonly ttlMs: number
}

/**
 * Callers have checked the arguments. Null means a miss, a refusal or a failure. This is not an
 * `AnyCache`, because uWSGI's functions do not throw: it holds one, and has uWSGI's results.
 */
export interface UwsgiCache {
  /** The local cache behind this one; absent for a remote cache. */
  readonly cache?: CacheLike
  /** Largest value that the cache accepts, in bytes. */
  readonly maxValueSize: number
  get(key: CacheKey): Awaitable<Buffer | null>
  /** Returns the item: its bytes, their type, and when they expire. */
  item(key: CacheKey): Awaitable<StoredItem | null>
  store(key: CacheKey, request: StoreRequest): Awaitable<Done>
  delete(key: CacheKey): Awaitable<Done>
  exists(key: CacheKey): Awaitable<Done>
  clear(): Awaitable<Done>
  count(key: CacheKey, operation: CounterOperation, by: bigint, ttlMs: number): Awaitable<Done>
  num(key: CacheKey): Awaitable<number | bigint>
  /** Absent for a remote cache, which cannot list its keys. */
  keys?(): Buffer[]
}

/** A cache that does not exist: every read is a miss and every write is refused. */
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

/** uWSGI's result of a write: True or None. */
export type Done = true | null

export function trueOrNull(isDone: boolean): Done {
  return isDone ? true : null
}

/**
 * Returns the number in 8 bytes, or 0 for an item that is not a counter, such as a string of 8
 * bytes.
 */
export function numberOf(item: StoredItem | undefined): number | bigint {
  if (item === undefined || item.bytes.length !== COUNTER_SIZE) return 0
  if (item.type !== undefined && !COUNTER_TYPES.has(item.type)) return 0
  const value = item.bytes.readBigInt64LE()
  return BigInt.asIntN(SAFE_BITS, value) === value ? Number(value) : value
}

const COUNTER_TYPES: ReadonlySet<string> = new Set(['bytes', 'uint8array', 'integer', 'bigint'])

/** Integers of this many bits, including the sign, are safe as JavaScript numbers. */
const SAFE_BITS = 54
