/**
 * The goals of the comparison.
 *
 * Both sides are configured as their documentation shows and evict the least recently used item.
 * The ratios to a uWSGI that is tuned for this workload are shown as well, without a goal.
 */

import type { Goal } from '../goal.ts'
import { type Results, ratios } from '../results.ts'
import type { CandidateName } from './candidates.ts'
import type { Operation } from './workload.ts'

const TIMES: readonly (readonly [Operation, CandidateName, number])[] = [
  ['get string', 'uwsgi', 0.4],
  ['get string', 'openresty', 0.5],
  ['get string', 'apcu', 0.9],
  ['get string', 'lmdb', 0.3],
  ['get string', 'lru-cache', 1.5],
  ['has', 'uwsgi', 0.7],
  ['set', 'uwsgi', 0.6],
  ['set', 'openresty', 0.6],
  ['set', 'apcu', 0.6],
]

export function goalsOf(results: Results): Goal[] {
  const times = TIMES.map(([what, other, limit]) => timeGoal(results, what, other, limit))
  return [
    ...times,
    {
      title: 'get string: calls of two processes / of one',
      limit: 1.85,
      best: 'high',
      ratios: results.scaling('undercroft', 'get string'),
    },
    // The fastest candidate to compare with.
    ...(['get string', 'has', 'set'] as const).map(what =>
      timeGoal(results, what, 'uwsgi-tight', undefined),
    ),
  ]
}

function timeGoal(
  results: Results,
  what: Operation,
  other: CandidateName,
  limit: number | undefined,
): Goal {
  return {
    title: `${what}: time of undercroft / of ${other}`,
    limit,
    best: 'low',
    ratios: ratios(results.nsPerCall('undercroft', what), results.nsPerCall(other, what)),
  }
}
