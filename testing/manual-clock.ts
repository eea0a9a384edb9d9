/** A clock that stands still until a test moves it. */

import type { Clock } from '../src/base/index.ts'

export class ManualClock implements Clock {
  #nowMs = 1_800_000_000_000

  nowMs = (): number => this.#nowMs

  elapsedMs = (): number => this.#nowMs

  advance(ms: number): void {
    this.#nowMs += ms
  }
}
