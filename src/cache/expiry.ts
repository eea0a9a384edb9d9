/**
 * From durations to moments.
 */

import { requireDuration } from '../base/index.ts'

/** In a slot: the item never ends. */
export const NEVER = 0

/** What a clock that stands at 0, as fake ones do, must not turn into never. */
const FIRST_MOMENT_MS = 1

/** The only place a duration becomes a moment: whole milliseconds, rounded up. */
export function expiresAtMs(ttlMs: number, nowMs: number): number {
  requireDuration('ttlMs', ttlMs) // NaN or a negative must not become "never"
  return ttlMs === Infinity ? NEVER : Math.max(Math.ceil(nowMs + ttlMs), FIRST_MOMENT_MS)
}
