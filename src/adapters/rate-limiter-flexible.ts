/**
 * `undercroft/rate-limiter-flexible`: a limiter of rate-limiter-flexible over a shared cache.
 */

import {
  type IRateLimiterStoreOptions,
  RateLimiterRes,
  type RateLimiterStoreAbstract,
} from 'rate-limiter-flexible'
// @ts-expect-error The package declares this class for its index, which does not export it.
import StoreAbstractOfPeer from 'rate-limiter-flexible/lib/RateLimiterStoreAbstract.js'
import type { CounterEntry } from '../base/index.ts'
import { AdapterHome, type AdapterStore } from './shared/adapter-store.ts'
import type { CacheSource } from './shared/cache-source.ts'

export type { CacheSource, GivenCache, OpenCache } from './shared/cache-source.ts'

/** What the options of a limiter add to those of its cache; see rate-limiter-flexible. */
export type LimiterOptions = Omit<
  IRateLimiterStoreOptions,
  'storeClient' | 'storeType' | 'dbName' | 'tableName' | 'tableCreated' | 'clearExpiredByTimeout'
>

/** The options of `RateLimiterUndercroft`: an open cache, or all options of `Cache.open`. */
export type RateLimiterUndercroftOptions = CacheSource & LimiterOptions

const OWN_NAMES: Readonly<Record<keyof LimiterOptions, true>> = {
  points: true,
  duration: true,
  blockDuration: true,
  execEvenly: true,
  execEvenlyMinDelayMs: true,
  keyPrefix: true,
  blockOnConsumed: true,
  inMemoryBlockOnConsumed: true,
  inMemoryBlockDuration: true,
  insuranceLimiter: true,
}
const StoreAbstract: typeof RateLimiterStoreAbstract = StoreAbstractOfPeer
/** The prefix of a limiter whose `keyPrefix` is empty. */
const NO_PREFIX = 'rate-limiter-flexible'

/** This limiter rejects where the cache fails, so that an `insuranceLimiter` takes over. */
class RejectingHome extends AdapterHome {
  override report(error: unknown): never {
    throw error
  }
}

/**
 * Limits by points in a shared cache, exactly over all processes. It has all methods and options of
 * the limiters of rate-limiter-flexible except those of a `storeClient`.
 *
 * @example
 * const limit = { keyPrefix: 'login', points: 5, duration: 60 }
 * const login = new RateLimiterUndercroft({ name: 'limits', maxItems: 100_000, ...limit })
 * await login.consume(email) // rejects at the sixth within a minute
 */
export class RateLimiterUndercroft extends StoreAbstract {
  readonly #home: AdapterHome
  readonly #store: AdapterStore

  /**
   * @throws UndercroftError - UNDERCROFT_OPTION_INVALID, and those of `Cache.open`. Also
   * _SHARING_UNAVAILABLE, unless `memory` says otherwise
   */
  constructor(options: RateLimiterUndercroftOptions) {
    super(options as unknown as IRateLimiterStoreOptions)
    this.#home = new RejectingHome('undercroft/rate-limiter-flexible', options, OWN_NAMES, 'shared')
    this.#store = this.#home.store(this.keyPrefix || NO_PREFIX)
  }

  /** Closes the cache if this limiter opened it. */
  close(): void {
    this.#home.close()
  }

  /** @internal */
  async _upsert(
    rlKey: string,
    points: number,
    msDuration: number,
    forceExpire = false,
  ): Promise<CounterEntry> {
    const key = this.parseKey(rlKey)
    const windowMs = msDuration > 0 ? msDuration : Infinity
    const counted = forceExpire
      ? this.#store.setCount(key, points, windowMs)
      : this.#store.count(key, points, windowMs)
    if (!counted) throw new Error(`${this.#home.adapter}: the cache is full`)
    // The caller of a set does not read the result.
    return counted === true ? { value: points, expiresAtMs: Infinity } : counted
  }

  /** @internal */
  async _get(rlKey: string): Promise<CounterEntry | null> {
    return this.#store.readCount(this.parseKey(rlKey)) ?? null
  }

  /** @internal */
  async _delete(rlKey: string): Promise<boolean> {
    return this.#store.delete(this.parseKey(rlKey))
  }

  /** @internal */
  _getRateLimiterRes(
    _rlKey: string,
    changedPoints: number,
    { value, expiresAtMs }: CounterEntry,
  ): RateLimiterRes {
    const isEndless = expiresAtMs === Infinity
    return new RateLimiterRes(
      Math.max(this.points - value, 0),
      isEndless ? -1 : Math.max(0, expiresAtMs - this.#home.nowMs()),
      value,
      value === changedPoints,
    )
  }
}
