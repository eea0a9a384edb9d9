/**
 * What a program of a user may look like: something of every entry point. Only compiled, by old and
 * new TypeScript (consumers.test.ts).
 */

import { createServer } from 'node:http'
import { Cache, type CacheOptions, type CacheStats, UndercroftError } from 'undercroft'
import { cache as autoCache } from 'undercroft/auto'
import { RemoteCache, type RemoteCacheOptions } from 'undercroft/client'
import { HttpCache } from 'undercroft/http'
import { type CacheServer, type ServeOptions, serveCaches, serveStats } from 'undercroft/server'
import { cache_get, cache_set } from 'undercroft/uwsgi'

interface User {
  readonly name: string
}

const options: CacheOptions = { name: 'users', maxItems: 1000, ttlMs: 60_000 }
const cache: Cache<User> = Cache.open<User>(options)
export const found: User | undefined = cache.get('ada')
export const stats: CacheStats = cache.stats()
export const isStored: boolean = cache.set('ada', { name: 'Ada' }, { ttlMs: 1000 })

export async function load(): Promise<User> {
  return cache.getOrSet('ada', async () => ({ name: 'Ada' }))
}

export async function serve(): Promise<CacheServer> {
  const settings: ServeOptions = { listen: '127.0.0.1:0' }
  const files = Cache.open<Buffer>({ name: 'files', maxItems: 10 })
  await serveStats([files], { address: '127.0.0.1:0' })
  return serveCaches([files], settings)
}

export async function askRemote(remoteOptions: RemoteCacheOptions): Promise<unknown> {
  const remote = new RemoteCache<User>('users@127.0.0.1:3031', remoteOptions)
  try {
    return await remote.get('ada')
  } catch (error) {
    return error instanceof UndercroftError ? error.code : undefined
  }
}

const pages = new HttpCache({ cache: Cache.open<Buffer>({ name: 'pages', maxItems: 10 }) })
export const server = createServer(pages.listener((_, response) => response.end('page')))

export async function uwsgi(): Promise<void> {
  await cache_set('key', 'value', 60)
  const bytes: Buffer | null = await cache_get('key')
  await autoCache.set('key', bytes)
}
