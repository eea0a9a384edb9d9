/**
 * Opens caches of a directory, and uses one of them each time the test asks for it.
 */

import { Cache } from '../../src/index.ts'
import { answer } from '../../testing/child-side.ts'

export interface TruncatedTask {
  readonly directory: string
  readonly name: string
}

const caches = new Map<string, Cache>()

/**
 * Stores, reads and checks.
 *
 * @returns what it has read
 */
answer<TruncatedTask, unknown>(({ directory, name }) => {
  let cache = caches.get(name)
  if (cache === undefined) {
    // Nothing is done unasked, so that the test says when bytes are touched.
    cache = Cache.open({ name, directory, maxItems: 5000, sweepMs: 0 })
    caches.set(name, cache)
  }
  for (let count = 0; count < 1000; count++) cache.set(`key ${count}`, 'v'.repeat(200))
  cache.verify()
  return cache.get('key 999')
})
