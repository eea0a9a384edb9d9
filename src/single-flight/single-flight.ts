/**
 * Single-flight: of all callers that miss the same key, in all processes, one makes the value.
 *
 * Within a process, the first caller of a key is the leader, and all others are waiters. The
 * leaders of all processes try for a lease (lease.ts). The one that gets it leads all processes,
 * and the others look every few milliseconds whether the lease is gone. A caller that waits too
 * long continues alone. The caller decides what the value is, and where it is stored.
 */

import { type Awaitable, type CacheKey, type Clock, DEFAULT_MAX_KEY_SIZE } from '../base/index.ts'
import { type HeldLease, Lease, type LeaseSite, leaseKeyOf, readLease } from './lease.ts'
import { poll } from './poll.ts'

/** The default of nginx, too: https://nginx.org/r/proxy_cache_lock_timeout */
export const DEFAULT_WAIT_MS = 5000
export const MAX_WAIT_MS = 600_000

/** Maximum of waiters in this process, to limit memory. Further callers continue alone. */
export const MAX_WAITING = 10_000

/** Refusals of a lease that no process holds, until the cache counts as too full for a lease. */
const MAX_REFUSALS = 3

/** The result of `acquireOrWait`: the value is there now, or the caller has to make it. */
export type Acquisition<T> =
  | { readonly kind: 'found'; readonly found: T; readonly waited: boolean }
  /** The caller makes the value, stores it if `lease.isHeld()`, and always calls `lease.end()`. */
  | { readonly kind: 'leader'; readonly lease: Lease }
  /** The caller makes the value for itself: the wait was too long, or a lease has no room. */
  | { readonly kind: 'alone' }

const ALONE = { kind: 'alone' } as const

/**
 * The first caller of this process that asks for a key: the only one that tries for the lease, and
 * that the waiters of this process follow.
 */
interface LocalLeader<T> {
  readonly leaseKey: string
  readonly find: () => Awaitable<T | undefined>
  readonly waitMs: number
  readonly deadlineMs: number
}

/** Finds a leader for the keys of one cache, together with all processes that share the cache. */
export class SingleFlight {
  readonly #site: LeaseSite
  readonly #clock: Clock
  readonly #queues = new Map<string, Queue>()
  #waiting = 0

  constructor(site: LeaseSite) {
    this.#site = site
    this.#clock = site.clock
  }

