/**
 * The time of an actor, which stands still while it stores: so the end that a value names is the
 * very end that the cache gives the item, however late the machine lets the actor go on.
 */

import { type Clock, systemClock } from '../../src/base/index.ts'

export class HeldClock implements Clock {
  #heldAtMs: number | undefined

  nowMs = (): number => this.#heldAtMs ?? systemClock.nowMs()

  elapsedMs = (): number => systemClock.elapsedMs()

  /** Calls `act` with the moment at which the time stands still for it. */
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
