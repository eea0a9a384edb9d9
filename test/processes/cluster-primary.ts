/**
 * A cluster of its own: the primary starts workers that count and add, and reports how many keys
 * they added in all.
 */

import cluster from 'node:cluster'
import { once } from 'node:events'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { answer, sendToParent } from '../../testing/child-side.ts'

export interface ClusterTask {
  readonly options: CacheOptions
  readonly workers: number
  readonly times: number
  readonly keys: readonly string[]
}

if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: 'advanced' })
  answer<ClusterTask, number>(runCluster)
} else {
  process.once('message', message => {
    sendToParent(work(message as ClusterTask))
    process.disconnect()
  })
  // A worker that is online may still be loading this file, and would miss the task.
  sendToParent('listening')
}

async function runCluster(task: ClusterTask): Promise<number> {
  const workers = Array.from({ length: task.workers }, () => cluster.fork())
  await Promise.all(workers.map(worker => once(worker, 'message')))
  const answers = workers.map(worker => once(worker, 'message'))
  for (const worker of workers) worker.send(task)
  const added = await Promise.all(answers)
  return added.reduce((sum, [count]) => sum + count, 0)
}

function work({ options, times, keys }: ClusterTask): number {
  using cache = Cache.open(options)
  for (let i = 0; i < times; i++) cache.increment('sum')
  return keys.filter(key => cache.add(key, process.pid)).length
}
