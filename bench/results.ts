/**
 * The measurements: one for each candidate, operation, number of processes and round.
 */

import { median } from '../testing/statistics.ts'
import { type CandidateName, SERVED_CANDIDATES } from './compare/candidates.ts'
import type { Timing } from './compare/timed-loop.ts'
import type { Operation } from './compare/workload.ts'

/** The timings of one round, one for each process measured at the same time. */
type Round = readonly Timing[]

export class Results {
  readonly #rounds = new Map<string, Round[]>()

  add(who: CandidateName, what: Operation, timings: Round): void {
    const key = keyOf(who, what, timings.length)
    this.#rounds.set(key, [...(this.#rounds.get(key) ?? []), timings])
  }

  /**
   * @returns nanoseconds per call in one process, for each round; empty if not measured. They are
   *   processor time, unless another process does part of the work.
   */
  nsPerCall(who: CandidateName, what: Operation): number[] {
    const isServed = SERVED_CANDIDATES.includes(who)
    return this.#of(who, what, 1).map(timings =>
      sum(timings, ({ callCount, elapsedMs, cpuMs }) => {
        return ((isServed ? elapsedMs : cpuMs) * 1e6) / callCount
      }),
    )
  }

  /** @returns the calls of two processes together as a multiple of those of one, for each round */
  scaling(who: CandidateName, what: Operation): number[] {
    const rates = (count: number) => this.#of(who, what, count).map(callsPerMs)
    return ratios(rates(2), rates(1))
  }

  #of(who: CandidateName, what: Operation, count: number): Round[] {
    return this.#rounds.get(keyOf(who, what, count)) ?? []
  }
}

function callsPerMs(timings: Round): number {
  return sum(timings, ({ callCount, elapsedMs }) => callCount / elapsedMs)
}

function sum(timings: Round, figureOf: (timing: Timing) => number): number {
  return timings.reduce((total, timing) => total + figureOf(timing), 0)
}

/** @returns a ratio for each round, since a slow moment then affects both sides */
export function ratios(tops: readonly number[], bottoms: readonly number[]): number[] {
  return tops.slice(0, bottoms.length).map((top, round) => top / (bottoms[round] ?? Number.NaN))
}

/** @returns the median with the least and the most in parentheses */
export function spread(values: readonly number[], digits: number): string {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const texts = [median(values), least, most].map(value => value.toFixed(digits))
  return `${texts[0]} (${texts[1]}..${texts[2]})`
}

/** The typical and the rare values of many measurements. */
export interface Distribution {
  readonly count: number
  readonly median: number
  readonly p99: number
  readonly p999: number
  readonly most: number
  /** How many values exceed 1000: of microseconds, those over one millisecond. */
  readonly overThousand: number
}

export function distributionOf(values: Float64Array): Distribution {
  const sorted = values.toSorted()
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]
  return {
    count: sorted.length,
    median: at(0.5) ?? 0,
    p99: at(0.99) ?? 0,
    p999: at(0.999) ?? 0,
    most: at(1) ?? 0,
    overThousand: sorted.length - countUpTo(sorted, 1000),
  }
}

function countUpTo(sorted: Float64Array, limit: number): number {
  const first = sorted.findIndex(value => value > limit)
  return first === -1 ? sorted.length : first
}

function keyOf(who: CandidateName, what: Operation, count: number): string {
  return `${who} ${what} ${count}`
}
