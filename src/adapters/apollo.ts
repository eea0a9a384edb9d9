/**
 * `undercroft/apollo`: a KeyValueCache for Apollo Server.
 */

import type { KeyValueCache, KeyValueCacheSetOptions } from '@apollo/utils.keyvaluecache'
import { AdapterHome, type AdapterStore } from './shared/adapter-store.ts'
import type { CacheSource } from './shared/cache-source.ts'

export type { CacheSource, GivenCache, OpenCache } from './shared/cache-source.ts'

/** What the options of the cache of Apollo Server add to those of its cache. */
export interface ApolloCacheOptions {
  /** What the keys begin with. @default 'apollo' */
  readonly prefix?: string | undefined
}

/** The options of `UndercroftKeyValueCache`: an open cache, or all options of `Cache.open`. */
export type UndercroftKeyValueCacheOptions = CacheSource & ApolloCacheOptions

/**
 * Keeps the persisted queries and responses of Apollo Server in a shared cache.
 *
 * @example
 * const cache = new UndercroftKeyValueCache({ name: 'apollo', maxItems: 10_000 })
 * const server = new ApolloServer({ typeDefs, resolvers, cache })
 */
export class UndercroftKeyValueCache implements KeyValueCache<string> {
  readonly #home: AdapterHome
  readonly #store: AdapterStore

  /** @throws UndercroftError - UNDERCROFT_OPTION_INVALID, and those of `Cache.open` */
  constructor(options: UndercroftKeyValueCacheOptions) {
    this.#home = new AdapterHome('undercroft/apollo', options, { prefix: true })
    this.#store = this.#home.store(options.prefix ?? 'apollo')
  }

  /** @returns undefined on a miss */
  async get(key: string): Promise<string | undefined> {
    return this.#store.get(key) as string | undefined
  }

  /**
   * @param options - `ttl`: seconds that the value lives; null: for ever; without it, the `ttlMs`
   * of the cache
   */
  async set(key: string, value: string, options?: KeyValueCacheSetOptions): Promise<void> {
    const ttl = options?.ttl
    const ttlMs = ttl === null ? Infinity : ttl && ttl * 1000
    this.#store.set(key, value, ttlMs === undefined ? undefined : { ttlMs })
  }

  /** @returns whether there was a value */
  async delete(key: string): Promise<boolean> {
    return this.#store.delete(key)
  }

  /** Closes the cache if this object opened it. */
  close(): void {
    this.#home.close()
  }
}
