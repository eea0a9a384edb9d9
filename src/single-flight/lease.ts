/**
 * Manages leases. A lease lets one process do the work for a key while all others wait.
 *
 * A lease is a separate item, which only one process can add. The holder renews the lease. If the
 * holder dies, the item ends by its TTL. Only single-flight.ts knows the work and the waiters.
 */

import { createHash, randomUUID } from 'node:crypto'
import {
  type CacheKey,
  type CacheLike,
  type CircumstanceOptions,
  type Clock,
  NEVER,
  type SetItemOptions,
  TAKES_PINNED,
  UndercroftError,
} from '../base/index.ts'

/** How long waiters wait for a dead holder, and how long a busy holder may fail to renew. */
export const LEASE_MS = 2000

const RENEW_MS = 500

/** Maximum of renewals, so that a holder that never ends does not hold the lease for ever. */
const MAX_RENEWALS = 120

const PREFIX = 'lease:'
const LEASE_TEXT = /^([0-9a-f-]{36}) (\d{1,16}) (\d{1,16})$/

/** The cache and the clock of leases. */
export interface LeaseSite {
  readonly cache: CacheLike
  readonly clock: Clock
  /** Called with each failure that occurs while no caller waits for a result. */
  readonly onError: (error: unknown) => void
}

/** The content of a lease's item. */
export interface HeldLease {
  readonly token: string
  /** When the holder took the lease, by the holder's clock. */
  readonly sinceMs: number
  /** When the lease ends unless the holder renews it, by the holder's clock. */
  readonly untilMs: number
  /** True if the cache ignores TTLs, so that the item outlives `untilMs`. */
  readonly isEndless: boolean
}

/** @returns the key of a key's lease */
export function leaseKeyOf(key: CacheKey, maxKeySize: number): string {
  return companionKeyOf(PREFIX, key, maxKeySize)
}

/**
 * @returns the key of an item that accompanies the item of a key, such as its lease; keys that
 *   share one by chance wait for each other
 */
export function companionKeyOf(prefix: string, key: CacheKey, maxKeySize: number): string {
  const isPlain = typeof key === 'string' && Buffer.byteLength(key) + prefix.length <= maxKeySize
  if (isPlain) return prefix + key
  return (prefix + createHash('sha256').update(key).digest('base64url')).slice(0, maxKeySize)
}

/** @returns undefined if no process holds the lease; `foreign` if another item has the key */
export async function readLease(
  cache: CacheLike,
  leaseKey: string,
): Promise<HeldLease | 'foreign' | undefined> {
  const item = await cache.getItem(leaseKey)
  if (item === undefined) return undefined
  const [, token, sinceMs, untilMs] = LEASE_TEXT.exec(item.bytes.toString('latin1')) ?? []
  if (token === undefined) return 'foreign'
  const isEndless = item.expiresAtMs === NEVER
  return { token, sinceMs: Number(sinceMs), untilMs: Number(untilMs), isEndless }
}

/** A lease that this process holds from `take` to `end`, unless others took its holder for dead. */
export class Lease {
  readonly #site: LeaseSite
  readonly #leaseKey: string
  readonly #onEnd: () => void
  readonly #token = randomUUID()
  readonly #sinceMs: number
  #untilMs = 0
  #renewals = 0
  #timer: NodeJS.Timeout | undefined
  #isOver = false
  /** True if a renewal found the lease deleted, or taken over. */
  #isLost = false

  private constructor(site: LeaseSite, leaseKey: string, onEnd: () => void) {
    this.#site = site
    this.#leaseKey = leaseKey
    this.#onEnd = onEnd
    this.#sinceMs = Math.trunc(site.clock.nowMs())
  }

  /**
   * Takes the lease.
   *
   * @param onEnd - is called once, at the end of the lease
   * @returns undefined if another process holds the lease, or if the cache has no room for it
   */
  static async take(
    site: LeaseSite,
    leaseKey: string,
    onEnd: () => void,
  ): Promise<Lease | undefined> {
    const lease = new Lease(site, leaseKey, onEnd)
    if (!(await lease.#write('add'))) return undefined
    lease.#renewLater()
    return lease
  }

  /**
   * Callers ask this before they store the result of their work.
   *
   * @returns false if another process took over the lease, or if the lease was deleted because the
   * source of the work has changed since
   */
  async isHeld(): Promise<boolean> {
    if (this.#isOver || this.#isLost) return false
    const held = await readLease(this.#site.cache, this.#leaseKey)
    if (held !== undefined) return held !== 'foreign' && held.token === this.#token
    // A lease that is gone before its end was deleted. A lease that is gone after its end was not
    // renewed, because this process was too busy.
    return this.#site.clock.nowMs() >= this.#untilMs && (await this.#write('add'))
  }

  /** Ends the lease, so that waiters continue. May be called again. */
  async end(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    try {
      const held = await readLease(this.#site.cache, this.#leaseKey)
      if (held !== undefined && held !== 'foreign' && held.token === this.#token) {
        await this.#site.cache.delete(this.#leaseKey)
      }
    } catch (error) {
      this.#site.onError(error) // The lease ends by its TTL.
    } finally {
      this.#onEnd()
    }
  }

  async #write(mode: 'add' | 'replace'): Promise<boolean> {
    const untilMs = Math.trunc(this.#site.clock.nowMs()) + LEASE_MS
    const bytes = Buffer.from(`${this.#token} ${this.#sinceMs} ${untilMs}`, 'latin1')
    if (!(await this.#store(bytes, { mode, ttlMs: LEASE_MS }))) return false
    this.#untilMs = untilMs
    return true
  }

  /** Pins the lease where the cache can. Where no more can be pinned, the lease can be evicted. */
  async #store(bytes: Buffer, options: SetItemOptions): Promise<boolean> {
    const { cache } = this.#site
    if (cache[TAKES_PINNED] !== true) return cache.setItem(this.#leaseKey, { bytes }, options)
    const pinned: SetItemOptions & CircumstanceOptions = { ...options, pinned: true }
    try {
      return await cache.setItem(this.#leaseKey, { bytes }, pinned)
    } catch (error) {
      if (!(error instanceof UndercroftError) || error.code !== 'UNDERCROFT_PINS_FULL') throw error
      return cache.setItem(this.#leaseKey, { bytes }, options)
    }
  }

  #renewLater(): void {
    this.#timer = setTimeout(() => {
      this.#renew().catch(error => this.#site.onError(error))
    }, RENEW_MS)
    this.#timer.unref()
  }

  /** Renews the lease if it is still there. `isHeld` decides about a lease that has ended. */
  async #renew(): Promise<void> {
    const held = await readLease(this.#site.cache, this.#leaseKey)
    if (this.#isOver) return
    if (held === undefined || held === 'foreign' || held.token !== this.#token) {
      this.#isLost = held !== undefined || this.#site.clock.nowMs() < this.#untilMs
      return
    }
    if (++this.#renewals > MAX_RENEWALS) return
    // If another process ended the lease meanwhile, the write has nothing to replace.
    if ((await this.#write('replace')) && !this.#isOver) this.#renewLater()
  }
}
