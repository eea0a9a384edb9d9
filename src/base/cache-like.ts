/**
 * Declares what the layers above ask of a cache: the bytes of a key, and the facts about them.
 *
 * These interfaces depend neither on shared memory nor on sockets.
 */

import type { CounterOptions, CountOptions, SetItemOptions, TtlOptions } from './call-options.ts'
import type { ValueTypeName } from './value.ts'

/** A key: a string (stored as UTF-8) or bytes, from 1 byte to the cache's `maxKeySize`. */
export type CacheKey = string | Uint8Array

/** A value as bytes, and their type. */
export interface EncodedValue {
  readonly bytes: Uint8Array
  /** The type of the bytes. @default 'bytes' */
  readonly type?: ValueTypeName | undefined
}

/** One item, as the cache stores it. */
export interface StoredItem extends EncodedValue {
  /** A copy of the value's bytes, which the caller may keep and change. */
  readonly bytes: Buffer
  /** The moment at which the item ends, in Unix milliseconds; 0: never. */
  readonly expiresAtMs: number
}

/** A value, and what the cache knows of its item. */
export interface CacheEntry<V> {
  readonly value: V
  /** When the item is gone, in Unix milliseconds; `Infinity`: never. */
  readonly expiresAtMs: number
  /** When the item becomes stale; `Infinity`: it is fresh as long as it lives. */
  readonly freshUntilMs: number
  /** Whether it is past its `ttlMs`, or one of its tags was deleted softly. */
  readonly isStale: boolean
  /** A number that the item has until it changes; for `compareAndSet`. */
  readonly version: number
  readonly tags: readonly string[]
}

/** The four operations on 64-bit counters, by their uWSGI names. */
export type CounterOperation = 'inc' | 'dec' | 'mul' | 'div'

/** How long events took, over all processes since the cache was created. */
export interface LatencyStats {
  /** Number of events. */
  readonly count: number
  /** Milliseconds of all events together. */
  readonly totalMs: number
  /** The duration that half of the events did not exceed, correct within an eighth. */
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  /** The buckets that are not empty, from short to long: events that took less than `belowMs`. */
  readonly buckets: readonly { readonly belowMs: number; readonly count: number }[]
}

/** Counts over all processes since the cache was created, and its fill. */
export interface CacheStats {
  readonly name: string
  /** Items in the table, including expired ones that are not swept yet. */
  readonly items: number
  readonly maxItems: number
  readonly blockSize: number
  readonly blocks: number
  readonly freeBlocks: number
  readonly maxKeySize: number
  readonly maxValueSize: number
  readonly buckets: number
  readonly hash: string
  readonly eviction: string
  readonly bitmap: boolean
  /** Bytes of shared memory. */
  readonly size: number
  /** Reads that found a live item, in shared memory or as a near copy. */
  readonly hits: number
  readonly misses: number
  /** The hits of near copies. */
  readonly nearHits: number
  /**
   * Stale values that were returned: by `getEntry`, which counts hits, and by `getOrSet`, which
   * counts misses.
   */
  readonly staleHits: number
  /** The loads of `getOrSet`, `getOrSetMany` and `memoize`, by key, failed ones included. */
  readonly loads: LatencyStats
  /** Loads that failed, or took longer than their `timeoutMs`. */
  readonly loadFailures: number
  /** Callers that waited for the load of another caller or process. */
  readonly loadWaits: number
  /** The waits of writers that found the lock taken. */
  readonly lockWaits: LatencyStats
  /** Times that a full cache refused a value, or deleted everything to store one. */
  readonly full: number
  readonly evicted: number
  readonly expired: number
  /** Items whose room was freed after the deletion of one of their tags. */
  readonly invalidated: number
  /** Items that are pinned now. */
  readonly pinned: number
  /** The tags that the cache can tell apart. */
  readonly maxTags: number
  /** Tags that lost their place to others, so that their items are gone. */
  readonly tagsEvicted: number
  /** Places for events, of 64 bytes each; 0: the cache publishes none. */
  readonly eventPlaces: number
  /** Times that a process took over the writer lock from an owner that died. */
  readonly takeovers: number
  /** Items that recovery dropped: a crash cut them short, or the machine went down. */
  readonly dropped: number
  /** Threads that have the cache open now. */
  readonly openers: number
  /** When the last change was, in Unix milliseconds; 0: there was none, or it is not kept. */
  readonly lastModifiedAtMs: number
}

/** One step of an iteration over the keys. */
export interface KeyPage {
  readonly keys: readonly Buffer[]
  /** The cursor of the next page; 0: this page was the last. */
  readonly next: number
}

/** The result of `verify()`. */
export interface VerifyReport {
  readonly ok: boolean
  /** One sentence for each broken invariant, at most 100; empty if `ok`. */
  readonly problems: readonly string[]
  readonly items: number
}

