/**
 * What replication and dumps ask of a cache, besides what every caller may ask.
 *
 * The operations stand behind a symbol: they are no part of the public face of `Cache`, and code
 * that replicates still takes a plain `Cache`.
 */

import type { ByteCache, CacheKey, StoredItem } from './cache-like.ts'

/** A change of one item, complete in itself: what another node needs to have the same item. */
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

/** Called after a change was made, before the call that made it returns. Must not throw. */
export type ChangeListener = (change: CacheChange) => void

/** An item with its key, as a page of items holds it. */
export interface PagedItem extends StoredItem {
  readonly key: Buffer
  /** Grows with each use of any item, so it orders items by recency; 0 without eviction. */
  readonly lastUse: number
}

/** One step of an iteration over the items. */
export interface ItemPage {
  readonly items: readonly PagedItem[]
  /** Where the next page begins; 0: this page was the last. */
  readonly next: number
}

/**
 * Where a cache keeps its {@link ReplicationAccess}. Registered, so that two installed copies of
 * this package agree on it.
 */
export const REPLICATION: unique symbol = Symbol.for('undercroft.replication')

/** The operations for replication and dumps. */
export interface ReplicationAccess {
  /**
   * Makes a change that another node reported. Listeners are not called, so the change is not sent
   * on. An item that has already expired is deleted.
   *
   * @returns false if there is no room for the item, or nothing to delete
   */
  apply(change: CacheChange): boolean
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
  /**
   * Calls the listener for each change made through this object, but not for changes by other
   * processes, expiry or eviction.
   *
   * @returns a function that ends it
   */
  observe(listener: ChangeListener): () => void
  /** @internal */
  readonly [REPLICATION]: ReplicationAccess
}
