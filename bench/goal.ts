/**
 * A goal for a ratio of two measurements of one run. Ratios can be compared between machines.
 */

import { median } from '../testing/statistics.ts'
import { spread } from './results.ts'

export interface Goal {
  readonly title: string
  /** Undefined if there is no goal and the ratio is only shown. */
  readonly limit: number | undefined
  /** Whether the goal is to stay below the limit or above it. */
  readonly best: 'low' | 'high'
  /** One ratio for each round; empty if it could not be measured. */
  readonly ratios: readonly number[]
}

export type GoalStatus = 'reached' | 'NOT reached' | 'not measured' | 'compared'

/** The status follows from the median of the rounds. */
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
