/**
 * Declares the clock of the package, which tests replace.
 */

export interface Clock {
  /** @returns the Unix time in milliseconds, for expiry; all processes must agree on it */
  nowMs(): number
  /** @returns milliseconds that never decrease, for measuring waits within one process */
  elapsedMs(): number
}

export const systemClock: Clock = {
  nowMs: Date.now,
  elapsedMs: () => performance.now(),
}
