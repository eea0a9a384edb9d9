/**
 * Compares two moments: ratios and rates, as plain data.
 */

import type { ErrorCode } from '../../base/index.ts'
import type { CacheFacts, Reading } from './sources.ts'

/** All readings of one moment. */
export interface Moment {
  /** On the monotonic clock. */
  readonly elapsedMs: number
  readonly readings: readonly Reading[]
}

/** One line of the table. Null: unknown. */
export interface TopRow {
  readonly source: string
  readonly name: string
  readonly problem?: string
  readonly code?: ErrorCode
  readonly facts?: CacheFacts
  /** Hits per read, 0 to 1, since the cache was created. */
  readonly hitRatio: number | null
  /** Hits per read since the previous moment. */
  readonly recentHitRatio: number | null
  readonly getsPerSecond: number | null
  readonly evictionsPerSecond: number | null
  readonly loadsPerSecond: number | null
}

/** Makes a row for each reading of `now`, compared with the previous reading of the same cache. */
export function makeRows(before: Moment | undefined, now: Moment): TopRow[] {
  const old = new Map(before?.readings.map(reading => [keyOf(reading), reading.facts]))
  const passedSeconds = before === undefined ? 0 : (now.elapsedMs - before.elapsedMs) / 1000
  return now.readings.map(reading => {
    const { facts } = reading
    if (facts === undefined) return { ...reading, ...UNKNOWN }
    const total = { hits: facts.hits, misses: facts.misses }
    return {
      ...reading,
      hitRatio: ratioOf(total),
      ...compare(old.get(keyOf(reading)), facts, passedSeconds),
    }
  })
}

const UNKNOWN_CHANGE = {
  recentHitRatio: null,
  getsPerSecond: null,
  evictionsPerSecond: null,
  loadsPerSecond: null,
}
const UNKNOWN = { hitRatio: null, ...UNKNOWN_CHANGE }

type Change = Pick<TopRow, keyof typeof UNKNOWN_CHANGE>

function compare(old: CacheFacts | undefined, facts: CacheFacts, passedSeconds: number): Change {
  if (old === undefined || passedSeconds <= 0) return UNKNOWN_CHANGE
  const hits = facts.hits - old.hits
  const misses = facts.misses - old.misses
  // Counts only grow, so this is another cache under the same name.
  if (hits < 0 || misses < 0) return UNKNOWN_CHANGE
  const rate = (before = Number.NaN, after = Number.NaN) =>
    after >= before ? (after - before) / passedSeconds : null
  return {
    recentHitRatio: ratioOf({ hits, misses }),
    getsPerSecond: (hits + misses) / passedSeconds,
    evictionsPerSecond: rate(old.evicted, facts.evicted),
    loadsPerSecond: rate(old.loads?.count, facts.loads?.count),
  }
}

function ratioOf({ hits, misses }: { hits: number; misses: number }): number | null {
  const reads = hits + misses
  return reads === 0 ? null : hits / reads
}

/** An address has no line end, so the key is unambiguous for any name. */
function keyOf({ source, name }: Reading): string {
  return `${source}\n${name}`
}
