/**
 * Four processes of a cluster increment one counter, and no increment is lost.
 *
 *     node dist/examples/cluster-counter.js
 */

import cluster from 'node:cluster'
import { once } from 'node:events'
import { Cache } from 'undercroft'

// The whole cluster uses one name. The pid keeps two runs apart; use a plain 'visits' in your code.
const name = `visits-${cluster.isPrimary ? process.pid : process.ppid}`
const cache = Cache.open({ name, maxItems: 1000 })

if (cluster.isPrimary) await countWithWorkers(4)
else count(10_000)

async function countWithWorkers(workerCount: number): Promise<void> {
  const workers = Array.from({ length: workerCount }, () => cluster.fork())
  await Promise.all(workers.map(worker => once(worker, 'exit')))
  console.log(`${workerCount} processes counted to ${cache.get('visits')}`)
  cache.destroy()
}

function count(times: number): void {
  for (let i = 0; i < times; i++) cache.increment('visits')
  cache.close()
  cluster.worker?.disconnect()
}
