/**
 * What an eviction policy is: who is told of items coming, being used and going, and chooses who
 * goes when there is no room.
 */

import type { SlotIndex } from '../slot-table.ts'

/** All but `use` and `lastUse` run under the writer lock. */
export interface Eviction {
  /** The item was used now. No lock needed, and nothing that anybody waits for. */
  use(slot: SlotIndex): void
  /** Grows with each use of any item, where the policy keeps such an order; else 0. */
  lastUse(slot: SlotIndex): number
  /** A slot began to hold an item. */
  track(slot: SlotIndex): void
  /** A slot is about to be freed, for whatever reason. */
  untrack(slot: SlotIndex): void
  /** The item to evict, but never `except`; NO_SLOT when there is no other. */
  victim(except: SlotIndex): SlotIndex
  /** For recovery: nothing is tracked, and what makes no sense begins again. */
  clear(): void
  /** For recovery: tracks an item of which the slot says this, if it can be. */
  restore(slot: SlotIndex, mark: number): void
  /** One sentence for each broken invariant, given the slots that hold items. */
  problems(items: ReadonlySet<SlotIndex>): Generator<string>
}
