/**
 * A process of the storm: works on the cache at random until it is killed. A writer acknowledges
 * each of its increments; a reader speaks only of values that should not be.
 */

import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { sendToParent } from '../../testing/child-side.ts'
import { type Random, randomFrom } from '../../testing/random.ts'
import { checkedValue, faultOf } from './checked-value.ts'

export interface StormTask {
  /** Incremented by all writers. */
  readonly counter: string
  readonly options: CacheOptions
  readonly role: 'writer' | 'reader'
  readonly seed: number
}

export type StormMessage =
  | { readonly kind: 'counted' }
  | { readonly kind: 'fault'; readonly text: string }

const KEY_COUNT = 300
const WRITES_A_TURN = 200
const READS_A_TURN = 200
/** The counter is used so often by all that others never are the more recently used. */
const STEPS_A_USE = 10

const [message] = await once(process, 'message')
process.on('disconnect', () => process.exit())
await run(message as StormTask)

async function run({ options, counter, role, seed }: StormTask): Promise<void> {
  const cache = Cache.open(options)
  const random = randomFrom(seed)
  for (;;) {
    if (role === 'reader') {
      for (let i = 0; i < READS_A_TURN; i++) {
        if (i % STEPS_A_USE === 0) cache.get(counter)
        read(cache, random)
      }
      await nextTurn()
      continue
    }
    for (let i = 0; i < WRITES_A_TURN; i++) {
      if (i % STEPS_A_USE === 0) cache.get(counter)
      write(cache, random)
    }
    cache.increment(counter)
    await acknowledge() // before the next, so that a kill leaves at most one unacknowledged
  }
}

function write(cache: Cache, random: Random): void {
  const key = `key-${random.below(KEY_COUNT)}`
  const choice = random.below(10)
  if (choice === 0) cache.delete(key)
  else if (choice === 1) cache.touch(key, random.below(50))
  else if (choice === 2) read(cache, random)
  else if (choice === 3) cache.add(key, checkedValue(key, random.below(100), random.below(200)))
  else {
    const ttl = random.below(4) === 0 ? { ttlMs: random.below(20) } : {}
    cache.set(key, checkedValue(key, random.below(100), random.below(700)), ttl)
  }
}

function read(cache: Cache, random: Random): void {
  const key = `key-${random.below(KEY_COUNT)}`
  const value = cache.get(key)
  const text = value === undefined ? undefined : faultOf(key, value)
  if (text !== undefined) sendToParent<StormMessage>({ kind: 'fault', text })
}

function acknowledge(): Promise<void> {
  const counted: StormMessage = { kind: 'counted' }
  return new Promise(resolve => process.send?.(counted, undefined, {}, () => resolve()))
}
