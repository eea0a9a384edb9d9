/**
 * A clock that stands still during a store. The expiry written into the value then equals the
 * expiry that the cache gives the item, however long the scheduler suspends the worker in between.
 */

import { type Clock, systemClock } from '../../src/base/index.ts'

export class HeldClock implements Clock {
  #heldAtMs: number | undefined

  nowMs = (): number => this.#heldAtMs ?? systemClock.nowMs()

  elapsedMs = (): number => systemClock.elapsedMs()

  /** Stops the clock, calls `act` with the current moment, and starts the clock again. */
  hold<T>(act: (nowMs: number) => T): T {
    const nowMs = systemClock.nowMs()
    this.#heldAtMs = nowMs
    try {
      return act(nowMs)
    } finally {
      this.#heldAtMs = undefined
    }
  }
}
