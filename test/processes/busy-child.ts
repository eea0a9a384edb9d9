/**
 * A process that works on a cache flat out until the test stops it, and then reports what it saw.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { sendToParent } from '../../testing/child-side.ts'
import { checkedValue, faultOf } from './checked-value.ts'

export interface BusyTask {
  readonly options: CacheOptions
  readonly work: 'overwrite' | 'read' | 'churn'
  /**
   * What is overwritten or read; a reader expects to find all of them always. Churning uses them so
   * often that none is ever the next to be evicted.
   */
  readonly keys: readonly string[]
}

/** `started`: the work has begun. The report comes after `stop`. */
export type BusyMessage = 'started' | BusyReport

export interface BusyReport {
  readonly turns: number
  /** At most a few. */
  readonly faults: readonly string[]
}

const STEPS_A_TURN = 50
const FAULT_LIMIT = 5
const CHURN_KEYS = 700
const USES_A_CHURN = 5

const faults: string[] = []
let stopped = false
process.on('disconnect', () => process.exit())
process.on('message', message => {
  if (message === 'stop') stopped = true
  else void run(message as BusyTask)
})

async function run({ options, work, keys }: BusyTask): Promise<void> {
  using cache = Cache.open(options)
  const step = { overwrite, read, churn }[work]
  let turns = 0
  do {
    for (let i = 0; i < STEPS_A_TURN; i++) step(cache, turns * STEPS_A_TURN + i, keys)
    if (turns++ === 0) sendToParent<BusyMessage>('started')
    await nextTurn()
  } while (!stopped)
  sendToParent<BusyMessage>({ turns, faults })
}

function overwrite(cache: Cache, n: number, keys: readonly string[]): void {
  const key = keys[n % keys.length] as string
  cache.set(key, checkedValue(key, n, (n * 37) % 900))
}

function read(cache: Cache, n: number, keys: readonly string[]): void {
  const key = keys[n % keys.length] as string
  const value = cache.get(key)
  const fault = value === undefined ? `${key} is a miss` : faultOf(key, value)
  if (fault !== undefined && faults.length < FAULT_LIMIT) faults.push(fault)
}

/** Items of its own come, change and go, so that slots move between chains. */
function churn(cache: Cache, n: number, keys: readonly string[]): void {
  for (let i = 0; i < USES_A_CHURN && keys.length > 0; i++) {
    cache.get(keys[(n * USES_A_CHURN + i) % keys.length] as string)
  }
  const key = `churn-${process.pid}-${(n * 7919) % CHURN_KEYS}`
  if (n % 3 === 0) cache.delete(key)
  else cache.set(key, 'x'.repeat((n * 31) % 300), n % 5 === 0 ? { ttlMs: n % 4 } : {})
}
