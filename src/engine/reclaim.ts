/**
 * Makes room: reclaims expired items, and evicts or clears if the policy allows it.
 *
 * All of this runs under the writer lock. A sweep looks at a bounded number of slots in each step.
 */

import { NEVER } from '../base/index.ts'
import type { BlockIndex } from './blocks.ts'
import type { EngineContext } from './engine-context.ts'
import { NeedsRebuild } from './needs-rebuild.ts'
import { NO_SLOT, type SlotIndex } from './slot-table.ts'
import {
  EARLIEST_EXPIRY,
  EVICTED,
  EXPIRED,
  FULL,
  ITEM_COUNT,
  ROUND_EARLIEST_EXPIRY,
  SWEEP_SLOT,
  usedSlotCount,
} from './state.ts'

/**
 * The slots that a set looks at when the cache is full and may evict instead. They take some 1 us.
 */
const SLOTS_BEFORE_EVICTION = 32
/** The slots that a step looks at when no item may be evicted. */
const SLOTS_A_STEP = 1000

/** The blocks that the last removal freed. */
export interface FreedRun {
  first: BlockIndex
  length: number
  /** Whether the last `reclaimOrEvict` freed more runs than this one. */
  isOneOfSeveral: boolean
}

export class SpaceReclaimer {
  /** Where `remove` and `reclaimOrEvict` leave what they freed: an answer in a field. */
  readonly freed: FreedRun = { first: 0, length: 0, isOneOfSeveral: false }

  readonly #context: EngineContext

  constructor(context: EngineContext) {
    this.#context = context
  }

  /**
   * Frees at least one slot with its blocks, but never `except`. A cache that clears when full
   * frees all other items.
   *
   * @returns false if no item can be removed
   */
  reclaimOrEvict(except: SlotIndex): boolean {
    const before = this.#context.segment.words[ITEM_COUNT]
    const reclaimed = this.#reclaimExpired(except)
    this.freed.isOneOfSeveral = before - this.#context.segment.words[ITEM_COUNT] > 1
    if (reclaimed) return true
    const { eviction, segment } = this.#context
    if (segment.geometry.eviction === 'clear') return this.#removeAll(except)
    if (eviction === undefined) return false
    const victim = eviction.victim(except)
    if (victim === NO_SLOT) {
      if (this.#hasOtherItems(except)) throw new NeedsRebuild('the eviction policy lost items')
      return false
    }
    this.evict(victim)
    return true
  }

  /** Evicts a live item. */
  evict(slot: SlotIndex): void {
    this.remove(slot)
    this.#count(EVICTED)
  }

  /**
   * Removes an item, in this order of writes:
   * 1. The slot leaves its chain. Killed here: recovery links the slot again, and no caller was
   *    notified that the item is gone.
   * 2. The info becomes 0, which frees the slot. Killed here: recovery frees the blocks.
   * 3. The blocks are freed.
   */
  remove(slot: SlotIndex): void {
    const { table, blocks, eviction } = this.#context
    const bucket = table.bucketOf(table.hash(slot))
    const run = this.freed
    run.first = table.firstBlock(slot)
    run.length = blocks.runLength(table.valueSize(slot))
    table.beginChange(bucket)
    table.unlink(bucket, slot)
    table.setInfo(slot, 0)
    table.endChange(bucket)
    eviction?.untrack(slot)
    if (blocks.bitmap) blocks.free(run.first, run.length)
    table.free(slot)
  }

  /**
   * A caller needs no lock, and the check costs next to nothing.
   *
   * @returns whether an item may have expired or a round has begun
   */
  isSweepDue(): boolean {
    const { segment, clock } = this.#context
    if (segment.words[SWEEP_SLOT] !== 0) return true
    return clock.nowMs() >= segment.doubles[EARLIEST_EXPIRY]
  }

  /**
   * Reclaims expired items among the next `limit` slots of the round. The end of a round over the
   * table shows when the next item expires, and no sweep is needed until then.
   *
   * @returns the number of items reclaimed
   */
  sweepStep(limit: number, except: SlotIndex): number {
    const { segment, table, clock } = this.#context
    const used = usedSlotCount(segment)
    const nowMs = clock.nowMs()
    let slot: SlotIndex = segment.words[SWEEP_SLOT]
    if (slot < 0 || slot > used) slot = 0
    // A round sees every expiry set before it. An expiry set meanwhile lowers this field by itself.
    if (slot === 0) segment.doubles[ROUND_EARLIEST_EXPIRY] = Infinity
    let reclaimed = 0
    const end = Math.min(slot + limit, used)
    while (slot < end) {
      slot++
      const expiresAtMs = table.info(slot) === 0 ? NEVER : table.expiresAtMs(slot)
      if (expiresAtMs === NEVER) continue
      if (expiresAtMs > nowMs || slot === except) {
        if (expiresAtMs < segment.doubles[ROUND_EARLIEST_EXPIRY]) {
          segment.doubles[ROUND_EARLIEST_EXPIRY] = expiresAtMs
        }
        continue
      }
      this.remove(slot)
      this.#count(EXPIRED)
      reclaimed++
    }
    const roundEnds = slot >= used
    segment.words[SWEEP_SLOT] = roundEnds ? 0 : slot
    if (roundEnds) {
      segment.doubles[EARLIEST_EXPIRY] = segment.doubles[ROUND_EARLIEST_EXPIRY]
    }
    return reclaimed
  }

  /**
   * Evicts all items, one after the other, so a reader sees each item unchanged or not at all. If
   * the process is killed in the middle, some items are gone.
   */
  #removeAll(except: SlotIndex): boolean {
    const { segment, table } = this.#context
    if (!this.#hasOtherItems(except)) return false
    for (let slot: SlotIndex = usedSlotCount(segment); slot >= 1; slot--) {
      if (slot === except || table.info(slot) === 0) continue
      this.evict(slot)
    }
    this.#count(FULL)
    this.freed.isOneOfSeveral = true
    return true
  }

  #hasOtherItems(except: SlotIndex): boolean {
    const { segment, table } = this.#context
    const own = except !== NO_SLOT && table.info(except) !== 0 ? 1 : 0
    return segment.words[ITEM_COUNT] > own
  }

  #reclaimExpired(except: SlotIndex): boolean {
    const { segment, clock, eviction } = this.#context
    if (clock.nowMs() < segment.doubles[EARLIEST_EXPIRY]) return false
    if (eviction !== undefined) return this.sweepStep(SLOTS_BEFORE_EVICTION, except) > 0
    // The sweep covers the whole table if necessary, because a set may fail as full only if no
    // expired item is left.
    const steps = Math.ceil(usedSlotCount(segment) / SLOTS_A_STEP) + 1
    for (let step = 0; step < steps; step++) {
      if (this.sweepStep(SLOTS_A_STEP, except) > 0) return true
    }
    return false
  }

  #count(counter: number): void {
    this.#context.segment.doubles[counter] += 1
  }
}
