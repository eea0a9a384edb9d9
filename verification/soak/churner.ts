/**
 * A process that stores, replaces, expires and deletes items of all sizes in a bitmap cache, and
 * checks each value that it reads. It reports its progress from time to time.
 */

import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { sendToParent } from '../../testing/child-side.ts'
import { type Random, randomFrom } from '../../testing/random.ts'
import { HeldClock } from '../storm/held-clock.ts'
import { faultOf } from '../storm/logged-calls.ts'
import { makeValue } from '../storm/patterns.ts'

export interface ChurnTask {
  readonly options: CacheOptions
  readonly seed: number
}

export interface ChurnReport {
  readonly calls: number
  readonly faults: readonly string[]
}

const KEY_COUNT = 3000
const LONGEST_VALUE = 4000
const CALLS_A_TURN = 200
const TURNS_A_REPORT = 50
const LONGEST_TTL_MS = 2000

process.on('disconnect', () => process.exit())
const [message] = await once(process, 'message')
const { options, seed } = message as ChurnTask
const clock = new HeldClock()
const cache = Cache.open({ ...options, clock })
const random = randomFrom(seed)
let version = seed
for (;;) {
  const faults: string[] = []
  for (let turn = 0; turn < TURNS_A_REPORT; turn++) {
    for (let i = 0; i < CALLS_A_TURN; i++) churn(random, faults)
    await nextTurn()
  }
  for (const _ of cache.keys()) {
    // Only the iteration itself matters, while other processes write.
  }
  sendToParent<ChurnReport>({ calls: TURNS_A_REPORT * CALLS_A_TURN, faults })
}

function churn(random: Random, faults: string[]): void {
  // Lower numbers come up more often.
  const key = `key ${Math.min(random.below(KEY_COUNT), random.below(KEY_COUNT))}`
  const choice = random.below(10)
  if (choice < 5) {
    const askedAtMs = Date.now()
    const value = cache.get(key)
    const fault = value === undefined ? undefined : faultOf(value, key, askedAtMs)
    if (fault !== undefined) faults.push(`${key} ${fault}`)
  } else if (choice < 8) {
    const ttlMs = random.chance(0.3) ? random.below(LONGEST_TTL_MS) : Number.POSITIVE_INFINITY
    clock.hold(nowMs => {
      const endsAtMs = ttlMs === Number.POSITIVE_INFINITY ? 0 : nowMs + ttlMs
      cache.set(key, makeValue({ key, version: ++version, endsAtMs }, sizeOf(random)), { ttlMs })
    })
  } else if (choice === 8) cache.delete(key)
  else cache.increment(`counter ${random.below(20)}`)
}

/** Mostly short, sometimes long. */
function sizeOf(random: Random): number {
  return random.below(random.chance(0.1) ? LONGEST_VALUE : 200)
}
