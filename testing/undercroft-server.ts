/**
 * Our own server for the tests with real peers: the one place that connects them to it.
 */

import { join } from 'node:path'
import type { ByteCache } from '../src/base/index.ts'
import { Cache } from '../src/index.ts'
import { serveCaches } from '../src/server/index.ts'
import { onEnd, type Scope } from './scope.ts'
import { memoryDir, tempDir } from './temp-dir.ts'

export interface ServerCache {
  readonly name: string
  readonly maxItems: number
  /** @default 65536, so that the tests' values fit */
  readonly blockSize?: number
}

export interface UndercroftServer {
  /** On 127.0.0.1. */
  readonly port: number
  readonly socketPath: string
  /** The same cache, from this process. */
  cache(name: string): ByteCache
  stop(): Promise<void>
}

/** A server with these caches, the first its default, in a directory of the scope. */
export async function startServer(
  scope: Scope,
  options: { readonly caches: readonly ServerCache[] },
): Promise<UndercroftServer> {
  const directory = memoryDir(scope)
  const socketPath = join(tempDir(scope), 'cache.sock')
  const caches = new Map<string, Cache<Uint8Array>>()
  for (const { name, maxItems, blockSize = 65536 } of options.caches) {
    const cache = Cache.open<Uint8Array>({
      name,
      directory,
      maxItems,
      blockSize,
      bitmap: false,
      maxKeySize: 2048,
    })
    caches.set(name, cache)
    onEnd(scope, () => cache.close())
  }
  const server = await serveCaches([...caches.values()], { listen: ['127.0.0.1:0', socketPath] })
  onEnd(scope, () => server.close())
  return {
    port: Number(server.addresses[0]?.split(':').at(-1)),
    socketPath,
    cache(name) {
      const cache = caches.get(name)
      if (cache === undefined) throw new Error(`the server has no cache ${name}`)
      return cache
    },
    stop: () => server.close(),
  }
}
