/**
 * Gets a value, and loads it on a miss. All callers and processes that miss at once share one load.
 *
 * A stale value is returned at once while one process loads, or when a load fails or takes long.
 */

import {
  type Awaitable,
  type CacheEntry,
  type CacheKey,
  type CacheLike,
  type Clock,
  invalidOption,
  TAKES_PINNED,
  UndercroftError,
} from '../base/index.ts'
import { copyStored, type ValueCodec } from '../codecs/index.ts'
import { type Lease, leaseKeyOf, SingleFlight } from '../single-flight/index.ts'
import type { Expiry } from './expiry.ts'
import type { ItemWrites } from './item-writes.ts'
import type { CacheLifetime } from './lifetime.ts'
import { LoadCall, type LoadContext } from './load-call.ts'
import { LoadFailures } from './load-failures.ts'
import { LoadMetrics } from './load-metrics.ts'
import { type GetOrSetOptions, type LoadPlan, planLoad } from './load-options.ts'
import { type Loaded, LoadedItems } from './loaded-items.ts'
import { isRefreshDue } from './refresh-ahead.ts'
import { LATE, waitFor } from './wait-for.ts'

/** Maximum of background loads of a process. With more, stale values are not refreshed yet. */
const MAX_REFRESHES = 1000

/** The parts of a cache that loading needs. */
export interface LoaderSite {
  readonly name: string
  readonly cache: CacheLike
  readonly maxKeySize: number
  readonly lifetime: CacheLifetime
  readonly writes: ItemWrites
  readonly expiry: Expiry
  readonly clock: Clock
  readonly values: ValueCodec
  readonly onError: (error: unknown) => void
}

/**
 * Loads a value of any type, so that a cache of one type of values is a cache of unknown ones, too.
 */
export type Load = (context: LoadContext<unknown>) => Awaitable<unknown>

interface Order {
  readonly key: CacheKey
  /** The key as a string. */
  readonly name: string
  readonly load: Load
  readonly plan: LoadPlan
}

/** A load of this process that others wait for. */
interface CurrentLoad {
  readonly loaded: Promise<Loaded>
  readonly sinceMs: number
}

/** The result of a refresh that did not load. */
const NOT_LOADED = { value: undefined, isCurrent: false } as const

export class Loader {
  readonly #site: LoaderSite
  readonly #items: LoadedItems
  readonly #clock: Clock
  readonly #singleFlight: SingleFlight
  readonly #loads = new Map<string, CurrentLoad>()
  readonly #calls = new Set<LoadCall>()
  readonly #failures: LoadFailures
  readonly #metrics: LoadMetrics
  #refreshCount = 0

  constructor(site: LoaderSite) {
    const { cache, maxKeySize, lifetime, writes, values, clock } = site
    this.#site = site
    this.#items = new LoadedItems(lifetime, writes, values)
    this.#clock = clock
    this.#failures = new LoadFailures(clock, site.onError)
    this.#metrics = new LoadMetrics(lifetime, clock)
    const leases: CacheLike = {
      maxKeySize,
      [TAKES_PINNED]: true,
      has: key => cache.has(key),
      // Counts nothing: a lease is not an item of the caller.
      getItem(key) {
        const engine = lifetime.use()
        const found = engine.peek(key, copyStored)
        return found && { ...values.unpack(found), expiresAtMs: engine.found.expiresAtMs }
      },
      setItem: (key, value, options) => cache.setItem(key, value, options),
      delete: key => cache.delete(key),
    }
    this.#singleFlight = new SingleFlight({ cache: leases, clock, onError: ignore })
  }

  /** Returns a value after `get` found none. */
  async load(key: CacheKey, load: Load, options: GetOrSetOptions = {}): Promise<unknown> {
    const order = this.#order(key, load, options)
    const { plan } = order
    const entry = this.#items.peekValid(key)
    if (entry !== undefined) {
      if (!entry.isStale) return entry.value
      const staleForMs = this.#staleForMs(entry)
      if (staleForMs < plan.staleMs) {
        this.#refresh(order, entry)
        return this.#metrics.countStale(entry)
      }
      if (staleForMs < plan.keepStaleMs && this.#failures.isRecent(order.name)) {
        return this.#metrics.countStale(entry)
      }
    }
    return plan.keepStaleMs === 0 ? this.#loadOrWait(order) : this.#loadOrKeepOld(order)
  }

  /** Loads the value in the background if the item ends soon that `get` found last. */
  refreshAhead(key: CacheKey, load: Load, options: GetOrSetOptions): void {
    const { refreshAheadMs = 0 } = options
    const { lifetime, expiry } = this.#site
    const leftMs = expiry.until(lifetime.use().foundEndsAtMs)
    if (!isRefreshDue(leftMs, refreshAheadMs)) return
    const order = this.#order(key, load, options)
    const entry = this.#items.peekFresh(key)
    if (entry !== undefined) this.#refresh(order, entry)
  }

