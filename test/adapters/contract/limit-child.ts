/** A second process for the contract of limits: counts as its host does. */

import type { CacheOptions } from '../../../src/index.ts'
import { answer } from '../../../testing/child-side.ts'
import { LIMITS, type Limit } from './limits.ts'

export type Task =
  | { kind: 'open'; limit: string; options: CacheOptions; prefix: string }
  | { kind: 'hit'; key: string; times: number }
  | { kind: 'hit for ever'; key: string }

let limit: Limit | undefined

/** Answers how many hits were within the limit. */
answer<Task, number>(async task => {
  if (task.kind === 'open') {
    limit = LIMITS[task.limit]?.(task.options, task.prefix)
    return 0
  }
  if (limit === undefined) throw new Error('the first task must be to open')
  if (task.kind === 'hit for ever') {
    void hitForEver(limit, task.key)
    return 0
  }
  let allowed = 0
  for (let i = 0; i < task.times; i++) if (!(await limit.hit(task.key)).isOver) allowed++
  return allowed
})

async function hitForEver(own: Limit, key: string): Promise<never> {
  for (;;) {
    await own.hit(key)
    await new Promise(resolve => setImmediate(resolve))
  }
}
