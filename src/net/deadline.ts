/**
 * The one timer of a connection: how long the present wait may last in total.
 *
 * The timer starts with the wait, and bytes that trickle in do not move it. Bodies get time in
 * proportion to their size, so a large body may come over a slow line and a stalled one still ends.
 */

import { MAX_TIMER_MS } from '../base/index.ts'

/** What the connection waits for. */
export type Wait = 'request' | 'body' | 'skip' | 'reply' | 'end'

export interface DeadlineLimits {
  readonly socketTimeoutMs: number
  readonly minBytesPerSecond: number
}

export class Deadline {
  readonly #baseMs: number
  readonly #minBytesPerSecond: number
  readonly #onPassed: () => void
  #timer: NodeJS.Timeout | undefined
  #wait: Wait | 'idle' | undefined
  #request = 0

  constructor(limits: DeadlineLimits, onPassed: () => void) {
    this.#baseMs = limits.socketTimeoutMs
    this.#minBytesPerSecond = limits.minBytesPerSecond
    this.#onPassed = onPassed
  }

  /** Begins this wait of this request. Does nothing when the wait has begun already. */
  wait(wait: Wait, request: number, bodySize: number): void {
    if (wait === this.#wait && request === this.#request) return
    this.#start(wait, this.#baseMs + (bodySize / this.#minBytesPerSecond) * 1000)
    this.#request = request
  }

  /** Waits for the next request, from now on. */
  idle(timeoutMs: number): void {
    if (this.#wait === 'idle') this.#timer?.refresh()
    else this.#start('idle', timeoutMs)
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#wait = undefined
  }

  #start(wait: Wait | 'idle', timeoutMs: number): void {
    clearTimeout(this.#timer)
    this.#wait = wait
    this.#timer = setTimeout(this.#onPassed, Math.min(timeoutMs, MAX_TIMER_MS))
  }
}
