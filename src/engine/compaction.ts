/**
 * Making a run of free blocks where there is none: by evicting, or by moving values out of the way.
 *
 * Values of mixed sizes leave gaps, and a large one fits in none of them. Evicting until a run
 * happens to be free empties most of the cache; here the emptiest stretch of the right length is
 * cleared, and what was in it goes into gaps elsewhere. Which slot a block belongs to is written
 * nowhere, so each time all slots are looked at, and only when that pays.
 *
 * A move, for each value:
 * 1. The bytes, into free blocks. Killed here: they belong to no slot.
 * 2. The slot's first block, one store, while the version is odd. Killed before or after: the item
 *    is whole, in one place or the other, and its checksum is the same.
 * 3. The old blocks are free.
 */

import type { Segment } from '../segment/index.ts'
import { type BlockIndex, NO_BLOCK } from './blocks.ts'
import type { EngineContext } from './engine-context.ts'
import { NeedsRebuild } from './needs-rebuild.ts'
import type { SpaceReclaimer } from './reclaim.ts'
import type { SlotIndex } from './slot-table.ts'
import { FREE_BLOCK_COUNT, usedSlotCount } from './state.ts'

/** Slots to look at that are worth one eviction less, or one block of a value that is stored. */
const WORTH_SLOTS = 512
/** Where a larger part of the blocks is free and of no use, nothing is evicted for a run. */
const MANY_FREE_PART = 1 / 10

/** A value in the way. */
interface Resident {
  readonly slot: SlotIndex
  readonly first: BlockIndex
  readonly length: number
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
   * Evicts until there is a run of so many blocks for the value of a slot, or until one can be
   * cleared; marked used. NO_BLOCK: nothing can go. The old blocks of the item are free already,
   * and yet hold its value: nothing may be moved there.
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

  /** What was just freed, with its free neighbours; after a sweep freed several, any run. */
  #allocateFreed(count: number): BlockIndex {
    const { blocks } = this.#context
    const { first, length } = this.#reclaimer.freed
    const block = blocks.allocateAround(first, length, count)
    return block === NO_BLOCK && this.#reclaimer.freedSeveral ? blocks.allocate(count) : block
  }

  /** Whether that is better than one more eviction, after so many for this value. */
  #isClearingDue(count: number, evictions: number): boolean {
    const { blocks, eviction } = this.#context
    const free = this.#segment.words[FREE_BLOCK_COUNT]
    // Clearing may have to evict.
    if (free < count || eviction === undefined) return false
    const worth = Math.ceil(usedSlotCount(this.#segment) / WORTH_SLOTS)
    const isMuchFree = free > blocks.blockCount * MANY_FREE_PART
    if (isMuchFree && count >= worth) return true
    return evictions > 0 && evictions % worth === 0
  }

  /**
   * A run of so many blocks, marked used, none of them of the run to leave alone. NO_BLOCK: there
   * is not enough room in all. A value in the way that fits in no gap is evicted.
   */
  #clearRun(count: number, keptFirst: BlockIndex, keptCount: number): BlockIndex {
    const { blocks } = this.#context
    if (this.#segment.words[FREE_BLOCK_COUNT] < count) return NO_BLOCK
    const first = blocks.emptiestStretch(count, keptFirst, keptCount)
    if (first === NO_BLOCK) return NO_BLOCK
    const residents = this.#residentsOf(first, count)
    blocks.takeGaps(first, count)
    // The longest first, while there are long gaps.
    residents.sort((a, b) => b.length - a.length)
    for (const resident of residents) this.#moveAway(resident, first, count)
    return first
  }

  /** Values that have blocks in a stretch. */
  #residentsOf(first: BlockIndex, count: number): Resident[] {
    const { table, blocks } = this.#context
    const residents: Resident[] = []
    for (let slot = usedSlotCount(this.#segment); slot >= 1; slot--) {
      const start = table.firstBlock(slot)
      if (start >= first + count || table.info(slot) === 0) continue
      const size = table.valueSize(slot)
      const length = blocks.runLength(size)
      if (start + length <= first) continue
      if (!blocks.holds(start, size)) throw new NeedsRebuild(`block ${start} is not there`)
      if (residents.length === count) throw new NeedsRebuild(`runs overlap behind block ${first}`)
      residents.push({ slot, first: start, length })
    }
    return residents
  }

  /** Its blocks within the stretch stay marked used, now for the stretch. */
  #moveAway({ slot, first, length }: Resident, stretch: BlockIndex, count: number): void {
    const { table, blocks } = this.#context
    const start = Math.max(first, stretch)
    const end = Math.min(first + length, stretch + count)
    const target = blocks.allocate(length)
    if (target === NO_BLOCK) {
      this.#reclaimer.evict(slot)
      blocks.take(start, end - start)
      return
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
  }
}
