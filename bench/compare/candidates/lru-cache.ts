/**
 * lru-cache: a private cache of references, without decoding, copies or sharing between processes.
 */

import type { CacheLocation, Subject } from '../candidate.ts'
import { requirePeer } from '../npm-peers.ts'
import { initialValueOf, STRING_VALUE } from '../workload.ts'

interface LruCache {
  get(key: string): unknown
  set(key: string, value: unknown): unknown
  has(key: string): boolean
  clear(): void
}

interface LruModule {
  readonly LRUCache: new (options: { max: number }) => LruCache
}

export function open({ itemCount }: CacheLocation): Subject {
  const { LRUCache } = requirePeer<LruModule>('lru-cache')
  const cache = new LRUCache({ max: itemCount })
  return {
    calls: 'sync',
    operations: {
      'get string': key => cache.get(key),
      'get bytes': key => cache.get(key),
      'get object': key => cache.get(key),
      has: key => cache.has(key),
      set: key => cache.set(key, STRING_VALUE),
      increment: key => {
        const value = Number(cache.get(key)) + 1
        cache.set(key, value)
        return value
      },
    },
    store: (operation, key) => cache.set(key, initialValueOf(operation)),
    close: () => cache.clear(),
  }
}
