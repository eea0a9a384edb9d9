/**
 * The server for the Python tests. It keeps its addresses after a restart.
 */

import { join } from 'node:path'
import { Cache } from '../../src/index.ts'
import { type CacheServer, serveCaches } from '../../src/server/index.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'

export interface PythonServer {
  readonly address: string
  readonly socketPath: string
  /** The address at which clients need the secret. */
  readonly secretAddress: string
  readonly secret: string
  readonly caches: readonly Cache<Uint8Array>[]
  /** @param order - `stop`, `start` or `restart`. */
  obey(order: string): Promise<void>
}

export async function startPythonServer(scope: Scope): Promise<PythonServer> {
  const directory = memoryDir(scope)
  const socketPath = join(tempDir(scope), 'cache.sock')
  const common = { directory, maxKeySize: 2048, bitmap: false, blockSize: 65_536 }
  const caches = [
    { ...common, name: 'main', maxItems: 3000 },
    {
      ...common,
      name: 'tiny',
      maxItems: 3,
      blockSize: 64,
      eviction: 'none' as const,
      counterInitial: 100,
    },
    { ...common, name: 'django', maxItems: 1000 },
    { ...common, name: 'none', maxItems: 100, eviction: 'none' as const },
    { ...common, name: 'lru', maxItems: 100, eviction: 'lru' as const, maxKeySize: 20 },
    {
      ...common,
      name: 'bitmap',
      maxItems: 100,
      bitmap: true,
      blockSize: 64,
      blocks: 5000,
      eviction: 'none' as const,
    },
    { name: 'store', store: join(directory, 'kept'), maxItems: 100, blocks: 5000 },
    { ...common, name: 'djb33x', maxItems: 100, hash: 'djb33x' as const },
    { ...common, name: 'lost', maxItems: 100 },
  ].map(options => Cache.open<Uint8Array>(options))
  for (const cache of caches) onEnd(scope, () => cache.close())
  const secret = 'the secret of the tests'
  const serve = (address: string, secretAddress: string) =>
    serveCaches(caches, { listen: [address, socketPath, { address: secretAddress, secret }] })
  let server: CacheServer = await serve('127.0.0.1:0', '127.0.0.1:0')
  onEnd(scope, () => server.close())
  const [address = '', , secretAddress = ''] = server.addresses
  return {
    address,
    socketPath,
    secretAddress,
    secret,
    caches,
    async obey(order) {
      if (order !== 'start') await server.close()
      if (order !== 'stop') server = await serve(address, secretAddress)
    },
  }
}
