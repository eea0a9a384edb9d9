/**
 * The server of this package, for tests with real peers.
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
  /** @default 65536, so that the values of the tests fit */
  readonly blockSize?: number
}

export interface UndercroftServer {
  /** The port on 127.0.0.1. */
  readonly port: number
  readonly socketPath: string
  /** @returns the same cache, opened in this process */
  cache(name: string): ByteCache
  stop(): Promise<void>
}

/** Starts a server with these caches in a directory of the scope. The first is its default. */
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
