/**
 * Which process has a request that takes too long, and whether its event loop still turns.
 *
 * Decided by the master from the board alone: a worker that is stuck cannot say so. Times are the
 * master's own, from when it first saw the request, so that no clocks are compared.
 */

import type { ScoreboardFacts } from './scoreboard.ts'

/** What the last look at a process found. */
export interface Watch {
  readonly oldest: number
  readonly sinceMs: number
  readonly beats: number
}

/** `late`: a request takes too long. `stuck`: and nothing moves. */
export type Verdict = 'fine' | 'late' | 'stuck'

/** What a look finds, given what the last one did. */
export function look(
  before: Watch | undefined,
  { oldest, beats }: Pick<ScoreboardFacts, 'oldest' | 'beats'>,
  nowMs: number,
  limitMs: number,
): { readonly watch: Watch; readonly verdict: Verdict } {
  const isSame = before !== undefined && before.oldest === oldest
  const watch = { oldest, beats, sinceMs: isSame ? before.sinceMs : nowMs }
  if (oldest === 0 || nowMs - watch.sinceMs < limitMs) return { watch, verdict: 'fine' }
  return { watch, verdict: before?.beats === beats ? 'stuck' : 'late' }
}

// MERGED: How soon a worker that died gets a successor: at once, unless its predecessors died young, too. /

/** A process that served for so long was in order, whatever it died of. */
const HEALTHY_MS = 5_000

const FIRST_DELAY_MS = 100
const MAX_DELAY_MS = 10_000

/** Deaths in a row of processes that had not served long; this one included. */
export function earlyDeathCount(before: number, servedMs: number | undefined): number {
  return servedMs !== undefined && servedMs >= HEALTHY_MS ? 0 : before + 1
}

/** The first early death may be chance; from then on each doubles the wait. */
export function respawnDelayMs(earlyDeaths: number): number {
  if (earlyDeaths <= 1) return 0
  return Math.min(FIRST_DELAY_MS * 2 ** (earlyDeaths - 2), MAX_DELAY_MS)
}
