/**
 * `undercroft/fastify`: a cache for @fastify/caching, which takes any abstract-cache, and a store
 * for @fastify/rate-limit.
 */

import { requireBoolean } from '../base/index.ts'
import { AdapterHome, type AdapterStore } from './shared/adapter-store.ts'
import type { CacheSource } from './shared/cache-source.ts'
import { namespaceName } from './shared/fitted-key.ts'

export type { CacheSource, GivenCache, OpenCache } from './shared/cache-source.ts'

/** What the options of an abstract-cache add to those of its cache. */
export interface AbstractCacheOptions {
  /** The segment of keys that are strings. @default 'abstract-cache' */
  readonly segment?: string | undefined
  /** The methods return promises instead of calling back. @default false */
  readonly useAwait?: boolean | undefined
}

/** A key: a string, or an id within a segment. */
export type AbstractCacheKey = string | { readonly id: string; readonly segment?: string }

/** A cached value. */
export interface AbstractCacheItem {
  readonly item: unknown
  /** When it was stored, in Unix milliseconds. */
  readonly stored: number
  /** The milliseconds that it still lives. */
  readonly ttl: number
}

/** What a method of an abstract-cache calls back with. */
export type AbstractCacheCallback<T> = (error: null, result: T) => void

/** A cache in the form of abstract-cache: its methods take a callback, or return a promise. */
export interface AbstractCache {
  /** Whether the methods return promises. */
  readonly await: boolean
  get(
    key: AbstractCacheKey,
    callback?: AbstractCacheCallback<AbstractCacheItem | null>,
  ): Promise<AbstractCacheItem | null> | undefined
  has(
    key: AbstractCacheKey,
    callback?: AbstractCacheCallback<boolean>,
  ): Promise<boolean> | undefined
  /** @param ttl - milliseconds */
  set(
    key: AbstractCacheKey,
    value: unknown,
    ttl: number,
    callback?: AbstractCacheCallback<undefined>,
  ): Promise<undefined> | undefined
  delete(
    key: AbstractCacheKey,
    callback?: AbstractCacheCallback<undefined>,
  ): Promise<undefined> | undefined
  /** Closes the cache if this object opened it. */
  stop(callback?: AbstractCacheCallback<undefined>): Promise<undefined> | undefined
}

/** What the options of a rate limit add to those of its cache. */
export interface FastifyRateLimitOptions {
  /** What the keys begin with. Two limits over one cache need two. @default 'rate-limit' */
  readonly prefix?: string | undefined
}

/** The count of a client, and the milliseconds until it ends. */
export interface FastifyRateLimitState {
  readonly current: number
  readonly ttl: number
}

/** What @fastify/rate-limit says of a limit. */
export interface FastifyRateLimitParams {
  readonly continueExceeding?: boolean | undefined
  readonly exponentialBackoff?: boolean | undefined
  readonly routeInfo?: { readonly method?: unknown; readonly url?: unknown } | undefined
}

/** Called back with the count of a client. */
export type FastifyRateLimitCallback = (error: null, state: FastifyRateLimitState) => void

/** The store of one limit. */
export interface FastifyRateLimitStore {
  /** Counts a hit. */
  incr(key: string, callback: FastifyRateLimitCallback, timeWindow: number, max: number): void
  /** Calls back with the count, and counts nothing. */
  read(key: string, callback: FastifyRateLimitCallback): void
  /** Returns the store of the limit of one route. */
  child(params: FastifyRateLimitParams): FastifyRateLimitStore
}

const CACHE_NAMES: Readonly<Record<keyof AbstractCacheOptions, true>> = {
  segment: true,
  useAwait: true,
}

/**
 * Makes a cache for @fastify/caching, and for all that takes an abstract-cache.
 *
 * @throws UndercroftError - UNDERCROFT_OPTION_INVALID, and those of `Cache.open`
 * @example
 * const cache = abstractCache({ name: 'fastify', maxItems: 10_000 })
 * await fastify.register(caching, { cache })
 */
