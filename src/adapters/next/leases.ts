/**
 * One render of a key in all processes: the process that misses takes a lease, and the others wait
 * for its entry.
 *
 * A lease is short, because some renders never store: then the others render themselves after it.
 * Killed while holding one: it ends by its TTL.
 */

import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { AdapterHome, AdapterStore } from '../shared/adapter-store.ts'

/** How long others wait for a render. A slower one is done by each process that waits. */
const LEASE_MS = 2000
const POLL_MS = 20
/** Leases of this process that no store has ended; older ones are forgotten. */
const MAX_OWN = 1000

interface OwnLease {
  readonly token: string
  readonly beganAtMs: number
}

/** The leases of one project. */
export class Leases {
  readonly #home: AdapterHome
  readonly #store: AdapterStore
  readonly #own = new Map<string, OwnLease>()

  constructor(home: AdapterHome, prefix: string) {
    this.#home = home
    this.#store = home.store(`${prefix}-leases`)
  }

  /**
   * Takes the lease of a key, or waits for the entry that its holder makes.
   *
   * @returns the entry; undefined if this caller is to make it
   */
  async takeOrWait<T>(key: string, read: () => T | undefined): Promise<T | undefined> {
    const beganAtMs = this.#home.nowMs()
    const own = this.#own.get(key)
    // Next.js itself joins the requests of one process.
    if (own !== undefined && beganAtMs - own.beganAtMs < LEASE_MS) return undefined
    const token = randomUUID()
    if (this.#store.add(key, token, { ttlMs: LEASE_MS })) {
      this.#remember(key, { token, beganAtMs })
      // Its holder may have stored between the miss of this caller and the lease.
      return this.#unlessMade(key, read())
    }
    for (let waitedMs = 0; waitedMs < LEASE_MS; waitedMs += POLL_MS) {
      if (!this.#store.has(key)) break
      await delay(POLL_MS)
      const entry = read()
      if (entry !== undefined) return entry
    }
    this.#remember(key, { token, beganAtMs: this.#home.nowMs() })
    return this.#unlessMade(key, read())
  }

  /** @returns when the render of this process began; now, if it has no lease */
  beganAtMs(key: string): number {
    return this.#own.get(key)?.beganAtMs ?? this.#home.nowMs()
  }

  /** Ends the lease of this process, after its entry was stored or given up. */
  release(key: string): void {
    const own = this.#own.get(key)
    this.#own.delete(key)
    if (own !== undefined && this.#store.get(key) === own.token) this.#store.delete(key)
  }

  #unlessMade<T>(key: string, entry: T | undefined): T | undefined {
    if (entry !== undefined) this.release(key)
    return entry
  }

  #remember(key: string, lease: OwnLease): void {
    const [oldest] = this.#own.keys()
    if (this.#own.size >= MAX_OWN && oldest !== undefined) this.#own.delete(oldest)
    this.#own.set(key, lease)
  }
}
