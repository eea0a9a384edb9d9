/**
 * What the layers above ask of a cache: the bytes under a key and the facts about them.
 *
 * Nothing here knows shared memory or sockets.
 */

import type { CounterOptions, CountOptions, SetItemOptions, TtlOptions } from './call-options.ts'
import type { ValueTypeName } from './value.ts'

/** A key: text (stored as UTF-8) or bytes. 1 byte up to the cache's `maxKeySize`. */
export type CacheKey = string | Uint8Array

/** A value as bytes, and what they are. */
export interface EncodedValue {
  readonly bytes: Uint8Array
  /** What the bytes are. @default 'bytes' */
  readonly type?: ValueTypeName | undefined
}

/** One item as stored. */
export interface StoredItem extends EncodedValue {
  /** A copy of the value's bytes, the caller's to keep. */
  readonly bytes: Buffer
  /** The moment it ends, Unix milliseconds; 0: never. */
  readonly expiresAtMs: number
}

/** The four operations on 64-bit counters, named as uWSGI names them. */
export type CounterOperation = 'inc' | 'dec' | 'mul' | 'div'

/** Counts over all processes since the cache was created, and its fill. */
export interface CacheStats {
  readonly name: string
  /** Items in the table, expired ones not yet swept included. */
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
  readonly hits: number
  readonly misses: number
  /** Times the cache was found full: a value was refused, or everything cleared for one. */
  readonly full: number
  readonly evicted: number
  readonly expired: number
  /** Times a writer lock was taken over from an owner that died. */
  readonly takeovers: number
  /** Items that recovery dropped: cut short by a crash, or damaged when the machine went down. */
  readonly dropped: number
  /** Processes and threads attached now. */
  readonly openers: number
  /** The last change, Unix milliseconds; 0: there was none, or nobody has it kept. */
  readonly lastModifiedAtMs: number
}

/** One step of an iteration over the keys. */
export interface KeyPage {
  readonly keys: readonly Buffer[]
  /** Where the next page begins; 0: there is none. */
  readonly next: number
}

/** What `verify()` found. */
export interface VerifyReport {
  readonly ok: boolean
  /** One sentence for each broken invariant; empty when `ok`. At most 100 are kept. */
  readonly problems: readonly string[]
  readonly items: number
}

/** A cache as the server and the command line use it: bytes in, bytes out. */
export interface ByteCache {
  readonly name: string
  /** Counts a hit or a miss. */
  getItem(key: CacheKey): StoredItem | undefined
  has(key: CacheKey): boolean
  /** Stores either way. False: full. */
  set(key: CacheKey, value: Uint8Array, options?: TtlOptions): boolean
  /** Stores only if absent. False: there already, or full. */
  add(key: CacheKey, value: Uint8Array, options?: TtlOptions): boolean
  /**
   * Stores bytes as the kind of value they are, as `getItem` gave them. False: full, or the mode
   * says so. Throws UNDERCROFT_VALUE_UNSUPPORTED when they are not of that kind.
   */
  setItem(key: CacheKey, value: EncodedValue, options?: SetItemOptions): boolean
  delete(key: CacheKey): boolean
  /** Milliseconds left; `Infinity`: never ends; undefined: no such item. */
  ttlMs(key: CacheKey): number | undefined
  touch(key: CacheKey, ttlMs: number): boolean
  /**
   * The new value. Wraps modulo 2^64. Undefined: the cache is full, or with `onlyPresent` there is
   * no item.
   */
  count(
    key: CacheKey,
    operation: CounterOperation,
    by: bigint,
    options?: CountOptions,
  ): bigint | undefined
  /**
   * Some of the live keys, in no particular order. Begin with cursor 0 and go on with `next` until
   * it is 0 again: a key that is there all the time comes exactly once, however others write.
   */
  keyPage(cursor: number, limit: number): KeyPage
  /** Deletes all items; how many there were. */
  clear(): number
  stats(): CacheStats
  verify(): VerifyReport
  /** Longest key in bytes. */
  readonly maxKeySize: number
  /** Largest value in bytes. */
  readonly maxValueSize: number
}

/** The answer of a cache: a local one returns it at once, a remote one by promise. */
export type Awaitable<T> = T | Promise<T>

/**
 * The least that a store of items has to do: what `HttpCache` and single-flight ask of a cache.
 * `Cache` and `RemoteCache` are such stores, and so is any object with these four methods.
 */
export interface CacheLike {
  /** Longest key in bytes, if known. */
  readonly maxKeySize?: number
  /** Largest value in bytes, if known. */
  readonly maxValueSize?: number
  has(key: CacheKey): Awaitable<boolean>
  getItem(key: CacheKey): Awaitable<StoredItem | undefined>
  setItem(key: CacheKey, value: EncodedValue, options?: SetItemOptions): Awaitable<boolean>
  delete(key: CacheKey): Awaitable<boolean>
}

/**
 * Everything that `Cache` and `RemoteCache` both do, at once or by promise. Code that takes any of
 * them awaits each answer.
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
  /** The number of deleted items; undefined from a server that does not report it. */
  clear(): Awaitable<number | undefined>
  stats(): Awaitable<CacheStats>
  verify(): Awaitable<VerifyReport>
}
