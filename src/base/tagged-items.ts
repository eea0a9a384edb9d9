/**
 * Declares what the HTTP cache asks of a cache in order to purge pages by tags.
 *
 * The operations are behind a symbol, as those of replication are: `Cache` has them, and an
 * `HttpCache` over any other object works without tags.
 */

import type { CacheKey, StoredItem } from './cache-like.ts'

/**
 * The property of a cache that holds its {@link TaggedItems}. The symbol is registered, so that two
 * installed copies of this package agree on it.
 */
export const TAGGED_ITEMS: unique symbol = Symbol.for('undercroft.tagged-items')

/** An item of a cache with tags. */
export interface TaggedItem extends StoredItem {
  /** One of its tags was deleted softly. */
  readonly isStale: boolean
}

/** An item on its way into the cache. */
export interface NewTaggedItem {
  readonly bytes: Uint8Array
  readonly ttlMs: number
  readonly tags: readonly string[]
  /** The generation of the cache before the bytes were made. */
  readonly madeAt: number
}

/** `outdated`: one of the tags was deleted after the bytes were made. */
export type TaggedOutcome = 'stored' | 'outdated' | 'full'

export interface TaggedItems {
  /** The tags that the cache can tell apart; 0: it takes none. */
  readonly maxTags: number
  /** A number that grows with each deletion of a tag. */
  readonly generation: number
  /** @returns the item, even if it is stale; counts a hit or a miss */
  getItem(key: CacheKey): TaggedItem | undefined
  /**
   * Stores an item, unless one of its tags was deleted since it was made. If one was deleted
   * softly, the item is stored as a stale one.
   */
  setItem(key: CacheKey, item: NewTaggedItem): TaggedOutcome
  deleteTag(tag: string, soft: boolean): void
}

/** A cache that may have tags. */
export interface WithTaggedItems {
  readonly [TAGGED_ITEMS]?: TaggedItems
}
