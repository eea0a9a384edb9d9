/**
 * An eviction policy. It is notified when an item is stored, used or removed, and chooses the item
 * to evict when there is no room. It tracks no pinned items.
 */

import type { SlotIndex } from '../slot-table.ts'

/** All methods except `use` and `lastUse` run under the writer lock. */
export interface Eviction {
  /** Notes that the item was used now. It needs no lock, and no thread waits for its stores. */
  use(slot: SlotIndex): void
  /**
   * @returns a number that grows with each use of any item; 0 if the policy does not keep such an
   *   order
   */
  lastUse(slot: SlotIndex): number
  /** Starts to track a slot that now holds an item. */
  track(slot: SlotIndex): void
  /** Stops tracking a slot that is freed or pinned. */
  untrack(slot: SlotIndex): void
  /** @returns the item to evict, which is never `except`; NO_SLOT if there is no other item */
  victim(except: SlotIndex): SlotIndex
  /** Removes all slots, and resets numbers that are out of range. Recovery calls it. */
  clear(): void
  /**
   * Tracks an item whose slot has this mark. It ignores a mark that is not valid. Recovery calls
   * it.
   */
  restore(slot: SlotIndex, mark: number): void
  /** @returns one sentence for each broken invariant; `items` are the slots that hold items */
  problems(items: ReadonlySet<SlotIndex>): Generator<string>
}
