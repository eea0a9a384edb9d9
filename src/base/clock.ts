/**
 * Time as the package sees it, so that tests can move it.
 */

export interface Clock {
  /** Unix time in milliseconds, for expiry: all processes must agree on it. */
  nowMs(): number
  /** Milliseconds that never go back, for measuring waits within one process. */
  elapsedMs(): number
}

export const systemClock: Clock = {
  nowMs: Date.now,
  elapsedMs: () => performance.now(),
}
