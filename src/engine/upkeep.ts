/**
 * Upkeep: the work that an opener does unasked for all processes. It frees the room of expired
 * items, and moves the most frequently read items to the front of their chains.
 *
 * Every step holds the writer lock for a bounded time, and releases it for other threads in
 * between.
 */

import { FILE_LOCK } from '../segment/index.ts'
import type { ChainOrder, Winner } from './chain-order.ts'
import type { EngineContext } from './engine-context.ts'
import type { SpaceReclaimer } from './reclaim.ts'
import { NO_SLOT } from './slot-table.ts'
import { SWEEP_SLOT, usedSlotCount } from './state.ts'
import type { WriterSection } from './writer-section.ts'

/** The slots that one step looks at. They take some 100 us if all of them are reclaimed. */
const SLOTS_A_STEP = 256
/** A step that has taken this long ends early, on a slow machine or with long chains. */
const STEP_LIMIT_MS = 0.25
/** The slots between two looks at the clock. */
const SLOTS_A_LOOK = 16

/** The result of one step of a sweep. */
export interface SweepStep {
  /** The number of items whose room was freed. */
  readonly reclaimed: number
  /** Whether this round over the table has not ended yet. */
  readonly more: boolean
}

const NOTHING_SWEPT: SweepStep = { reclaimed: 0, more: false }

export class Upkeep {
  readonly #context: EngineContext
  readonly #section: WriterSection
  readonly #reclaimer: SpaceReclaimer
  readonly #order: ChainOrder

  constructor(
    context: EngineContext,
    section: WriterSection,
    reclaimer: SpaceReclaimer,
    order: ChainOrder,
  ) {
    this.#context = context
    this.#section = section
    this.#reclaimer = reclaimer
    this.#order = order
  }

  /**
   * Makes this opener the sweeper if there is none.
   *
   * @returns whether this opener is the sweeper
   */
  isSweeper(): boolean {
    return this.#context.segment.mapping.locks.tryHold(FILE_LOCK.sweeper)
  }

  /**
   * Orders chains, and reclaims all items that have expired by now.
   *
   * @returns the number of items reclaimed
   */
  sweep(): number {
    this.orderChains()
    let reclaimed = 0
    // The loop covers the table at most twice, because the first round may have begun at any slot.
    for (
      let step = 0, limit = 2 * (usedSlotCount(this.#context.segment) + 2);
      step < limit;
      step++
    ) {
      const { reclaimed: count, more } = this.sweepStep()
      reclaimed += count
      if (!more) break
    }
    return reclaimed
  }

  /** Reclaims expired items among the next slots of the round. */
  sweepStep(): SweepStep {
    if (!this.#reclaimer.isSweepDue()) return NOTHING_SWEPT
    return this.#asStep(this.#section.run(() => this.#sweepLocked()))
  }

  /** Runs `sweepStep`, but does nothing while a living owner holds the lock. */
  sweepStepUnlessTaken(): SweepStep {
    if (!this.#reclaimer.isSweepDue()) return NOTHING_SWEPT
    const reclaimed = this.#section.runUnlessTaken(() => this.#sweepLocked())
    return reclaimed === undefined ? NOTHING_SWEPT : this.#asStep(reclaimed)
  }

  /**
   * Moves the items that this opener reads most to the front of their chains; see chain-order.ts.
   */
  orderChains(): void {
    for (const winner of this.#order.takeWinners()) {
      if (!this.#isBehind(winner)) continue
      const moved = this.#section.runUnlessTaken(() => this.#moveToFront(winner))
      if (moved === undefined) return // a later call tries again
    }
  }

  #sweepLocked(): number {
    const { clock, segment } = this.#context
    const endMs = clock.elapsedMs() + STEP_LIMIT_MS
    let reclaimed = 0
    for (let slots = 0; slots < SLOTS_A_STEP; slots += SLOTS_A_LOOK) {
      reclaimed += this.#reclaimer.sweepStep(SLOTS_A_LOOK, NO_SLOT)
      if (segment.words[SWEEP_SLOT] === 0 || clock.elapsedMs() >= endMs) break
    }
    return reclaimed
  }

  /**
   * Creates the result after the lock is released, because any allocation may start garbage
   * collection.
   */
  #asStep(reclaimed: number): SweepStep {
    return { reclaimed, more: this.#context.segment.words[SWEEP_SLOT] !== 0 }
  }

  /**
   * Moves an item to the front of its chain, in this order of writes:
   * 1. The version becomes odd. Killed here or later: recovery links every slot again.
   * 2. The slot leaves its place and becomes the first of the chain. Readers wait.
   * 3. The version becomes even.
   */
  #moveToFront(winner: Winner): boolean {
    if (!this.#isBehind(winner)) return false // the item was gone before the lock was acquired
    const { table } = this.#context
    table.beginChange(winner.bucket)
    table.unlink(winner.bucket, winner.slot)
    table.link(winner.bucket, winner.slot)
    table.endChange(winner.bucket)
    return true
  }

  /**
   * @returns whether the slot still holds an item of that chain and is not the first of the chain
   */
  #isBehind({ bucket, slot }: Winner): boolean {
    const { table } = this.#context
    if (table.info(slot) === 0 || table.bucketOf(table.hash(slot)) !== bucket) return false
    return table.firstSlot(bucket) !== slot
  }
}
