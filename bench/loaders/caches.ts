/**
 * The caches whose loading is compared, each as its documentation uses it in one process. All but
 * undercroft share nothing between processes.
 */

import { Cache } from '../../src/index.ts'
import { requirePeer } from '../compare/npm-peers.ts'

/** How long a value can be returned after its TTL. */
export const STALE_MS = 60_000

export type Load = (key: string) => Promise<string>

/** A cache with a function that loads what is missing. */
export interface LoadingCache {
  get(key: string): Promise<unknown>
  close(): void
}

/** Where caches that share are opened. */
export interface Place {
  readonly name: string
  readonly directory: string
  readonly maxItems: number
  /** Milliseconds that a value is fresh: whole seconds, because async-cache-dedupe counts these. */
  readonly ttlMs: number
}

interface Candidate {
  /** Whether it returns a stale value at once and loads behind. */
  readonly returnsStale: boolean
  open(place: Place, load: Load): LoadingCache
}

interface BentoModule {
  readonly BentoCache: new (
    options: object,
  ) => {
    getOrSet(options: object): Promise<unknown>
  }
  bentostore(): { useL1Layer(driver: unknown): unknown }
}

interface CacheableModule {
  readonly Cacheable: new () => {
    getOrSet(key: string, load: () => Promise<string>, options: object): Promise<unknown>
  }
}

interface CacheManagerModule {
  createCache(options: object): {
    wrap(key: string, load: () => Promise<string>, ttl: number): Promise<unknown>
  }
}

interface LruModule {
  readonly LRUCache: new (options: object) => { fetch(key: string): Promise<unknown> }
}

interface DedupeModule {
  createCache(options: object): {
    define(name: string, load: Load): void
    load(key: string): Promise<unknown>
  }
}

const nothing = () => {}

export const LOADING_CACHES = {
  undercroft: {
    returnsStale: true,
    open({ ttlMs, ...place }, load) {
      const cache = Cache.open<string>(place)
      const options = { ttlMs, staleMs: STALE_MS }
      return {
        get: key => cache.getOrSet(key, () => load(key), options),
        close: () => cache.close(),
      }
    },
  },
  bentocache: {
    returnsStale: true,
    open({ maxItems, ttlMs: ttl }, load) {
      const { BentoCache, bentostore } = requirePeer<BentoModule>('bentocache')
      const { memoryDriver } = requirePeer<{ memoryDriver(options: object): unknown }>(
        'bentocache/drivers/memory',
      )
      const store = bentostore().useL1Layer(memoryDriver({ maxItems }))
      const cache = new BentoCache({ default: 'memory', stores: { memory: store } })
      // `timeout: 0`: a stale value is returned at once.
      const options = { ttl, grace: STALE_MS, timeout: 0 }
      return {
        get: key => cache.getOrSet({ key, factory: () => load(key), ...options }),
        close: nothing,
      }
    },
  },
  cacheable: {
    returnsStale: false,
    open({ ttlMs: ttl }, load) {
      const cache = new (requirePeer<CacheableModule>('cacheable').Cacheable)()
      return {
        get: key => cache.getOrSet(key, () => load(key), { ttl }),
        close: nothing,
      }
    },
  },
  'cache-manager': {
    returnsStale: false, // only before the end of the TTL
    open({ ttlMs }, load) {
      const cache = requirePeer<CacheManagerModule>('cache-manager').createCache({})
      return { get: key => cache.wrap(key, () => load(key), ttlMs), close: nothing }
    },
  },
  'lru-cache': {
    returnsStale: true,
    open({ maxItems: max, ttlMs: ttl }, load) {
      const { LRUCache } = requirePeer<LruModule>('lru-cache')
      const stale = { allowStale: true, noDeleteOnStaleGet: true }
      const cache = new LRUCache({ max, ttl, fetchMethod: load, ...stale })
      return { get: key => cache.fetch(key), close: nothing }
    },
  },
  'async-cache-dedupe': {
    returnsStale: true,
    open({ maxItems: size, ttlMs }, load) {
      const cache = requirePeer<DedupeModule>('async-cache-dedupe').createCache({
        ...{ ttl: ttlMs / 1000, stale: STALE_MS / 1000 },
        storage: { type: 'memory', options: { size } },
      })
      cache.define('load', load)
      return { get: key => cache.load(key), close: nothing }
    },
  },
} satisfies Readonly<Record<string, Candidate>>

export type LoadingCacheName = keyof typeof LOADING_CACHES

export function openLoading(name: LoadingCacheName, place: Place, load: Load): LoadingCache {
  return LOADING_CACHES[name].open(place, load)
}
