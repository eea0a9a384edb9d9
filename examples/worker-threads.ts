/**
 * Four threads share a list of jobs and do each job once: `add` returns true in only one of them.
 *
 *     node dist/examples/worker-threads.js
 */

import { once } from 'node:events'
import { isMainThread, threadId, Worker } from 'node:worker_threads'
import { Cache } from 'undercroft'

const JOB_COUNT = 100

// Each thread opens the cache by its name. The main thread passes nothing.
const cache = Cache.open<number>({ name: `jobs-${process.pid}`, maxItems: 1000 })

if (isMainThread) await shareJobs(4)
else doJobs()

async function shareJobs(threadCount: number): Promise<void> {
  const threads = Array.from({ length: threadCount }, () => new Worker(new URL(import.meta.url)))
  await Promise.all(threads.map(thread => once(thread, 'exit')))
  console.log(`${JOB_COUNT} jobs, done ${cache.get('done')} times in all by ${threadCount} threads`)
  cache.destroy()
}

function doJobs(): void {
  for (let job = 0; job < JOB_COUNT; job++) {
    const isMine = cache.add(`job:${job}`, threadId, { ttlMs: 60_000 })
    if (isMine) cache.increment('done')
  }
  cache.close()
}
