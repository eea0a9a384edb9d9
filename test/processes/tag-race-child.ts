/**
 * A process that loads a number with a tag again and again, while the test counts the number up and
 * deletes the tag. The test's side is stale.test.ts.
 */

import { Cache, type CacheOptions } from '../../src/index.ts'
import { answer } from '../../testing/child-side.ts'

export interface RaceTask {
  readonly options: CacheOptions
  /** How many loads to make. */
  readonly loads: number
}

export interface RaceReply {
  /** How many values were smaller than one whose tag was deleted before the call. */
  readonly tooOld: number
}

answer<RaceTask, RaceReply>(async ({ options, loads: wanted }) => {
  using cache = Cache.open<number>(options)
  let tooOld = 0
  let loads = 0
  const load = async () => {
    loads++
    const value = cache.get('source') ?? Number.NaN
    if (loads % 2 === 0) await new Promise(setImmediate) // the value is old by now
    return value
  }
  while (loads < wanted) {
    const floor = cache.get('floor') ?? Number.NaN
    const calls = [1, 2].map(() => cache.getOrSet('number', load, { tags: ['numbers'] }))
    for (const value of await Promise.all(calls)) if (!(value >= floor)) tooOld++
  }
  return { tooOld }
})
