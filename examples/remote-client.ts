/**
 * A cache at another address, with the same operations as promises.
 *
 *     node dist/examples/remote-client.js                       starts its own server, and ends
 *     node dist/examples/remote-client.js demo@127.0.0.1:3031   uses a running server
 */

import { Cache } from 'undercroft'
import { RemoteCache } from 'undercroft/client'
import { serveCaches } from 'undercroft/server'

const [given] = process.argv.slice(2)
if (given === undefined) await withOwnServer()
else await talkTo(given)

async function withOwnServer(): Promise<void> {
  const cache = Cache.open({ name: `remote-${process.pid}`, maxItems: 1000 })
  const server = await serveCaches([cache], { listen: '127.0.0.1:0' })
  await talkTo(`${cache.name}@${server.addresses[0]}`)
  console.log(`in the cache itself: ${cache.get('greeting')}`)
  await server.close()
  cache.destroy()
}

async function talkTo(identifier: string): Promise<void> {
  await using remote = await RemoteCache.connect(identifier)
  console.log(`stored: ${await remote.set('greeting', 'hello', { ttlMs: 60_000 })}`)
  console.log(`stored again with add: ${await remote.add('greeting', 'hi')}`)
  console.log(`read: ${await remote.get('greeting')}`)
  await remote.delete('visits')
  await Promise.all([1, 2, 3].map(by => remote.increment('visits', by)))
  console.log(`counted to: ${await remote.get('visits')}`)
}
