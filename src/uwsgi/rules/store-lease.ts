/**
 * Leases of `cachestore` with `lock`: of all requests that miss an item, in all processes, one asks
 * the application, and the others wait for what it stores.
 *
 * The requests that waited are answered by their `cache` rules that had missed. A key whose
 * response turned out not to be storable is remembered for a while; otherwise the waiting requests
 * would ask one after the other.
 */

import type { CacheKey, CacheLike, Clock } from '../../base/index.ts'
import { DEFAULT_WAIT_MS, type Lease, SingleFlight } from '../../single-flight/index.ts'
import type {
  ActionResult,
  MissedRule,
  RouteCache,
  RuleContext,
  RuleDeps,
  StoreLease,
  StoreLeases,
} from './rule-context.ts'

/** How long requests do not wait for a key whose response was not storable. */
const NOT_STORED_MS = 10_000

/** Beyond this many keys the oldest is forgotten: one request then asks alone once more. */
const MAX_NOT_STORED = 1000

/** What leases need of their router. */
export type LeaseDeps = Pick<RuleDeps, 'clock' | 'logOnce'>

/** The leases of one router, each cache's on their own. */
export class RouterLeases implements StoreLeases {
  readonly #deps: LeaseDeps
  readonly #caches = new WeakMap<CacheLike, CacheLeases>()

  constructor(deps: LeaseDeps) {
    this.#deps = deps
  }

  acquireOrWait(
    context: RuleContext,
    { cache }: RouteCache,
    key: CacheKey,
  ): Promise<ActionResult | undefined> | undefined {
    const { missed } = context
    if (cache === undefined || missed === undefined) {
      const why = cache === undefined ? 'in a cache elsewhere' : 'without a rule cache before it'
      const line = `[uwsgi-route] cachestore: lock means nothing ${why}`
      this.#deps.logOnce(`lock ${why}`, line)
      return undefined
    }
    const leases = this.#leasesOf(cache)
    return leases.isKnownNotStored(key) ? undefined : leases.acquireOrWait(context, missed, key)
  }

  #leasesOf(cache: CacheLike): CacheLeases {
    const known = this.#caches.get(cache)
    if (known !== undefined) return known
    const fresh = new CacheLeases(cache, this.#deps)
    this.#caches.set(cache, fresh)
    return fresh
  }
}

class CacheLeases {
  readonly #flight: SingleFlight
  readonly #clock: Clock
  readonly #logOnce: RuleDeps['logOnce']
  /** The end of each key's memory, the oldest key first. */
  readonly #notStored = new Map<string, number>()

  constructor(cache: CacheLike, { clock, logOnce }: LeaseDeps) {
    const onError = (error: unknown) => this.#report(error)
    this.#flight = new SingleFlight({ cache, clock, onError })
    this.#clock = clock
    this.#logOnce = logOnce
  }

  isKnownNotStored(key: CacheKey): boolean {
    const untilMs = this.#notStored.get(nameOf(key))
    return untilMs !== undefined && this.#clock.elapsedMs() < untilMs
  }

  async acquireOrWait(
    context: RuleContext,
    missed: readonly MissedRule[],
    key: CacheKey,
  ): Promise<ActionResult | undefined> {
    // A key that is not worth waiting for counts as found, so that waiting requests continue.
    const find = () =>
      this.isKnownNotStored(key) || missed.some(rule => rule.isThere()) || undefined
    try {
      const acquisition = await this.#flight.acquireOrWait(key, find, DEFAULT_WAIT_MS)
      if (acquisition.kind === 'found') return answerOf(missed)
      if (acquisition.kind === 'leader') context.lease = this.#storeLeaseOf(key, acquisition.lease)
    } catch (error) {
      this.#report(error)
    }
    return undefined
  }

  #storeLeaseOf(key: CacheKey, lease: Lease): StoreLease {
    let isOver = false
    return {
      end: isStorable => {
        if (isOver) return
        isOver = true
        if (!isStorable) this.#remember(nameOf(key))
        void lease.end()
      },
    }
  }

  #remember(name: string): void {
    this.#notStored.delete(name)
    this.#notStored.set(name, this.#clock.elapsedMs() + NOT_STORED_MS)
    const [oldest] = this.#notStored.keys()
    if (this.#notStored.size > MAX_NOT_STORED && oldest !== undefined) {
      this.#notStored.delete(oldest)
    }
  }

  #report(error: unknown): void {
    this.#logOnce('leases', `[uwsgi-route] cachestore: lock failed: ${error}`)
  }
}

/** Asks the first rule whose cache has the item now. */
function answerOf(missed: readonly MissedRule[]): ActionResult | undefined {
  const there = missed.find(rule => rule.isThere())
  const result = there?.ask()
  return result === 'next' ? undefined : result
}

function nameOf(key: CacheKey): string {
  return typeof key === 'string' ? key : Buffer.from(key).toString('latin1')
}
