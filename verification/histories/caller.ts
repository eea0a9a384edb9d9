/**
 * One of the processes that record a history. It waits for all others before each round, so that
 * their calls overlap.
 */

import { Cache, type CacheOptions } from '../../src/index.ts'
import { answer } from '../../testing/child-side.ts'
import { type Random, randomFrom } from '../../testing/random.ts'
import type { Operation } from './linearizability.ts'
import type { Action, State } from './sequential.ts'

export interface CallerTask {
  readonly options: CacheOptions
  readonly name: string
  readonly seed: number
  readonly callers: number
  readonly rounds: number
  readonly firstRound: number
}

/** Keys of each round. */
const KEY_COUNT = 4
const CALLS_A_ROUND = 60
const LONGEST_VALUE = 200
const MEETING_LIMIT_MS = 60_000

answer<CallerTask, Operation[]>(task => {
  using cache = Cache.open(task.options)
  const random = randomFrom(task.seed)
  const history: Operation[] = []
  for (let round = 0; round < task.rounds; round++) {
    const name = `${task.firstRound + round}`
    meet(cache, `meeting ${name}`, task.callers)
    for (let call = 0; call < CALLS_A_ROUND; call++) {
      const kind = random.chance(0.5) ? 'number' : 'text'
      const key = `${kind} ${random.below(KEY_COUNT / 2)} of ${name}`
      const value = `${task.name}.${call}`.padEnd(random.below(LONGEST_VALUE), '.')
      const action = kind === 'number' ? numberAction(random) : textAction(random, value)
      const calledAt = Number(process.hrtime.bigint())
      const result = perform(cache, key, action)
      const answeredAt = Number(process.hrtime.bigint())
      history.push({ key, action, result, calledAt, answeredAt })
    }
  }
  return history
})

function meet(cache: Cache, meeting: string, callers: number): void {
  cache.increment(meeting)
  const endMs = performance.now() + MEETING_LIMIT_MS
  while (Number(cache.get(meeting)) < callers) {
    if (performance.now() > endMs) throw new Error(`the others did not come to ${meeting}`)
  }
}

const TEXT_KINDS = [
  ...(['get', 'get', 'get', 'has', 'delete', 'deleteTag'] as const),
  ...(['set', 'set', 'add', 'replace'] as const),
]

function textAction(random: Random, value: string): Action {
  const kind = random.pick(TEXT_KINDS)
  if (kind === 'set' || kind === 'add' || kind === 'replace') return { kind, value }
  return { kind }
}

function numberAction(random: Random): Action {
  const choice = random.below(10)
  const by = 1 + random.below(5)
  if (choice < 3) return { kind: 'increment', by }
  if (choice === 3) return { kind: 'update', by }
  if (choice === 4) return { kind: 'set', value: random.below(100) }
  return { kind: random.pick(['get', 'get', 'get', 'delete', 'deleteTag', 'touch'] as const) }
}

function perform(cache: Cache, key: string, action: Action): State | boolean {
  switch (action.kind) {
    case 'get':
      return cache.get(key) as State
    case 'has':
      return cache.has(key)
    case 'delete':
      return cache.delete(key)
    case 'touch':
      return cache.touch(key, 3_600_000)
    case 'deleteTag':
      cache.deleteTag(key)
      return true
    case 'increment':
      return cache.increment(key, action.by, { tags: [key] })
    case 'update':
      return cache.update(key, sum => Number(sum ?? 0) + action.by, { tags: [key] }) as number
    default:
      return cache[action.kind](key, action.value, { tags: [key] })
  }
}
