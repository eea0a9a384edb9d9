/**
 * cache-manager over a shared cache: two processes make a report once, and `clear` of one namespace
 * leaves the others. It needs the packages keyv and cache-manager.
 *
 *     node dist/examples/cache-manager.js
 */

import cluster from 'node:cluster'
import { once } from 'node:events'
import { createCache } from 'cache-manager'
import { Cache } from 'undercroft'
import { createKeyv } from 'undercroft/keyv'

// The pid keeps two runs apart; use a plain name in your code.
const name = `cache-manager-${cluster.isPrimary ? process.pid : process.ppid}`
const cache = Cache.open({ name, maxItems: 1000 })
const reports = createCache({ stores: [createKeyv({ cache, namespace: 'reports' })] })
const users = createCache({ stores: [createKeyv({ cache, namespace: 'users' })] })

if (cluster.isPrimary) {
  await users.set('1', { name: 'Ada' }, 60_000)
  for (let i = 0; i < 2; i++) await once(cluster.fork(), 'exit')
  await reports.clear()
  console.log(`after clearing the reports: ${await reports.get('today')}`)
  console.log(`the users: ${JSON.stringify(await users.get('1'))}`)
  cache.destroy()
} else {
  const report = await reports.wrap('today', makeReport, { ttl: 60_000 })
  console.log(`worker ${cluster.worker?.id} has ${report}`)
  cluster.worker?.disconnect()
}

async function makeReport(): Promise<string> {
  return `the report that worker ${cluster.worker?.id} made`
}
