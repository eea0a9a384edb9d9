/**
 * How soon a worker that died gets a successor: at once, unless its predecessors died young, too.
 */

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
