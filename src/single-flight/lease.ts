/**
 * Leases: one process's claim to do the work for a key while all others wait.
 *
 * A lease is an item of its own that only one can add. Its holder renews it; when the holder dies,
 * the item ends by its TTL. Nothing here knows what the work is, or who waits: single-flight.ts.
 */

import { createHash, randomUUID } from 'node:crypto'
import { type CacheKey, type CacheLike, type Clock, NEVER } from '../base/index.ts'

/** What a dead holder costs those who wait, and how long a busy one may fail to renew. */
export const LEASE_MS = 2000

const RENEW_MS = 500

/** A holder that never comes to an end does not keep the key for ever. */
const MAX_RENEWALS = 120

const PREFIX = 'lease:'
const LEASE_TEXT = /^([0-9a-f-]{36}) (\d{1,16}) (\d{1,16})$/

/** What leases are kept in, and by which time. */
export interface LeaseSite {
  readonly cache: CacheLike
  readonly clock: Clock
  /** Told of what failed while nobody was waiting for an answer. */
  readonly onError: (error: unknown) => void
}

/** A lease as its item tells of it. */
export interface HeldLease {
  readonly token: string
  /** When its holder began, by the holder's clock. */
  readonly sinceMs: number
  /** When it ends unless it is renewed, by the holder's clock. */
  readonly untilMs: number
  /** The cache ignores TTLs: the item outlives that moment. */
  readonly isEndless: boolean
}

/** The key of the lease beside a key. Those that share one by chance only wait for each other. */
export function leaseKeyOf(key: CacheKey, maxKeySize: number): string {
  const isPlain = typeof key === 'string' && Buffer.byteLength(key) + PREFIX.length <= maxKeySize
  if (isPlain) return PREFIX + key
  return (PREFIX + createHash('sha256').update(key).digest('base64url')).slice(0, maxKeySize)
}

/** Undefined: nobody holds it. `foreign`: something else has that key. */
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

/** Held from `take` to `end`, unless others had reason to think its holder dead. */
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

  private constructor(site: LeaseSite, leaseKey: string, onEnd: () => void) {
    this.#site = site
    this.#leaseKey = leaseKey
    this.#onEnd = onEnd
    this.#sinceMs = Math.trunc(site.clock.nowMs())
  }

  /** Undefined: another has it, or there is no room for it. `onEnd` is called once, at its end. */
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
   * Whether it is still held; ask before storing what was made. No: another took it over, or it was
   * deleted because what it stands for has changed since it was taken.
   */
  async isHeld(): Promise<boolean> {
    if (this.#isOver) return false
    const held = await readLease(this.#site.cache, this.#leaseKey)
    if (held !== undefined) return held !== 'foreign' && held.token === this.#token
    // Gone before its time: deleted. After its time: this process was too busy to renew it.
    return this.#site.clock.nowMs() >= this.#untilMs && (await this.#write('add'))
  }

  /** Lets others go on. May be called again. */
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
      this.#site.onError(error) // then it ends by its TTL
    } finally {
      this.#onEnd()
    }
  }

  async #write(mode: 'add' | 'replace'): Promise<boolean> {
    const untilMs = Math.trunc(this.#site.clock.nowMs()) + LEASE_MS
    const bytes = Buffer.from(`${this.#token} ${this.#sinceMs} ${untilMs}`, 'latin1')
    const options = { mode, ttlMs: LEASE_MS }
    if (!(await this.#site.cache.setItem(this.#leaseKey, { bytes }, options))) return false
    this.#untilMs = untilMs
    return true
  }

  #renewLater(): void {
    this.#timer = setTimeout(() => {
      this.#renew().catch(error => this.#site.onError(error))
    }, RENEW_MS)
    this.#timer.unref()
  }

  /** One that is gone stays gone: see `isHeld`. */
  async #renew(): Promise<void> {
    const held = await readLease(this.#site.cache, this.#leaseKey)
    if (this.#isOver || held === undefined || held === 'foreign') return
    if (held.token !== this.#token || ++this.#renewals > MAX_RENEWALS) return
    // Ended meanwhile, elsewhere: then there is nothing to replace.
    if ((await this.#write('replace')) && !this.#isOver) this.#renewLater()
  }
}
