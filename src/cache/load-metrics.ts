/**
 * Counts loads, the callers that wait for them, and the stale values that callers get meanwhile.
 */

import type { CacheEntry, Clock } from '../base/index.ts'
import { LOAD_CHANNEL, type LoadMessage } from './diagnostics.ts'
import type { CacheLifetime } from './lifetime.ts'

export class LoadMetrics {
  readonly #lifetime: CacheLifetime
  readonly #clock: Clock

  constructor(lifetime: CacheLifetime, clock: Clock) {
    this.#lifetime = lifetime
    this.#clock = clock
  }

  /** Measures and publishes a load. One that ends after the cache was closed is not counted. */
  async measure(message: LoadMessage, load: () => Promise<unknown>): Promise<unknown> {
    const startMs = this.#clock.elapsedMs()
    try {
      return await (LOAD_CHANNEL.hasSubscribers ? LOAD_CHANNEL.tracePromise(load, message) : load())
    } catch (error) {
      this.#lifetime.engine?.metrics.countLoadFailure()
      throw error
    } finally {
      this.#lifetime.engine?.metrics.loads.count(this.#clock.elapsedMs() - startMs)
    }
  }

  countWait(): void {
    this.#lifetime.use().metrics.countLoadWait()
  }

  /** Counts a stale value that a caller gets. */
  countStale({ value }: CacheEntry<unknown>): unknown {
    this.#lifetime.use().countStaleHit()
    return value
  }
}
