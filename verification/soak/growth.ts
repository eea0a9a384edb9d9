/**
 * Whether something grows: its middle value late in a run against that after warming up.
 */

import { median } from '../../testing/statistics.ts'

export interface GrowthLimit {
  /** What the late value may be of the early one. */
  readonly factor: number
  /** On top of that. */
  readonly slack: number
}

export interface Growth {
  readonly from: number
  readonly to: number
  readonly isGrown: boolean
}

/** The first quarter is for warming up; the second is compared with the last. */
export function growthOf(values: readonly number[], { factor, slack }: GrowthLimit): Growth {
  const quarter = values.length / 4
  const from = median(values.slice(Math.floor(quarter), Math.ceil(2 * quarter)))
  const to = median(values.slice(Math.floor(3 * quarter)))
  return { from, to, isGrown: to > from * factor + slack }
}
