/**
 * A process that loads a copy of a source again and again, or changes the source and deletes the
 * copy's tag. tags.test.ts has the meaning of the keys.
 */

import { Cache, type CacheOptions } from '../../src/index.ts'
import { answer } from '../../testing/child-side.ts'

export interface TagTask {
  readonly options: CacheOptions
  readonly role: 'loader' | 'writer'
  readonly forMs: number
}

answer<TagTask, number>(async ({ options, role, forMs }) => {
  using cache = Cache.open<number>(options)
  const endMs = performance.now() + forMs
  let turns = 0
  for (; performance.now() < endMs; turns++) {
    if (role === 'writer') await change(cache)
    else await load(cache)
  }
  return turns
})

/**
 * The floor says, for readers, that the deletion has returned. A copy that should not be there
 * stays until the next deletion, so the pause gives readers the time to find it.
 */
async function change(cache: Cache<number>): Promise<void> {
  const source = cache.increment('source') ?? 0
  cache.deleteTag('copies')
  cache.update('floor', (floor = 0) => Math.max(floor, source))
  await new Promise(resolve => setTimeout(resolve, 1))
}

async function load(cache: Cache<number>): Promise<void> {
  const read = async () => {
    const source = cache.get('source') ?? 0
    await new Promise(resolve => setTimeout(resolve, 2)) // longer than the writer's pause
    return source
  }
  await cache.getOrSet('copy', read, { tags: ['copies'], waitMs: 0 })
}
