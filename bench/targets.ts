/**
 * The figures we promise ourselves, as ratios within one run: they hold on any machine or on none.
 *
 * Both sides as their documentation gives them, evicting the least recently used. What a uWSGI
 * made for this workload alone would change is shown beside it, without a target.
 */

import type { CandidateName } from './candidates.ts'
import { median, type Results, ratios, spread } from './results.ts'
import type { Operation } from './workload.ts'

interface Target {
  readonly title: string
  readonly limit: number
  /** Reached below the limit, or above it. */
  readonly best: 'low' | 'high'
  readonly of: (results: Results) => number[]
}

const TARGETS: readonly Target[] = [
  timeTarget('get string', 'uwsgi', 0.4),
  timeTarget('get string', 'openresty', 0.5),
  timeTarget('get string', 'apcu', 0.9),
  timeTarget('get string', 'lmdb', 0.3),
  timeTarget('get string', 'lru-cache', 1.5),
  timeTarget('has', 'uwsgi', 0.7),
  timeTarget('set', 'uwsgi', 0.6),
  timeTarget('set', 'openresty', 0.6),
  timeTarget('set', 'apcu', 0.6),
  {
    title: 'get string: calls of two processes / of one',
    limit: 1.85,
    best: 'high',
    of: results => results.scaling('undercroft', 'get string'),
  },
]

export function targetLines(results: Results): string[] {
  return TARGETS.map(({ title, limit, best, of }) => {
    const values = of(results)
    const ratio = median(values)
    const goal = `${best === 'low' ? 'at most' : 'at least'} ${limit}`
    if (Number.isNaN(ratio)) return `not measured  ${title}, ${goal}`
    const isReached = best === 'low' ? ratio <= limit : ratio >= limit
    return `${isReached ? 'reached     ' : 'NOT reached '}  ${title}, ${goal}: ${spread(values, 2)}`
  })
}

/** Against the hardest opponent, in the same form. */
export function comparisonLines(results: Results): string[] {
  const compared: readonly Operation[] = ['get string', 'has', 'set']
  return compared.flatMap(what => {
    const ours = results.nsPerCall('undercroft', what)
    const ratio = median(ratios(ours, results.nsPerCall('uwsgi-tight', what)))
    if (Number.isNaN(ratio)) return []
    return [`${what}: time of undercroft / of uwsgi-tight: ${ratio.toFixed(2)}`]
  })
}

function timeTarget(what: Operation, other: CandidateName, limit: number): Target {
  return {
    title: `${what}: time of undercroft / of ${other}`,
    limit,
    best: 'low',
    of: results => ratios(results.nsPerCall('undercroft', what), results.nsPerCall(other, what)),
  }
}
