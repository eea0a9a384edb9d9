/**
 * A figure we promise ourselves, as a ratio within one run: it holds on any machine or on none.
 */

import { median } from '../testing/statistics.ts'
import { spread } from './results.ts'

export interface Goal {
  readonly title: string
  /** Undefined: nothing is promised, the figure is for comparison. */
  readonly limit: number | undefined
  /** Reached below the limit, or above it. */
  readonly best: 'low' | 'high'
  /** One for each round; empty if it could not be measured. */
  readonly ratios: readonly number[]
}

export type GoalStatus = 'reached' | 'NOT reached' | 'not measured' | 'compared'

/** By the median of the rounds. */
export function goalStatus({ limit, best, ratios }: Goal): GoalStatus {
  if (ratios.length === 0) return 'not measured'
  if (limit === undefined) return 'compared'
  const ratio = median(ratios)
  return (best === 'low' ? ratio <= limit : ratio >= limit) ? 'reached' : 'NOT reached'
}

export function limitText({ limit, best }: Goal): string {
  if (limit === undefined) return ''
  return `${best === 'low' ? 'at most' : 'at least'} ${limit}`
}

export function goalLine(goal: Goal): string {
  const figure = goal.ratios.length === 0 ? '' : `: ${spread(goal.ratios, 2)}`
  const limit = goal.limit === undefined ? '' : `, ${limitText(goal)}`
  return `${goalStatus(goal).padEnd(12)}  ${goal.title}${limit}${figure}`
}
