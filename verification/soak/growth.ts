/**
 * Whether a quantity grows: compares its median late in a run with its median after the warm-up.
 */

import { median } from '../../testing/statistics.ts'

export interface GrowthLimit {
  /** The late median may be this many times the early one, */
  readonly factor: number
  /** plus this much. */
  readonly slack: number
}

export interface Growth {
  readonly from: number
  readonly to: number
  readonly isGrown: boolean
}

/** The first quarter is the warm-up. The second quarter is compared with the last. */
export function growthOf(values: readonly number[], { factor, slack }: GrowthLimit): Growth {
  const quarter = values.length / 4
  const from = median(values.slice(Math.floor(quarter), Math.ceil(2 * quarter)))
  const to = median(values.slice(Math.floor(3 * quarter)))
  return { from, to, isGrown: to > from * factor + slack }
}
