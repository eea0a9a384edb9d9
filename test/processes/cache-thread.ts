/**
 * The thread that threads.test.ts starts: says when its cache is open, then works.
 */

import { parentPort, workerData } from 'node:worker_threads'
import { Cache, type CacheOptions } from '../../src/index.ts'

export type ThreadTask =
  | { readonly kind: 'increment'; readonly options: CacheOptions; readonly times: number }
  /** Posts each new value, until it is terminated. */
  | { readonly kind: 'watch'; readonly options: CacheOptions; readonly key: string }
  /** Until it is terminated. */
  | { readonly kind: 'write'; readonly options: CacheOptions }

const task: ThreadTask = workerData
const cache = Cache.open(task.options)
if (task.kind === 'watch') {
  cache.watch(task.key, value => parentPort?.postMessage(value), { keepAlive: true })
}
parentPort?.postMessage('open')

if (task.kind === 'increment') {
  for (let i = 0; i < task.times; i++) {
    cache.increment('number')
    cache.increment('bigint', 1n)
  }
} else if (task.kind === 'write') {
  for (let i = 0; ; i++) cache.set(`thread-${i % 60}`, 'x'.repeat(i % 4000))
}
