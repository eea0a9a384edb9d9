/**
 * `undercroft/rate-limit`: a store for express-rate-limit.
 */

import type { ClientRateLimitInfo, IncrementResponse, Options, Store } from 'express-rate-limit'
import type { CounterEntry } from '../base/index.ts'
import { AdapterHome, type AdapterStore } from './shared/adapter-store.ts'
import type { CacheSource } from './shared/cache-source.ts'

export type { CacheSource, GivenCache, OpenCache } from './shared/cache-source.ts'

/** What the options of a rate limit store add to those of its cache. */
export interface RateLimitStoreOptions {
  /** What the keys begin with. Two limits over one cache need two prefixes. @default 'rl' */
  readonly prefix?: string | undefined
}

/** The options of `UndercroftStore`: an open cache, or all options of `Cache.open`. */
export type UndercroftStoreOptions = CacheSource & RateLimitStoreOptions

/** That of express-rate-limit, for hits before `init`. */
const DEFAULT_WINDOW_MS = 60_000

/** The count of a hit that the cache could not count: the first of a window that begins now. */
const LET_THROUGH: CounterEntry = { value: 1, expiresAtMs: Infinity }

/**
 * Counts the requests of each client in a shared cache, exactly over all processes.
 *
 * A window begins with the first hit of a client, and later hits do not move its end. If the cache
 * cannot count, it lets requests through, with one warning.
 *
 * @example
 * const store = new UndercroftStore({ name: 'limits', maxItems: 100_000, prefix: 'api' })
 * app.use(rateLimit({ windowMs: 60_000, limit: 100, store }))
 */
export class UndercroftStore implements Store {
  /** Other processes count under the same keys. */
  readonly localKeys = false
  /** What the keys begin with. express-rate-limit compares it to find limits that count twice. */
  readonly prefix: string
  readonly #home: AdapterHome
  readonly #store: AdapterStore
  #windowMs = DEFAULT_WINDOW_MS

  /**
   * @throws UndercroftError - UNDERCROFT_OPTION_INVALID, and those of `Cache.open`. Also
   * _SHARING_UNAVAILABLE, unless `memory` says otherwise
   */
  constructor(options: UndercroftStoreOptions) {
    this.#home = new AdapterHome('undercroft/rate-limit', options, { prefix: true }, 'shared')
    this.prefix = options.prefix ?? 'rl'
    this.#store = this.#home.store(this.prefix)
  }

  /** Takes the window of the limit. */
  init({ windowMs }: Pick<Options, 'windowMs'>): void {
    this.#windowMs = windowMs
  }

  /** Returns the hits of a client, and the end of its window; undefined before its first hit. */
  get(key: string): ClientRateLimitInfo | undefined {
    const counted = this.#store.readCount(key)
    return counted && this.#info(counted)
  }

  /** Counts a hit. */
  increment(key: string): IncrementResponse {
    return this.#info(this.#store.count(key, 1, this.#windowMs) ?? LET_THROUGH)
  }

  /** Takes back a hit. Does nothing if the window is over, and never counts below 0. */
  decrement(key: string): void {
    this.#store.uncount(key, 1)
  }

  /** Forgets the hits of a client. */
  resetKey(key: string): void {
    this.#store.delete(key)
  }

  /** Forgets the hits of all clients of this prefix, in constant time. */
  resetAll(): void {
    this.#store.clear()
  }

  /** Closes the cache if this store opened it. */
  shutdown(): void {
    this.#home.close()
  }

  #info({ value, expiresAtMs }: CounterEntry): ClientRateLimitInfo {
    const atMs = expiresAtMs === Infinity ? this.#home.nowMs() + this.#windowMs : expiresAtMs
    return { totalHits: Math.max(0, value), resetTime: new Date(atMs) }
  }
}
