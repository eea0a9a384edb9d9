/**
 * A log that clients cannot flood: they cause its lines.
 */

import { systemClock } from '../base/index.ts'

/** Lines in one period; the others are counted. */
const MAX_LINES = 10
const PERIOD_MS = 10_000

/** @returns a function that logs some lines of each period, and the number of the others. */
export function limitLines(log: (line: string) => void, clock = systemClock): typeof log {
  let startedMs = Number.NEGATIVE_INFINITY
  let count = 0
  return line => {
    const nowMs = clock.elapsedMs()
    if (nowMs - startedMs >= PERIOD_MS) {
      if (count > MAX_LINES) log(`-- ${count - MAX_LINES} more refused packets were not logged --`)
      startedMs = nowMs
      count = 0
    }
    count++
    if (count <= MAX_LINES) log(line)
  }
}
