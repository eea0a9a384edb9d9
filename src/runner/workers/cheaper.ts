/**
 * `cheaper`: how many workers run, by how busy they are. Numbers in, a number out.
 *
 * A worker of Node.js has many requests at once, so the share of time that its event loop works
 * says how busy it is, and not the number of its requests.
 */

/** The limits of the number of workers, and when it changes. */
export interface CheaperPlan {
  readonly minimum: number
  /** Workers at the start. */
  readonly initial: number
  /** Most workers that start in one cycle. */
  readonly step: number
  /** Mean load in percent beyond which more workers start. */
  readonly busyPercent: number
  /** Mean load in percent below which one worker ends, if it stays there. */
  readonly calmPercent: number
}

/** Cycles below `calmPercent` before a worker ends: starting one costs more than keeping one. */
export const CALM_CYCLES = 10

/** What one check finds, and what the next one needs. */
export interface CheaperVerdict {
  /** How many workers should run. */
  readonly count: number
  /** Consecutive cycles with a low load. */
  readonly calmCycles: number
}

/**
 * @param loads - of each running worker, from 0 to 1
 * @param maximum - `processes`
 */
export function decideCount(
  { minimum, step, busyPercent, calmPercent }: CheaperPlan,
  loads: readonly number[],
  maximum: number,
  calmCyclesBefore: number,
): CheaperVerdict {
  const running = loads.length
  if (running === 0) return { count: minimum, calmCycles: 0 }
  const percent = (100 * loads.reduce((sum, load) => sum + load, 0)) / running
  if (percent > busyPercent) return { count: Math.min(maximum, running + step), calmCycles: 0 }
  const calmCycles = percent < calmPercent ? calmCyclesBefore + 1 : 0
  if (calmCycles < CALM_CYCLES) return { count: Math.max(minimum, running), calmCycles }
  return { count: Math.max(minimum, running - 1), calmCycles: 0 }
}
