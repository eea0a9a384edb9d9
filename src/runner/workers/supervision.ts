/**
 * Decisions of the master about its workers: which process has a late request and whether its event
 * loop still runs, and how soon a worker that died is replaced.
 *
 * The master decides from the scoreboard alone, because a stuck worker cannot report itself. Times
 * are the master's own, from when it first saw the request, so that clocks of different processes
 * are never compared.
 */

import type { ScoreboardFacts } from './scoreboard.ts'

/** What the last check of a process found. */
export interface Watch {
  readonly oldest: number
  readonly sinceMs: number
  readonly beats: number
}

/** `late`: a request takes too long. `stuck`: in addition, the event loop has stopped. */
export type Verdict = 'fine' | 'late' | 'stuck'

/** Checks a process, given the result of the last check. */
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

/** A process that served this long was healthy, regardless of how it died. */
const HEALTHY_MS = 5_000

const FIRST_DELAY_MS = 100
const MAX_DELAY_MS = 10_000

/** Counts consecutive deaths of processes that had not served long, including this one. */
export function earlyDeathCount(before: number, servedMs: number | undefined): number {
  return servedMs !== undefined && servedMs >= HEALTHY_MS ? 0 : before + 1
}

/** The first early death may be chance; each further one doubles the delay. */
export function respawnDelayMs(earlyDeaths: number): number {
  if (earlyDeaths <= 1) return 0
  return Math.min(FIRST_DELAY_MS * 2 ** (earlyDeaths - 2), MAX_DELAY_MS)
}
