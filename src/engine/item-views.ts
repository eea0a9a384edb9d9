/**
 * What readers tell of an item.
 */

import type { ItemCircumstances } from '../base/index.ts'
import type { SlotIndex } from './slot-table.ts'

/** What the last attempt of `locate` found. It is valid once `confirm` has returned true. */
export interface FoundItem {
  /** The hash of the item's key. */
  hash: number
  slot: SlotIndex
  /** When the item becomes a miss; for a stale item, when it is gone. */
  expiresAtMs: number
  /** The position of the value's bytes, which is always within the segment. */
  offset: number
  size: number
  type: number
  hasTrailer: boolean
  isStale: boolean
  /** For an item with a trailer: the `checkedAt` of the check. */
  checkedAt: number
}

/** A value, and what is known of its item. */
export interface ItemEntry<T> {
  readonly value: T
  /** 0: never. */
  readonly expiresAtMs: number
  /** 0: as long as the item lives. */
  readonly freshUntilMs: number
  readonly isStale: boolean
  readonly version: number
  readonly tags: readonly string[]
}

/** An item as iteration sees it: the position of its value and its facts. */
export interface ItemView {
  readonly offset: number
  readonly size: number
  readonly type: number
  readonly expiresAtMs: number
  /** The tick of the item's last use; 0 if the eviction policy keeps no such order. */
  readonly lastUse: number
  /** Undefined if the item has none. To be called at once, while the item is read. */
  readonly circumstances: () => ItemCircumstances | undefined
}
