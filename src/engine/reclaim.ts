/**
 * Making room: reclaiming what expired, and evicting or clearing where the policy allows.
 *
 * All of it runs under the writer lock. Sweeping looks at a bounded number of slots a step.
 */

import { NEVER } from '../base/index.ts'
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

/** Slots looked at by a set that finds the cache full and may evict instead: some 1 us. */
const SLOTS_BEFORE_EVICTION = 32
/** Slots looked at in a step where nothing may be evicted. */
const SLOTS_A_STEP = 1000

/** The blocks that the last removal gave back. */
export interface FreedRun {
  first: number
  length: number
}

export class SpaceReclaimer {
  readonly freed: FreedRun = { first: 0, length: 0 }
  /** Whether the last `reclaimOrEvict` gave back more than that run. */
  freedSeveral = false

  readonly #context: EngineContext

  constructor(context: EngineContext) {
    this.#context = context
  }

  /**
   * Gives back at least one slot with its blocks, or everything where the cache is cleared when
   * full, but never `except`. False: nothing can go.
   */
  reclaimOrEvict(except: SlotIndex): boolean {
    const before = this.#context.segment.words[ITEM_COUNT]
    const reclaimed = this.#reclaimExpired(except)
    this.freedSeveral = before - this.#context.segment.words[ITEM_COUNT] > 1
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

  /** Takes a live item out to make room. */
  evict(slot: SlotIndex): void {
    this.remove(slot)
    this.#count(EVICTED)
  }

  /**
   * Takes an item out.
   *
   * 1. The chain. Killed here: recovery links the slot again; nobody was told it is gone.
   * 2. The info, which frees the slot. Killed here: recovery gives the room back.
   * 3. The room.
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

  /** Whether an item may have expired, or a round has begun. Free: no lock needed to ask. */
  isSweepDue(): boolean {
    const { segment, clock } = this.#context
    if (segment.words[SWEEP_SLOT] !== 0) return true
    return clock.nowMs() >= segment.doubles[EARLIEST_EXPIRY]
  }

  /**
   * Reclaims what expired among the next `limit` slots in turn; how many. At the end of a round
   * over the table it is known when the next item expires, and until then nobody needs to look.
   */
  sweepStep(limit: number, except: SlotIndex): number {
    const { segment, table, clock } = this.#context
    const used = usedSlotCount(segment)
    const nowMs = clock.nowMs()
    let slot = segment.words[SWEEP_SLOT]
    if (slot < 0 || slot > used) slot = 0
    // A round sees all that was set before it; what is set meanwhile lowers this by itself.
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
   * One after the other, so that a reader sees each as it was or not at all. Killed in the middle:
   * some are gone.
   */
  #removeAll(except: SlotIndex): boolean {
    const { segment, table } = this.#context
    if (!this.#hasOtherItems(except)) return false
    for (let slot = usedSlotCount(segment); slot >= 1; slot--) {
      if (slot === except || table.info(slot) === 0) continue
      this.evict(slot)
    }
    this.#count(FULL)
    this.freedSeveral = true
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
    // The whole table if need be: "full" is said only when nothing expired is left.
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
