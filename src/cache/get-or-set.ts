/**
 * Getting what may have to be loaded first: once, however many processes want it.
 */

import {
  type CacheKey,
  type CacheLike,
  type Clock,
  invalidOption,
  type OptionNames,
  requireDuration,
  type TtlOptions,
} from '../base/index.ts'
import { DEFAULT_WAIT_MS, MAX_WAIT_MS, SingleFlight } from '../single-flight/index.ts'

/** How `getOrSet` loads. */
export interface GetOrSetOptions extends TtlOptions {
  /**
   * Most milliseconds to wait for the load of another process, before loading as well; up to
   * 600000. @default 5000
   */
  readonly waitMs?: number | undefined
}

export const GET_OR_SET_OPTION_NAMES: OptionNames<GetOrSetOptions> = { ttlMs: true, waitMs: true }

/** The part of a cache that loading needs. */
interface LoadingCache<V> extends CacheLike {
  has(key: CacheKey): boolean
  get(key: CacheKey): V | undefined
  set(key: CacheKey, value: V, options?: TtlOptions): boolean
}

/** One for each open cache, made when it is first needed. */
export class Loader<V> {
  readonly #cache: LoadingCache<V>
  readonly #flight: SingleFlight
  readonly #loads = new Map<string, Promise<V>>()

  constructor(cache: LoadingCache<V>, clock: Clock) {
    this.#cache = cache
    this.#flight = new SingleFlight({ cache, clock, onError: ignore })
  }

  async load(key: CacheKey, load: () => V | Promise<V>, options: GetOrSetOptions = {}): Promise<V> {
    const waitMs = requireDuration('waitMs', options.waitMs ?? DEFAULT_WAIT_MS)
    if (waitMs > MAX_WAIT_MS) throw invalidOption('waitMs', `at most ${MAX_WAIT_MS}`, waitMs)
    if (typeof load !== 'function') throw invalidOption('load', 'a function', load)
    const name =
      typeof key === 'string' ? `text ${key}` : `bytes ${Buffer.from(key).toString('hex')}`
    const current = this.#loads.get(name)
    if (current !== undefined) {
      const value = await current
      // A copy of one's own where there is one, as any other get gives.
      return this.#cache.get(key) ?? value
    }
    const own = this.#loadOnce(key, load, { ...options, waitMs })
    this.#loads.set(name, own)
    try {
      return await own
    } finally {
      this.#loads.delete(name)
    }
  }

  async #loadOnce(
    key: CacheKey,
    load: () => V | Promise<V>,
    options: GetOrSetOptions & { readonly waitMs: number },
  ): Promise<V> {
    // `has` first: a look that finds nothing is not another miss.
    const find = () => (this.#cache.has(key) ? this.#cache.get(key) : undefined)
    const turn = await this.#flight.enter(key, find, options.waitMs)
    if (turn.kind === 'found') return turn.found
    const lease = turn.kind === 'lead' ? turn.lease : undefined
    try {
      const value = await load()
      if (value !== undefined) this.#cache.set(key, value, { ttlMs: options.ttlMs })
      return value
    } finally {
      await lease?.end()
    }
  }
}

/** A lease that cannot be renewed or ended ends by its TTL. */
function ignore(): void {}
