/**
 * A process that calls a cache at full speed a given number of times, and reports wrong results.
 */

import { Cache, type CacheOptions } from '../../src/index.ts'
import { answer } from '../../testing/child-side.ts'
import { randomFrom } from '../../testing/random.ts'
import { checkedValue, faultOf } from '../processes/checked-value.ts'

export interface StressTask {
  readonly options: CacheOptions
  readonly work: /** Gets all of `keyCount` keys again and again until none is there any more. */
    | { readonly kind: 'until-expired'; readonly keyCount: number }
    /** Get random keys. */
    | { readonly kind: 'get'; readonly keyCount: number; readonly times: number }
    /** Perform random operations of every kind. */
    | {
        readonly kind: 'mix'
        readonly keyCount: number
        readonly times: number
        readonly seed: number
        readonly largestValue: number
      }
}

export interface StressReport {
  /** At most ten wrong results. */
  readonly faults: readonly string[]
  readonly hits: number
}

answer<StressTask, StressReport>(({ options, work }) => {
  using cache = Cache.open(options)
  if (work.kind === 'until-expired') return getUntilExpired(cache, work.keyCount)
  if (work.kind === 'get') return getAll(cache, work.keyCount, work.times)
  return mix(cache, work)
})

export function keyOf(index: number): string {
  return `key-${index}`
}

function getUntilExpired(cache: Cache, keyCount: number): StressReport {
  let hits = 0
  for (let round = -1, before = 0; round !== before; ) {
    before = hits
    for (let i = 0; i < keyCount; i++) if (cache.get(keyOf(i)) !== undefined) hits++
    round = hits
  }
  return { faults: [], hits }
}

function getAll(cache: Cache, keyCount: number, times: number): StressReport {
  const faults: string[] = []
  let hits = 0
  for (let i = 0; i < times; i++) {
    const key = keyOf(i % keyCount)
    const value = cache.get(key)
    if (value === undefined) continue
    hits++
    note(faults, faultOf(key, value))
  }
  return { faults, hits }
}

function mix(
  cache: Cache,
  { keyCount, times, seed, largestValue }: Extract<StressTask['work'], { kind: 'mix' }>,
): StressReport {
  const random = randomFrom(seed)
  const faults: string[] = []
  let hits = 0
  for (let i = 0; i < times; i++) {
    const key = keyOf(random.below(keyCount))
    const size = random.below(largestValue)
    const dice = random.below(10)
    if (dice < 4) {
      const value = cache.get(key)
      if (value !== undefined) hits++
      note(faults, value === undefined ? undefined : faultOf(key, value))
    } else if (dice < 7) {
      const wasStored = cache.set(key, checkedValue(key, random.below(100), size))
      note(faults, wasStored ? undefined : `${key} of ${size} bytes was refused`)
    } else if (dice < 8) cache.add(key, checkedValue(key, random.below(100), size))
    else if (dice < 9) cache.delete(key)
    else cache.increment(`n-${key}`)
  }
  return { faults, hits }
}

function note(faults: string[], fault: string | undefined): void {
  if (fault !== undefined && faults.length < 10) faults.push(fault)
}
