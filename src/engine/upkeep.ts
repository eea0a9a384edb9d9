/**
 * What an attachment does for all without being asked: giving back the room of what expired, and
 * moving the items that are asked for most to the front of their chains.
 *
 * Every step keeps the writer lock for a bounded time, and lets others have it in between.
 */

import { FILE_LOCK } from '../segment/index.ts'
import type { ChainOrder, Winner } from './chain-order.ts'
import type { EngineContext } from './engine-context.ts'
import type { SpaceReclaimer } from './reclaim.ts'
import { NO_SLOT } from './slot-table.ts'
import { SWEEP_SLOT, usedSlotCount } from './state.ts'
import type { WriterSection } from './writer-section.ts'

/** Slots looked at in one step: some 100 us when all of them are reclaimed. */
const SLOTS_A_STEP = 256
/** A step that has taken so long ends early, be it for long chains or a slow machine. */
const STEP_LIMIT_MS = 0.25
/** Slots between two looks at the clock. */
const SLOTS_A_LOOK = 16

/** What one step of a sweep came to. */
export interface SweepStep {
  /** Items whose room was given back. */
  readonly reclaimed: number
  /** This round over the table is not at its end. */
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

  /** Whether this attachment is the one that sweeps; it is from now on if nobody was. */
  isSweeper(): boolean {
    return this.#context.segment.mapping.locks.tryHold(FILE_LOCK.sweeper)
  }

  /** Orders chains, and reclaims all that has expired now; returns how many items that were. */
  sweep(): number {
    this.orderChains()
    let reclaimed = 0
    // Twice around at most: the first round may have begun at any slot.
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

  /** Reclaims what expired among the next slots in turn. */
  sweepStep(): SweepStep {
    if (!this.#reclaimer.isSweepDue()) return NOTHING_SWEPT
    return this.#asStep(this.#section.run(() => this.#sweepLocked()))
  }

  /** As `sweepStep`, but does nothing while a living owner keeps the lock. */
  sweepStepUnlessTaken(): SweepStep {
    if (!this.#reclaimer.isSweepDue()) return NOTHING_SWEPT
    const reclaimed = this.#section.runUnlessTaken(() => this.#sweepLocked())
    return reclaimed === undefined ? NOTHING_SWEPT : this.#asStep(reclaimed)
  }

  /** Moves items to the front that this attachment asks for most; see chain-order.ts. */
  orderChains(): void {
    for (const winner of this.#order.takeWinners()) {
      if (!this.#isBehind(winner)) continue
      const moved = this.#section.runUnlessTaken(() => this.#moveToFront(winner))
      if (moved === undefined) return // another time
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

  /** Made when the lock is free again, as whatever allocates may collect garbage. */
  #asStep(reclaimed: number): SweepStep {
    return { reclaimed, more: this.#context.segment.words[SWEEP_SLOT] !== 0 }
  }

  /**
   * 1. The version becomes odd. Killed from here on: recovery links every slot anew.
   * 2. The slot leaves its place, and becomes the first. Readers wait.
   * 3. The version becomes even.
   */
  #moveToFront(winner: Winner): boolean {
    if (!this.#isBehind(winner)) return false // it was gone before the lock was there
    const { table } = this.#context
    table.beginChange(winner.bucket)
    table.unlink(winner.bucket, winner.slot)
    table.link(winner.bucket, winner.slot)
    table.endChange(winner.bucket)
    return true
  }

  /** Whether the slot still holds an item of that chain, and not as the first of it. */
  #isBehind({ bucket, slot }: Winner): boolean {
    const { table } = this.#context
    if (table.info(slot) === 0 || table.bucketOf(table.hash(slot)) !== bucket) return false
    return table.firstSlot(bucket) !== slot
  }
}