  /**
   * Waits while another caller makes the value. Rejects with the errors of the cache and of `find`.
   *
   * @param find - looks for the value where the leader stores it; returns undefined if it is absent
   */
  async acquireOrWait<T>(
    key: CacheKey,
    find: () => Awaitable<T | undefined>,
    waitMs: number,
  ): Promise<Acquisition<T>> {
    const leaseKey = this.#leaseKey(key)
    const deadlineMs = this.#clock.elapsedMs() + waitMs
    for (;;) {
      const queue = this.#queues.get(leaseKey)
      if (queue === undefined) return this.#lead({ leaseKey, find, waitMs, deadlineMs })
      const patientUntilMs = Math.min(deadlineMs, queue.leadsSinceMs + waitMs)
      if ((await this.#waitHere(queue, patientUntilMs)) === 'alone') return ALONE
      const found = await find()
      if (found !== undefined) return { kind: 'found', found, waited: true }
    }
  }

  /** @returns the lease; undefined, without waiting, if another caller has it */
  async tryAcquire(key: CacheKey): Promise<Lease | undefined> {
    const leaseKey = this.#leaseKey(key)
    if (this.#queues.has(leaseKey)) return undefined
    const queue = this.#openQueue(leaseKey)
    let lease: Lease | undefined
    try {
      lease = await Lease.take(this.#site, leaseKey, () => queue.end('again'))
      queue.leadsSinceMs = this.#clock.elapsedMs()
      return lease
    } finally {
      if (lease === undefined) queue.end('again')
    }
  }

  /** Whether a caller of any process has the lease. */
  async isLeased(key: CacheKey): Promise<boolean> {
    const leaseKey = this.#leaseKey(key)
    return this.#queues.has(leaseKey) || (await this.#site.cache.has(leaseKey))
  }

  /** Deletes the lease, so that its holder does not store its result: see {@link Lease.isHeld}. */
  async revoke(key: CacheKey): Promise<void> {
    await this.#site.cache.delete(this.#leaseKey(key))
  }

  async #lead<T>(leader: LocalLeader<T>): Promise<Acquisition<T>> {
    const queue = this.#openQueue(leader.leaseKey)
    let acquisition: Acquisition<T> | undefined
    try {
      acquisition = await this.#acquire(leader, queue)
      return acquisition
    } finally {
      if (acquisition?.kind !== 'leader')
        queue.end(acquisition?.kind === 'alone' ? 'alone' : 'again')
    }
  }

  async #acquire<T>(leader: LocalLeader<T>, queue: Queue): Promise<Acquisition<T>> {
    const { leaseKey, find } = leader
    for (let refusals = 0, waited = false; refusals < MAX_REFUSALS; waited = true) {
      const lease = await Lease.take(this.#site, leaseKey, () => queue.end('again'))
      if (lease !== undefined) {
        const there = await findOrEnd(find, lease)
        if (there !== undefined) return { kind: 'found', found: there, waited }
        queue.leadsSinceMs = this.#clock.elapsedMs()
        return { kind: 'leader', lease }
      }
      const held = await readLease(this.#site.cache, leaseKey)
      if (held === undefined) refusals++
      else if (!(await this.#waitElsewhere(leader, held))) return ALONE
      const found = await find()
      if (found !== undefined) return { kind: 'found', found, waited: true }
    }
    return ALONE
  }

  async #waitHere(queue: Queue, untilMs: number): Promise<QueueEnd> {
    const limitMs = untilMs - this.#clock.elapsedMs()
    if (limitMs <= 0 || this.#waiting >= MAX_WAITING) return 'alone'
    this.#waiting++
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<QueueEnd>(resolve => {
      timer = setTimeout(resolve, limitMs, 'alone')
    })
    try {
      return await Promise.race([queue.over, late])
    } finally {
      this.#waiting--
      clearTimeout(timer)
    }
  }

  /** @returns true if the lease is gone; false after the longest wait, or if it is not a lease */
  async #waitElsewhere<T>(
    { leaseKey, waitMs, deadlineMs }: LocalLeader<T>,
    first: HeldLease | 'foreign',
  ): Promise<boolean> {
    if (first === 'foreign') return false
    let held = first
    const look = async () => {
      const now = await this.#look(leaseKey, held)
      if (now === undefined || now === 'foreign') return now === undefined
      held = now
      return undefined
    }
    const leftMs = () =>
      Math.min(held.sinceMs + waitMs - this.#clock.nowMs(), deadlineMs - this.#clock.elapsedMs())
    return (await poll(look, leftMs)) ?? false
  }

  /**
   * Looks at a lease with `has`, which counts no hit. Reads the lease only if its renewal is
   * overdue.
   */
  async #look(leaseKey: string, held: HeldLease): Promise<HeldLease | 'foreign' | undefined> {
    const { cache } = this.#site
    if (!(await cache.has(leaseKey))) return undefined
    if (this.#clock.nowMs() <= held.untilMs) return held
    const now = await readLease(cache, leaseKey)
    if (now === undefined || now === 'foreign') return now
    if (!now.isEndless || now.untilMs > held.untilMs) return now
    // The holder is dead, and the cache ignores TTLs. If two processes see this, the second one may
    // delete a new lease. Then two callers make the value, once after a crash.
    await cache.delete(leaseKey)
    return undefined
  }

  #openQueue(leaseKey: string): Queue {
    const queue = new Queue(() => {
      if (this.#queues.get(leaseKey) === queue) this.#queues.delete(leaseKey)
    })
    this.#queues.set(leaseKey, queue)
    return queue
  }

  #leaseKey(key: CacheKey): string {
    return leaseKeyOf(key, this.#site.cache.maxKeySize ?? DEFAULT_MAX_KEY_SIZE)
  }
}

/**
 * `again`: the waiters look for the value, and the next one leads. `alone`: they stop waiting.
 */
type QueueEnd = 'again' | 'alone'

/** The waiters of this process for one key. */
class Queue {
  readonly over: Promise<QueueEnd>
  /** When the leader got the lease. Infinity: it does not have the lease yet. */
  leadsSinceMs = Infinity
  readonly #onEnd: () => void
  #resolve: (end: QueueEnd) => void = () => {}

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd
    this.over = new Promise(resolve => {
      this.#resolve = resolve
    })
  }

  end(how: QueueEnd): void {
    this.#onEnd()
    this.#resolve(how)
  }
}

/**
 * Looks for the value again, and ends the lease if the value is there. A leader stores before it
 * ends its lease, so the value of an earlier leader is visible now.
 */
async function findOrEnd<T>(
  find: () => Awaitable<T | undefined>,
  lease: Lease,
): Promise<T | undefined> {
  let found: T | undefined
  let leads = false
  try {
    found = await find()
    leads = found === undefined
    return found
  } finally {
    if (!leads) await lease.end()
  }
}
