/**
 * Single-flight: however many ask for what is not there, in however many processes, one makes it.
 *
 * Within a process those who ask wait for the first of them. The firsts of all processes contend
 * for a lease (lease.ts): one leads, the others look every few milliseconds whether it is gone.
 * Who waits too long goes on alone. What is made, and where it is kept, is the caller's business.
 */

import { setTimeout as nap } from 'node:timers/promises'
import { type Awaitable, type CacheKey, type Clock, DEFAULT_MAX_KEY_SIZE } from '../base/index.ts'
import { type HeldLease, Lease, type LeaseSite, leaseKeyOf, readLease } from './lease.ts'

/** As nginx waits by default: https://nginx.org/r/proxy_cache_lock_timeout */
export const DEFAULT_WAIT_MS = 5000
export const MAX_WAIT_MS = 600_000

const FIRST_NAP_MS = 1
const LONGEST_NAP_MS = 25

/** More would only be more memory: whoever comes then goes on alone. */
const MAX_WAITING = 10_000

/** Times that a lease is neither to be had nor held by anybody, before there is no room for one. */
const MAX_REFUSALS = 3

/** What came of asking: it is there now, or it is the asker who has to make it. */
export type Acquisition<T> =
  | { readonly kind: 'found'; readonly found: T; readonly waited: boolean }
  /** Make it, store it if `lease.isHeld()`, and `lease.end()` whatever happens. */
  | { readonly kind: 'lead'; readonly lease: Lease }
  /** Make it for oneself: waiting took too long, or there is no room for a lease. */
  | { readonly kind: 'alone' }

const ALONE = { kind: 'alone' } as const

/** The first of this process that asks for a key. */
interface Contender<T> {
  readonly leaseKey: string
  readonly find: () => Awaitable<T | undefined>
  readonly waitMs: number
  readonly deadlineMs: number
}

/** Turns at the keys of one cache. Whoever shares the cache shares the turns. */
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
   * Waits while others make it. Fails as the cache and `find` fail.
   *
   * @param find - looks for it where the leader stores it; undefined: it is not there
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
      if (queue === undefined) return this.#contend({ leaseKey, find, waitMs, deadlineMs })
      const patientUntilMs = Math.min(deadlineMs, queue.leadsSinceMs + waitMs)
      if ((await this.#waitHere(queue, patientUntilMs)) === 'alone') return ALONE
      const found = await find()
      if (found !== undefined) return { kind: 'found', found, waited: true }
    }
  }

  /** The lease, if nobody has it; undefined at once otherwise. */
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

  /** Whoever is at it will not store what comes of it: see {@link Lease.isHeld}. */
  async revoke(key: CacheKey): Promise<void> {
    await this.#site.cache.delete(this.#leaseKey(key))
  }

  async #contend<T>(contender: Contender<T>): Promise<Acquisition<T>> {
    const queue = this.#openQueue(contender.leaseKey)
    let turn: Acquisition<T> | undefined
    try {
      turn = await this.#contest(contender, queue)
      return turn
    } finally {
      if (turn?.kind !== 'lead') queue.end(turn?.kind === 'alone' ? 'alone' : 'again')
    }
  }

  async #contest<T>(contender: Contender<T>, queue: Queue): Promise<Acquisition<T>> {
    const { leaseKey, find } = contender
    for (let refusals = 0, waited = false; refusals < MAX_REFUSALS; waited = true) {
      const lease = await Lease.take(this.#site, leaseKey, () => queue.end('again'))
      if (lease !== undefined) {
        const there = await findOrEnd(find, lease)
        if (there !== undefined) return { kind: 'found', found: there, waited }
        queue.leadsSinceMs = this.#clock.elapsedMs()
        return { kind: 'lead', lease }
      }
      const held = await readLease(this.#site.cache, leaseKey)
      if (held === undefined) refusals++
      else if (!(await this.#waitElsewhere(contender, held))) return ALONE
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

  /** True: the lease is gone. False: it was waited for long enough, or it is none. */
  async #waitElsewhere<T>(
    { leaseKey, waitMs, deadlineMs }: Contender<T>,
    first: HeldLease | 'foreign',
  ): Promise<boolean> {
    let held: HeldLease | 'foreign' | undefined = first
    for (let napMs = FIRST_NAP_MS; ; napMs = Math.min(napMs * 2, LONGEST_NAP_MS)) {
      if (held === undefined) return true
      if (held === 'foreign') return false
      const patienceMs = Math.min(
        held.sinceMs + waitMs - this.#clock.nowMs(),
        deadlineMs - this.#clock.elapsedMs(),
      )
      if (patienceMs <= 0) return false
      await nap(Math.min(napMs, patienceMs))
      held = await this.#look(leaseKey, held)
    }
  }

  /** `has` counts no hit; the lease itself is read only when it should have been renewed. */
  async #look(leaseKey: string, held: HeldLease): Promise<HeldLease | 'foreign' | undefined> {
    const { cache } = this.#site
    if (!(await cache.has(leaseKey))) return undefined
    if (this.#clock.nowMs() <= held.untilMs) return held
    const now = await readLease(cache, leaseKey)
    if (now === undefined || now === 'foreign') return now
    if (!now.isEndless || now.untilMs > held.untilMs) return now
    // A dead holder's, in a cache that ignores TTLs. Of two that see this the second may delete a
    // fresh lease: then two make it, once, after a crash.
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

/** `again`: look whether it is there, and the next contends. `alone`: waiting is of no use. */
type QueueEnd = 'again' | 'alone'

/** Those of this process who ask for one key, behind the first of them. */
class Queue {
  readonly over: Promise<QueueEnd>
  /** Infinity: it does not lead yet. */
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
 * Looks once more: a leader stores first and ends its lease then, so whatever an earlier leader
 * made can be seen now.
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
