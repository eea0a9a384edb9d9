/**
 * The moment of the last change, kept for all as soon as one has asked for it: looking at the clock
 * costs a set 50 ns.
 *
 * Only what a caller changes counts. An expired item was gone before it was swept, and an eviction
 * comes with the set that needed the room.
 */

import type { Clock } from '../base/index.ts'
import type { Segment } from '../segment/index.ts'
import { LAST_MODIFIED } from './state.ts'

const NOT_KEPT = 0
const NO_CHANGE_YET = -1

export class LastChange {
  readonly #doubles: Float64Array
  readonly #clock: Clock

  constructor(segment: Segment, clock: Clock) {
    this.#doubles = segment.doubles
    this.#clock = clock
  }

  /** 0: there was none, or nobody has asked. */
  get atMs(): number {
    const atMs = this.#doubles[LAST_MODIFIED]
    return atMs > 0 && atMs < Infinity ? atMs : NOT_KEPT
  }

  /** From now on it is kept. Under the lock. */
  keep(): void {
    if (this.#doubles[LAST_MODIFIED] === NOT_KEPT) this.#doubles[LAST_MODIFIED] = NO_CHANGE_YET
  }

  /** Something changed. Under the lock. */
  note(): void {
    if (this.#doubles[LAST_MODIFIED] === NOT_KEPT) return
    this.#doubles[LAST_MODIFIED] = this.#clock.nowMs()
  }
}
