/**
 * What was measured: for each candidate, operation and number of processes, one figure a round.
 */

import { median } from '../testing/statistics.ts'
import { type CandidateName, SERVED_CANDIDATES } from './compare/candidates.ts'
import type { Timing } from './compare/timed-loop.ts'
import type { Operation } from './compare/workload.ts'

/** One round: what each of the processes did that were measured at once. */
type Round = readonly Timing[]

export class Results {
  readonly #rounds = new Map<string, Round[]>()

  add(who: CandidateName, what: Operation, timings: Round): void {
    const key = keyOf(who, what, timings.length)
    this.#rounds.set(key, [...(this.#rounds.get(key) ?? []), timings])
  }

  /**
   * Nanoseconds a call in one process, round by round; empty if it was not measured. Of processor
   * time, unless part of the work is done in another process.
   */
  nsPerCall(who: CandidateName, what: Operation): number[] {
    const isServed = SERVED_CANDIDATES.includes(who)
    return this.#of(who, what, 1).map(timings =>
      sum(timings, ({ callCount, elapsedMs, cpuMs }) => {
        return ((isServed ? elapsedMs : cpuMs) * 1e6) / callCount
      }),
    )
  }

  /** How many times the calls of one process two reach together, round by round. */
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

/** Round by round: what the machine does meanwhile then weighs on both sides alike. */
export function ratios(tops: readonly number[], bottoms: readonly number[]): number[] {
  return tops.slice(0, bottoms.length).map((top, round) => top / (bottoms[round] ?? Number.NaN))
}

/** The median, and between which all rounds were. */
export function spread(values: readonly number[], digits: number): string {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const texts = [median(values), least, most].map(value => value.toFixed(digits))
  return `${texts[0]} (${texts[1]}..${texts[2]})`
}

/** What is typical of many times, and what is rare. */
export interface Distribution {
  readonly count: number
  readonly median: number
  readonly p99: number
  readonly p999: number
  readonly most: number
  /** How many are above 1000: milliseconds, where all else is microseconds. */
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
