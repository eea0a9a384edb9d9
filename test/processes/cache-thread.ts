/**
 * The thread that threads.test.ts starts: says when its cache is open, then works.
 */

import { parentPort, workerData } from 'node:worker_threads'
import { Cache, type CacheOptions } from '../../src/index.ts'

export type ThreadTask =
  | { readonly kind: 'increment'; readonly options: CacheOptions; readonly times: number }
  /** Until it is terminated. */
  | { readonly kind: 'write'; readonly options: CacheOptions }

const task: ThreadTask = workerData
const cache = Cache.open(task.options)
parentPort?.postMessage('open')

if (task.kind === 'increment') {
  for (let i = 0; i < task.times; i++) {
    cache.increment('number')
    cache.increment('bigint', 1n)
  }
} else {
  for (let i = 0; ; i++) cache.set(`thread-${i % 60}`, 'x'.repeat(i % 4000))
}
