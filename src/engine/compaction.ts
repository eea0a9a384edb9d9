/**
 * Compaction: makes a run of free blocks where there is none, by evicting items or by moving
 * values.
 *
 * Values of mixed sizes leave gaps, and a large value fits in none of them. Evicting items until a
 * run happens to be free would empty most of the cache. Compaction instead clears the emptiest
 * stretch of the right length, and moves its values into gaps elsewhere. No field records which
 * slot a block belongs to. Compaction therefore looks at all slots each time, and runs only when
 * that pays.
 *
 * Each value moves in three steps:
 * 1. The bytes are copied into free blocks. Killed here: the copy belongs to no slot.
 * 2. The slot's first block is set by one store, while the version is odd. Killed before or after:
 *    the item is whole, in the old place or in the new one, and its checksum is the same.
 * 3. The old blocks are freed.
 */

import type { Segment } from '../segment/index.ts'
import { type BlockIndex, NO_BLOCK } from './blocks.ts'
import type { EngineContext } from './engine-context.ts'
import { isPinned } from './item-info.ts'
import { NeedsRebuild } from './needs-rebuild.ts'
import type { SpaceReclaimer } from './reclaim.ts'
import type { SlotIndex } from './slot-table.ts'
import { FREE_BLOCK_COUNT, usedSlotCount } from './state.ts'

/** A look at this many slots costs as much as one eviction, or as one block of a stored value. */
const WORTH_SLOTS = 512
/**
 * If more than this part of the blocks is free but fragmented, a stretch is cleared before any item
 * is evicted.
 */
const MANY_FREE_PART = 1 / 10

/** A value that has blocks in the stretch to clear. */
interface Resident {
  readonly slot: SlotIndex
  readonly first: BlockIndex
  readonly length: number
  readonly pinned: boolean
}

export class Compaction {
  readonly #context: EngineContext
  readonly #reclaimer: SpaceReclaimer
  readonly #segment: Segment

  constructor(context: EngineContext, reclaimer: SpaceReclaimer) {
    this.#context = context
    this.#reclaimer = reclaimer
    this.#segment = context.segment
  }

  /**
   * Makes a run of `count` blocks for the value of a slot, and marks it used. It evicts items until
   * a run is free or can be cleared.
   *
   * The item's old blocks are already marked free but still hold its value, so no value may be
   * moved into them.
   *
   * @returns NO_BLOCK if no item can be evicted
   */
  makeRun(slot: SlotIndex, count: number, oldFirst: BlockIndex, oldCount: number): BlockIndex {
    const { blocks } = this.#context
    for (let evictions = 0; ; evictions++) {
      if (this.#isClearingDue(count, evictions)) {
        if (oldCount > 0) blocks.take(oldFirst, oldCount)
        const block = this.#clearRun(count, oldFirst, oldCount)
        if (oldCount > 0) blocks.free(oldFirst, oldCount)
        if (block !== NO_BLOCK) return block
      }
      if (!this.#reclaimer.reclaimOrEvict(slot)) return NO_BLOCK
      const block = this.#allocateFreed(count)
      if (block !== NO_BLOCK) return block
    }
  }

  /**
   * Allocates from the run just freed and its free neighbours. After a sweep that freed several
   * runs, it allocates any run.
   */
  #allocateFreed(count: number): BlockIndex {
    const { blocks } = this.#context
    const { first, length, isOneOfSeveral } = this.#reclaimer.freed
    const block = blocks.allocateAround(first, length, count)
    return block === NO_BLOCK && isOneOfSeveral ? blocks.allocate(count) : block
  }

  /**
   * @returns whether clearing a stretch is better than one more eviction, after `evictions` of them
   *   for this value
   */
  #isClearingDue(count: number, evictions: number): boolean {
    const { blocks, eviction } = this.#context
    const free = this.#segment.words[FREE_BLOCK_COUNT]
    // Clearing a stretch may evict items.
    if (free < count || eviction === undefined) return false
    const worth = Math.ceil(usedSlotCount(this.#segment) / WORTH_SLOTS)
    const isMuchFree = free > blocks.blockCount * MANY_FREE_PART
    if (isMuchFree && count >= worth) return true
    return evictions > 0 && evictions % worth === 0
  }

  /**
   * Clears a run of `count` blocks and marks it used. The run does not overlap the run to keep. A
   * value in the way that fits in no gap is evicted.
   *
   * @returns NO_BLOCK if there are not enough free blocks in total, or if a pinned value is in the
   *   way
   */
  #clearRun(count: number, keptFirst: BlockIndex, keptCount: number): BlockIndex {
    const { blocks } = this.#context
    if (this.#segment.words[FREE_BLOCK_COUNT] < count) return NO_BLOCK
    const first = blocks.emptiestStretch(count, keptFirst, keptCount)
    if (first === NO_BLOCK) return NO_BLOCK
    const residents = this.#residentsOf(first, count)
    blocks.takeGaps(first, count)
    // The longest values move first, while there are long gaps; pinned ones even before, because
    // they cannot be evicted.
    residents.sort((a, b) => Number(b.pinned) - Number(a.pinned) || b.length - a.length)
    for (const [index, resident] of residents.entries()) {
      if (this.#moveAway(resident, first, count)) continue
      this.#giveBack(first, count, residents.slice(index))
      return NO_BLOCK
    }
    return first
  }

  /** @returns the values that have blocks in a stretch */
  #residentsOf(first: BlockIndex, count: number): Resident[] {
    const { table, blocks } = this.#context
    const residents: Resident[] = []
    for (let slot: SlotIndex = usedSlotCount(this.#segment); slot >= 1; slot--) {
      const start = table.firstBlock(slot)
      if (start >= first + count || table.info(slot) === 0) continue
      const size = table.valueSize(slot)
      const length = blocks.runLength(size)
      if (start + length <= first) continue
      if (!blocks.holds(start, size)) throw new NeedsRebuild(`block ${start} is not there`)
      if (residents.length === count) throw new NeedsRebuild(`runs overlap behind block ${first}`)
      const pinned = isPinned(table.info(slot))
      residents.push({ slot, first: start, length, pinned })
    }
    return residents
  }

  /**
   * Moves or evicts a value. Its blocks within the stretch stay marked used, now for the stretch.
   *
   * @returns false if the value is pinned and there is no gap for it
   */
  #moveAway(resident: Resident, stretch: BlockIndex, count: number): boolean {
    const { slot, first, length } = resident
    const { table, blocks } = this.#context
    const start: BlockIndex = Math.max(first, stretch)
    const end = Math.min(first + length, stretch + count)
    const target = blocks.allocate(length)
    if (target === NO_BLOCK) {
      if (resident.pinned) return false
      this.#reclaimer.evict(slot)
      blocks.take(start, end - start)
      return true
    }
    const { bytes } = this.#segment
    const from = blocks.offset(first)
    bytes.copyWithin(blocks.offset(target), from, from + table.valueSize(slot))
    const bucket = table.bucketOf(table.hash(slot))
    table.beginChange(bucket)
    table.setFirstBlock(slot, target)
    table.endChange(bucket)
    blocks.free(first, length)
    blocks.take(start, end - start)
    return true
  }

  /** Marks the blocks of a stretch free, except those of the values that are still there. */
  #giveBack(first: BlockIndex, count: number, residents: Resident[]): void {
    const { blocks } = this.#context
    let from = first
    residents.sort((a, b) => a.first - b.first)
    for (const { first: start, length } of residents) {
      if (start > from) blocks.free(from, start - from)
      from = Math.max(from, start + length)
    }
    const end = first + count
    if (from < end) blocks.free(from, end - from)
  }
}