export function abstractCache(options: CacheSource & AbstractCacheOptions): AbstractCache {
  const home = new AdapterHome('undercroft/fastify', options, CACHE_NAMES)
  const useAwait = requireBoolean('useAwait', options.useAwait ?? false)
  const { segment = 'abstract-cache' } = options
  const store = home.store('fastify')
  namespaceName(segment) // Refuses a segment that cannot be one.
  const answer = <T>(result: T, callback: AbstractCacheCallback<T> | undefined) => {
    if (useAwait) return Promise.resolve(result)
    if (callback !== undefined) process.nextTick(callback, null, result)
    return undefined
  }
  // The name of a segment holds no colon, so that two segments cannot meet.
  const at = (key: AbstractCacheKey) => {
    const { id, segment: own = segment } = typeof key === 'string' ? { id: key } : key
    return `${namespaceName(own)}:${id}`
  }
  return {
    await: useAwait,
    get(key, callback) {
      return answer(itemOf(store, at(key)), callback)
    },
    has(key, callback) {
      return answer(store.has(at(key)), callback)
    },
    set(key, item, ttl, callback) {
      store.set(at(key), { item, stored: home.nowMs() }, { ttlMs: ttl })
      return answer(undefined, callback)
    },
    delete(key, callback) {
      store.delete(at(key))
      return answer(undefined, callback)
    },
    stop(callback) {
      home.close()
      return answer(undefined, callback)
    },
  }
}

function itemOf(store: AdapterStore, key: string): AbstractCacheItem | null {
  const found = store.get(key) as { item: unknown; stored: number } | undefined
  const ttl = found && store.ttlMs(key)
  return ttl === undefined ? null : { item: found?.item, stored: found?.stored ?? 0, ttl }
}

/**
 * Makes the class that @fastify/rate-limit asks for. It counts exactly over all processes.
 *
 * @throws UndercroftError - UNDERCROFT_OPTION_INVALID, and those of `Cache.open`. Also
 * _SHARING_UNAVAILABLE, unless `memory` says otherwise
 * @example
 * const store = rateLimitStore({ name: 'limits', maxItems: 100_000 })
 * await fastify.register(rateLimit, { max: 100, timeWindow: '1 minute', store })
 */
export function rateLimitStore(
  options: CacheSource & FastifyRateLimitOptions,
): new (
  params: FastifyRateLimitParams,
) => FastifyRateLimitStore {
  const home = new AdapterHome('undercroft/fastify', options, { prefix: true }, 'shared')
  const { prefix = 'rate-limit' } = options
  home.store(prefix)
  return class extends RateLimitStore {
    constructor(params: FastifyRateLimitParams) {
      super(home, prefix, params)
    }
  }
}

class RateLimitStore implements FastifyRateLimitStore {
  readonly #home: AdapterHome
  readonly #prefix: string
  readonly #store: AdapterStore
  readonly #params: FastifyRateLimitParams

  constructor(home: AdapterHome, prefix: string, params: FastifyRateLimitParams) {
    this.#home = home
    this.#prefix = prefix
    this.#params = params
    this.#store = home.store(prefix)
  }

  incr(key: string, callback: FastifyRateLimitCallback, timeWindow: number, max: number): void {
    const counted = this.#store.count(key, 1, timeWindow)
    const current = counted?.value ?? 1
    const ttl = current > max ? this.#prolongedMs(current - max, timeWindow) : undefined
    if (ttl !== undefined) this.#store.touch(key, ttl)
    callback(null, { current, ttl: ttl ?? this.#leftMs(counted?.expiresAtMs, timeWindow) })
  }

  read(key: string, callback: FastifyRateLimitCallback): void {
    const counted = this.#store.readCount(key)
    callback(null, { current: counted?.value ?? 0, ttl: this.#leftMs(counted?.expiresAtMs, 0) })
  }

  child(params: FastifyRateLimitParams): RateLimitStore {
    const { method, url } = params.routeInfo ?? {}
    return new RateLimitStore(this.#home, `${this.#prefix}:${method} ${url}`, params)
  }

  /** @returns how long a client waits that is over the limit; undefined: until its window ends */
  #prolongedMs(over: number, timeWindow: number): number | undefined {
    if (this.#params.continueExceeding) return timeWindow
    if (!this.#params.exponentialBackoff) return undefined
    return Math.min(timeWindow * 2 ** (over - 1), Number.MAX_SAFE_INTEGER)
  }

  #leftMs(expiresAtMs: number | undefined, otherwise: number): number {
    return expiresAtMs === undefined ? otherwise : Math.max(0, expiresAtMs - this.#home.nowMs())
  }
}