/** A cache as the server and the command line use it. Keys and values are bytes. */
export interface ByteCache {
  readonly name: string
  /** @returns the item, and counts a hit; undefined on a miss, and counts a miss */
  getItem(key: CacheKey): StoredItem | undefined
  has(key: CacheKey): boolean
  /**
   * Stores a value, whether or not the key is present.
   *
   * @returns false if the cache is full
   */
  set(key: CacheKey, value: Uint8Array, options?: TtlOptions): boolean
  /**
   * Stores a value only if the key is absent.
   *
   * @returns false if the key is present, or if the cache is full
   */
  add(key: CacheKey, value: Uint8Array, options?: TtlOptions): boolean
  /**
   * Stores bytes together with their type, as `getItem` returns them.
   *
   * @returns false if the cache is full, or if the mode forbids to store
   * @throws UndercroftError - UNDERCROFT_VALUE_UNSUPPORTED if the bytes are not of their type
   */
  setItem(key: CacheKey, value: EncodedValue, options?: SetItemOptions): boolean
  delete(key: CacheKey): boolean
  /**
   * @returns the milliseconds left; `Infinity` if the item never ends; undefined without an item
   */
  ttlMs(key: CacheKey): number | undefined
  touch(key: CacheKey, ttlMs: number): boolean
  /**
   * Changes a counter. The result wraps modulo 2^64.
   *
   * @returns the new value; undefined if the cache is full, or for `onlyPresent` without an item
   */
  count(
    key: CacheKey,
    operation: CounterOperation,
    by: bigint,
    options?: CountOptions,
  ): bigint | undefined
  /**
   * Reads some of the live keys, in no particular order. The first cursor is 0, and each further
   * cursor is the `next` of the page before, until that is 0. While others write, a key that is
   * there all the time comes exactly once.
   */
  keyPage(cursor: number, limit: number): KeyPage
  /**
   * Deletes all items.
   *
   * @returns how many items there were
   */
  clear(): number
  stats(): CacheStats
  verify(): VerifyReport
  /** Longest key, in bytes. */
  readonly maxKeySize: number
  /** Largest value in bytes. */
  readonly maxValueSize: number
}

/**
 * The result of a cache. A local cache returns it at once, and a remote cache returns a promise.
 */
export type Awaitable<T> = T | Promise<T>

/**
 * The property of a cache whose `setItem` takes `pinned`; single-flight pins its leases there. The
 * symbol is registered, so that two installed copies of this package agree on it.
 */
export const TAKES_PINNED: unique symbol = Symbol.for('undercroft.takesPinned')

/**
 * What `HttpCache` and single-flight ask of a cache. `Cache` and `RemoteCache` implement this
 * interface, and any object with these four methods does.
 */
export interface CacheLike {
  /** Longest key in bytes, if known. */
  readonly maxKeySize?: number
  /** Largest value in bytes, if known. */
  readonly maxValueSize?: number
  /** @internal */
  readonly [TAKES_PINNED]?: true
  has(key: CacheKey): Awaitable<boolean>
  getItem(key: CacheKey): Awaitable<StoredItem | undefined>
  setItem(key: CacheKey, value: EncodedValue, options?: SetItemOptions): Awaitable<boolean>
  delete(key: CacheKey): Awaitable<boolean>
}

/**
 * Everything that both `Cache` and `RemoteCache` do, synchronously or by promise. Code that takes
 * any of them awaits each result.
 */
export interface AnyCache<V = unknown> extends CacheLike {
  readonly name: string
  get(key: CacheKey): Awaitable<V | undefined>
  getMany(keys: Iterable<CacheKey>): Awaitable<(V | undefined)[]>
  set(key: CacheKey, value: V, options?: TtlOptions): Awaitable<boolean>
  add(key: CacheKey, value: V, options?: TtlOptions): Awaitable<boolean>
  replace(key: CacheKey, value: V, options?: TtlOptions): Awaitable<boolean>
  setMany(entries: Iterable<readonly [CacheKey, V]>, options?: TtlOptions): Awaitable<number>
  ttlMs(key: CacheKey): Awaitable<number | undefined>
  touch(key: CacheKey, ttlMs: number): Awaitable<boolean>
  increment(key: CacheKey, by?: number, options?: CounterOptions): Awaitable<number | undefined>
  increment(key: CacheKey, by: bigint, options?: CounterOptions): Awaitable<bigint | undefined>
  decrement(key: CacheKey, by?: number, options?: CounterOptions): Awaitable<number | undefined>
  decrement(key: CacheKey, by: bigint, options?: CounterOptions): Awaitable<bigint | undefined>
  multiply(key: CacheKey, by: number, options?: CounterOptions): Awaitable<number | undefined>
  multiply(key: CacheKey, by: bigint, options?: CounterOptions): Awaitable<bigint | undefined>
  divide(key: CacheKey, by: number, options?: CounterOptions): Awaitable<number | undefined>
  divide(key: CacheKey, by: bigint, options?: CounterOptions): Awaitable<bigint | undefined>
  count(
    key: CacheKey,
    operation: CounterOperation,
    by: bigint,
    options?: CountOptions,
  ): Awaitable<bigint | undefined>
  keys(): Iterable<string> | AsyncIterable<string>
  entries(): Iterable<[string, V]> | AsyncIterable<[string, V]>
  keyPage(cursor: number, limit: number): Awaitable<KeyPage>
  /** @returns the number of deleted items; undefined if a server does not report it */
  clear(): Awaitable<number | undefined>
  stats(): Awaitable<CacheStats>
  verify(): Awaitable<VerifyReport>
}
