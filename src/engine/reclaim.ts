/**
 * Makes room: reclaims items that are gone, and evicts or clears if the policy allows it.
 *
 * All of this runs under the writer lock. A sweep looks at a bounded number of slots in each step.
 */

import { isExpired, NEVER } from '../base/index.ts'
import { EVENT_FULL, EVENT_KIND } from '../segment/index.ts'
import type { BlockIndex } from './blocks.ts'
import type { EngineContext } from './engine-context.ts'
import type { EventKind } from './events/event-ring.ts'
import { hasTrailer, isPinned } from './item-info.ts'
import { BROKEN, GONE } from './liveness.ts'
import { NeedsRebuild } from './needs-rebuild.ts'
import { NO_SLOT, type SlotIndex } from './slot-table.ts'
import {
  EARLIEST_EXPIRY,
  EVICTED,
  EXPIRED,
  FULL,
  INVALIDATED,
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
   * Frees at least one slot with its blocks, but never `except` or a pinned item. A cache that
   * clears when full frees all other items.
   *
   * @returns false if no item can be removed
   */
  reclaimOrEvict(except: SlotIndex): boolean {
    const before = this.#context.segment.words[ITEM_COUNT]
    const reclaimed = this.#reclaimGone(except)
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
    this.remove(slot, EVENT_KIND.evict)
    this.#count(EVICTED)
  }

  /**
   * Removes an item, in this order of writes:
   * 1. The slot leaves its chain. Killed here: recovery links the slot again, and no caller was
   *    notified that the item is gone.
   * 2. The info becomes 0, which frees the slot. Killed here: recovery frees the blocks.
   * 3. The blocks are freed.
   *
   * @param event - what listeners learn; undefined: another event says it
   */
  remove(slot: SlotIndex, event: EventKind | undefined): void {
    const { table, blocks, eviction, pins } = this.#context
    const bucket = table.bucketOf(table.hash(slot))
    const info = table.info(slot)
    const wasPinned = isPinned(info)
    const run = this.freed
    run.first = table.firstBlock(slot)
    run.length = blocks.runLength(table.valueSize(slot))
    table.beginChange(bucket)
    table.unlink(bucket, slot)
    table.setInfo(slot, 0)
    table.endChange(bucket)
    if (wasPinned) pins.remove(run.length)
    else eviction?.untrack(slot)
    if (blocks.bitmap) blocks.free(run.first, run.length)
    table.free(slot)
    if (event !== undefined) this.#context.events?.publish(event, slot, info)
  }

  /**
   * A caller needs no lock, and the check costs next to nothing.
   *
   * @returns whether an item may be gone or a round has begun
   */
  isSweepDue(): boolean {
    const { segment, clock } = this.#context
    if (segment.words[SWEEP_SLOT] !== 0) return true
    return clock.nowMs() >= segment.doubles[EARLIEST_EXPIRY]
  }

  /**
   * Reclaims the items that are gone among the next `limit` slots of the round. The end of a round
   * over the table shows when the next item expires. No sweep is needed until then, or until a tag
   * is deleted.
   *
   * @returns the number of items reclaimed
   */
  sweepStep(limit: number, except: SlotIndex): number {
    const { segment, table, clock, liveness } = this.#context
    const used = usedSlotCount(segment)
    const nowMs = clock.nowMs()
    let slot: SlotIndex = segment.words[SWEEP_SLOT]
    if (slot < 0 || slot > used) slot = 0
    // A round sees every expiry set before it. An expiry set meanwhile lowers this field by itself,
    // and so does the deletion of a tag.
    if (slot === 0) segment.doubles[ROUND_EARLIEST_EXPIRY] = Infinity
    let reclaimed = 0
    const end = Math.min(slot + limit, used)
    while (slot < end) {
      slot++
      const info = table.info(slot)
      const expiresAtMs = info === 0 ? NEVER : table.expiresAtMs(slot)
      if (expiresAtMs === NEVER && !hasTrailer(info)) continue
      const state = liveness.of(slot, nowMs)
      if (state === BROKEN) throw new NeedsRebuild(`slot ${slot} has no trailer`)
      if (state !== GONE || slot === except) {
        if (expiresAtMs !== NEVER && expiresAtMs < segment.doubles[ROUND_EARLIEST_EXPIRY]) {
          segment.doubles[ROUND_EARLIEST_EXPIRY] = expiresAtMs
        }
        continue
      }
      const expired = isExpired(expiresAtMs, nowMs)
      this.remove(slot, expired ? EVENT_KIND.expire : undefined)
      this.#count(expired ? EXPIRED : INVALIDATED)
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
   * Evicts all items that are not pinned, one after the other, so a reader sees each item unchanged
   * or not at all. If the process is killed in the middle, some items are gone.
   */
  #removeAll(except: SlotIndex): boolean {
    const { segment, table } = this.#context
    if (!this.#hasOtherItems(except)) return false
    for (let slot: SlotIndex = usedSlotCount(segment); slot >= 1; slot--) {
      const info = table.info(slot)
      if (slot === except || info === 0 || isPinned(info)) continue
      this.remove(slot, undefined)
      this.#count(EVICTED)
    }
    this.#context.events?.publishForAll(EVENT_KIND.clear, EVENT_FULL)
    this.#count(FULL)
    this.freed.isOneOfSeveral = true
    return true
  }

  /** @returns whether another item than `except` may be evicted */
  #hasOtherItems(except: SlotIndex): boolean {
    const { segment, table, pins } = this.#context
    const info = except === NO_SLOT ? 0 : table.info(except)
    const own = info === 0 || isPinned(info) ? 0 : 1
    return segment.words[ITEM_COUNT] - pins.itemCount > own
  }

  #reclaimGone(except: SlotIndex): boolean {
    const { segment, clock, eviction } = this.#context
    if (clock.nowMs() < segment.doubles[EARLIEST_EXPIRY]) return false
    if (eviction !== undefined) return this.sweepStep(SLOTS_BEFORE_EVICTION, except) > 0
    const before = segment.words[ITEM_COUNT]
    this.reclaimUntil(() => segment.words[ITEM_COUNT] < before, except)
    return segment.words[ITEM_COUNT] < before
  }

  /**
   * Reclaims items that are gone until there is enough room. It covers the whole table if
   * necessary, because a set may fail as full only if no such item is left.
   */
  reclaimUntil(isEnough: () => boolean, except: SlotIndex): void {
    const steps = Math.ceil(usedSlotCount(this.#context.segment) / SLOTS_A_STEP) + 1
    for (let step = 0; step < steps && this.isSweepDue() && !isEnough(); step++) {
      this.sweepStep(SLOTS_A_STEP, except)
    }
  }

  #count(counter: number): void {
    this.#context.segment.doubles[counter] += 1
  }
}
