/**
 * Declares what replication, dumps and readers outside Node.js ask of a cache, in addition to the
 * public methods.
 *
 * The operations are behind a symbol, so they are not public methods of `Cache`, and code that
 * replicates still takes a plain `Cache`.
 */

import type { ByteCache, CacheKey, EncodedValue, StoredItem } from './cache-like.ts'

/** A change of one item, with everything that another node needs to have the same item. */
export type CacheChange =
  | {
      readonly kind: 'set'
      readonly key: Buffer
      /** The bytes as stored. A counter has 8, little-endian. */
      readonly value: Buffer
      /** The name of the value's type. Absent, unknown or not readable elsewhere: bytes. */
      readonly type?: string | undefined
      /** Unix milliseconds; 0: never. */
      readonly expiresAtMs: number
    }
  | { readonly kind: 'delete'; readonly key: Buffer }

/** A function that is called after each change, within the call that made it. It must not throw. */
export type ChangeListener = (change: CacheChange) => void

/** What was given with the value of an item in addition to its end. */
export interface ItemCircumstances {
  /** Those of namespaces are among them. */
  readonly tags: readonly string[]
  /** Unix milliseconds from which the item is stale; 0: it is fresh as long as it lives. */
  readonly freshUntilMs: number
  readonly pinned: boolean
}

/** An item with its key, as a page of items holds it. */
export interface PagedItem extends StoredItem {
  readonly key: Buffer
  /** Undefined for an item with a value and an end alone. */
  readonly circumstances: ItemCircumstances | undefined
  /** A number that grows with each use of any item, and orders items by use; 0 without eviction. */
  readonly lastUse: number
}

/** An item that a dump brings back. */
export type RestoredItem = Required<EncodedValue> & Omit<PagedItem, 'type' | 'lastUse'>

/** One step of an iteration over the items. */
export interface ItemPage {
  readonly items: readonly PagedItem[]
  /** The cursor of the next page; 0: this page was the last. */
  readonly next: number
}

/**
 * The property of a cache that holds its {@link ReplicationAccess}. The symbol is registered, so
 * that two installed copies of this package agree on it.
 */
export const REPLICATION: unique symbol = Symbol.for('undercroft.replication')

/** The file that holds a cache, for a process that reads the bytes itself. */
export interface SegmentFile {
  readonly path: string
  /** The path can lead to another file elsewhere: a container can have a /dev/shm of its own. */
  readonly inode: number
  /** The checksum of the header, which covers the random seed of the segment. */
  readonly checksum: number
}

/** The operations for replication, dumps and readers outside Node.js. */
export interface ReplicationAccess {
  /** Undefined for private memory. */
  readonly file: SegmentFile | undefined
  /**
   * Calls the listener for each change made through this object, but not for changes by other
   * processes, expiry or eviction.
   *
   * @returns a function that ends it
   */
  observe(listener: ChangeListener): () => void
  /**
   * Makes a change that another node reported. Listeners are not called, so the change is not sent
   * on. An item that has already expired is deleted.
   *
   * @returns false if there is no room for the item, or nothing to delete
   */
  apply(change: CacheChange): boolean
  /**
   * Stores an item as a page of items has it. For a value of the type `structured` or `custom` the
   * source must be trusted: V8 or the cache's codec decodes the bytes. Listeners are called.
   *
   * @returns false if there is no room
   * @throws UndercroftError - as `setItem`, for bytes that are not of their type as well
   */
  restore(item: RestoredItem): boolean
  /** Marks an item as just used. Counts nothing. */
  promote(key: CacheKey): void
  /**
   * Returns some items, in the same way as `keyPage` returns keys. A page ends after `maxSize`
   * bytes of keys and values. Counts nothing.
   */
  itemPage(cursor: number, maxSize: number): ItemPage
}

/** A cache that other nodes can follow, and that can follow them. `Cache` is one. */
export interface ReplicableCache extends ByteCache {
  /** @internal */
  readonly [REPLICATION]: ReplicationAccess
}
