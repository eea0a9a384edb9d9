/**
 * What layers that only use a cache may ask of it: the bytes under a key, and the facts beside it.
 *
 * The local `Cache` answers at once. Nothing here knows shared memory or sockets.
 */

import type { ValueTypeName } from './value.ts'

/** A key: text (stored as UTF-8) or bytes. 1 byte up to the cache's `maxKeySize`. */
export type CacheKey = string | Uint8Array

/** A value as bytes, and what they are. */
export interface EncodedValue {
  readonly bytes: Uint8Array
  /** What the bytes are. @default 'bytes' */
  readonly type?: ValueTypeName
}

/** One item as stored. */
export interface StoredItem extends EncodedValue {
  /** A copy of the value's bytes, the caller's to keep. */
  readonly bytes: Buffer
  /** The moment it ends, Unix milliseconds; 0: never. */
  readonly expiresAtMs: number
}

/** When an item ends. */
export interface TtlOptions {
  /**
   * Milliseconds the item lives, from 0 (already over) to `Infinity` (never ends). Fractions are
   * rounded up. @default the cache's `ttlMs`
   */
  readonly ttlMs?: number
}

/** How `setItem` stores. */
export interface SetItemOptions extends TtlOptions {
  /** Store either way, only if absent, or only if there is a live item. @default 'set' */
  readonly mode?: 'set' | 'add' | 'replace'
}

/** What a counter operation starts from when the key is absent. */
export interface CounterOptions extends TtlOptions {
  /** The value before the operation when there was no item. @default the cache's, mostly 0 */
  readonly initial?: number | bigint
  /** Change only a counter that is there: nothing is created, and `initial` is not used. */
  readonly onlyPresent?: boolean
}

/** Further options of `count`. */
export interface CountOptions extends CounterOptions {
  /**
   * Refuse a result that a JavaScript number cannot hold, with UNDERCROFT_COUNTER_RANGE, and leave
   * the value. @default false
   */
  readonly safe?: boolean
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
  readonly attachments: number
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

/** What a local cache answers at once and a remote one by promise. */
export type Awaitable<T> = T | Promise<T>

/** What is asked of a cache by those who take any: `Cache` and `RemoteCache` are such. */
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

/** A change of one item, complete in itself: what another node needs to have the same. */
export type CacheChange =
  | {
      readonly kind: 'set'
      readonly key: Buffer
      /** The bytes as stored; a counter's are 8, little-endian. */
      readonly value: Buffer
      /** Unix milliseconds; 0: never. */
      readonly expiresAtMs: number
    }
  | { readonly kind: 'delete'; readonly key: Buffer }

/** Told of a change after it was made, before the call that made it returns. Must not throw. */
export type ChangeListener = (change: CacheChange) => void

/** An item with its key, as `itemPage` gives it. */
export interface PagedItem extends StoredItem {
  readonly key: Buffer
  /** Grows with each use of any item, so it orders items by recency; 0 where nothing is evicted. */
  readonly lastUse: number
}

/** One step of an iteration over the items. */
export interface ItemPage {
  readonly items: readonly PagedItem[]
  /** Where the next page begins; 0: there is none. */
  readonly next: number
}

/** A cache that other nodes can follow, and that can follow them. */
export interface ReplicableCache extends ByteCache {
  /**
   * Tells of each change made through this object: not of those that other processes make, and not
   * of expiry or eviction. Returns what ends it.
   */
  observe(listener: ChangeListener): () => void
  /**
   * Makes a change that another node told of. No listener hears of it, so it goes no further. An
   * item that has ended is deleted. False: no room for it, or nothing to delete.
   */
  apply(change: CacheChange): boolean
  /** Marks an item as just used, counting nothing. */
  promote(key: CacheKey): void
  /** As `keyPage`, with the values; ends a page after `maxSize` bytes of keys and values. */
  itemPage(cursor: number, maxSize: number): ItemPage
}