  /**
   * Keeps a load that runs from being stored, because its key was deleted.
   *
   * @returns whether a process loads the key
   */
  revoke(key: CacheKey): boolean {
    const engine = this.#site.lifetime.use()
    const leaseKey = leaseKeyOf(key, this.#site.maxKeySize)
    return engine.has(leaseKey) && engine.delete(leaseKey)
  }

  /** Ends all loads of this process. */
  close(): void {
    const reason = new UndercroftError('UNDERCROFT_CLOSED', 'the cache was closed during a load')
    for (const call of this.#calls) call.abort(reason)
  }

  #order(key: CacheKey, load: Load, options: GetOrSetOptions): Order {
    if (typeof load !== 'function') throw invalidOption('load', 'a function', load)
    const plan = planLoad(options, this.#site.expiry.defaultTtlMs)
    const name =
      typeof key === 'string' ? `text ${key}` : `bytes ${Buffer.from(key).toString('hex')}`
    return { key, name, load, plan }
  }

  /** Loads the value, or returns the old one if the load fails or takes too long. */
  async #loadOrKeepOld(order: Order): Promise<unknown> {
    const value = this.#loadOrWait(order)
    value.catch(ignore) // it may fail after the caller got the old value
    try {
      const first = await waitFor(value, order.plan.softTimeoutMs)
      if (first !== LATE) return first
      const old = this.#findOld(order)
      if (old === undefined) return await value
      value.catch(error => this.#noteFailure(order, error))
      return this.#metrics.countStale(old)
    } catch (error) {
      // Read after the load: a tag that was deleted meanwhile took the old value along.
      const old = this.#site.lifetime.engine && this.#findOld(order)
      if (old === undefined) throw error
      this.#noteFailure(order, error)
      return this.#metrics.countStale(old)
    }
  }

  async #loadOrWait(order: Order): Promise<unknown> {
    const { key, name, plan } = order
    const deadlineMs = this.#clock.elapsedMs() + plan.waitMs
    for (;;) {
      const leftMs = deadlineMs - this.#clock.elapsedMs()
      const current = this.#loads.get(name)
      if (current === undefined) return this.#begin(order, leftMs)
      // All waiters measure `waitMs` from the start of one load, as other processes do with a
      // lease.
      const patienceMs = Math.min(leftMs, current.sinceMs + plan.waitMs - this.#clock.elapsedMs())
      this.#metrics.countWait()
      const loaded = await waitFor(current.loaded, patienceMs)
      if (loaded !== LATE) {
        // If the item is there, the caller gets a separate copy, as from any other get.
        const entry = this.#items.peekFresh(key)
        if (entry !== undefined) return entry.value
        if (loaded.isCurrent) return loaded.value
      }
      // The first waiter that gave up on a load loads. The others wait for that load while they
      // can.
      const isStillCurrent = this.#loads.get(name) === current
      if (isStillCurrent || deadlineMs <= this.#clock.elapsedMs()) return this.#begin(order, 0)
    }
  }

  /** Loads the value. Later callers of this process wait for this load. */
  async #begin(order: Order, waitMs: number): Promise<unknown> {
    const { value } = await this.#publish(order, this.#loadOnce(order, Math.max(0, waitMs)))
    return value
  }

  async #publish(order: Order, loaded: Promise<Loaded>): Promise<Loaded> {
    const own = { loaded, sinceMs: this.#clock.elapsedMs() }
    this.#loads.set(order.name, own)
    try {
      return await loaded
    } finally {
      if (this.#loads.get(order.name) === own) this.#loads.delete(order.name)
    }
  }

  async #loadOnce(order: Order, waitMs: number): Promise<Loaded> {
    const { key } = order
    const find = () => this.#items.peekFresh(key)
    const acquisition = await this.#singleFlight.acquireOrWait(key, find, waitMs)
    if (acquisition.kind === 'found') {
      if (acquisition.waited) this.#metrics.countWait()
      return { value: acquisition.found.value, isCurrent: true }
    }
    return this.#call(order, acquisition.kind === 'leader' ? acquisition.lease : undefined)
  }

  /** Loads in the background, unless a process does so already. */
  #refresh(order: Order, seen: CacheEntry<unknown>): void {
    const isPossible = this.#refreshCount < MAX_REFRESHES && !this.#loads.has(order.name)
    if (!isPossible || this.#failures.isRecent(order.name)) return
    this.#refreshCount++
    this.#publish(order, this.#refreshOnce(order, seen))
      .catch(error => this.#noteFailure(order, error))
      .finally(() => this.#refreshCount--)
  }

  async #refreshOnce(order: Order, seen: CacheEntry<unknown>): Promise<Loaded> {
    const lease = await this.#singleFlight.tryAcquire(order.key)
    if (lease === undefined) return NOT_LOADED
    // Another process may have refreshed the item before this one got the lease.
    if (this.#items.peek(order.key)?.version === seen.version) {
      return this.#call(order, lease, true)
    }
    await lease.end()
    return NOT_LOADED
  }

  async #call(order: Order, lease: Lease | undefined, isBackground = false): Promise<Loaded> {
    const { key, load, plan } = order
    let call: LoadCall | undefined
    try {
      const start = this.#items.begin(key)
      const running = new LoadCall(start.entry?.value)
      call = running
      this.#calls.add(call)
      const { name: cache } = this.#site
      const value = await this.#metrics.measure({ cache, key, isBackground }, () =>
        running.run(key, load, plan.timeoutMs, isBackground),
      )
      const loaded = await this.#items.keep(key, value, call, plan, start, lease)
      this.#failures.forget(order.name)
      return loaded
    } finally {
      if (call !== undefined) this.#calls.delete(call)
      await lease?.end()
    }
  }

  #findOld({ key, plan }: Order): CacheEntry<unknown> | undefined {
    const entry = this.#items.peekValid(key)
    return entry !== undefined && this.#staleForMs(entry) < plan.keepStaleMs ? entry : undefined
  }

  /** 0 if a tag was deleted softly before the end of the TTL. */
  #staleForMs({ freshUntilMs }: CacheEntry<unknown>): number {
    return Math.max(0, this.#clock.nowMs() - freshUntilMs)
  }

  /** Notes a failure that no caller sees. */
  #noteFailure({ name }: Order, error: unknown): void {
    if (this.#site.lifetime.engine === undefined) return // A cache that is closed loads nothing.
    this.#failures.note(name, error)
  }
}

/**
 * Ignores a failure: of a lease, which then ends by its TTL, or of a load that is noted elsewhere.
 */
function ignore(): void {}
