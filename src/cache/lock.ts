/**
 * Locks: of all processes and threads, one at a time works on something.
 *
 * A lock is a pinned item next to the key, which only one caller can add. Its value is the fencing
 * number of the lock, which no other lock has. So only its holder can renew or delete it, and a
 * holder that was paused too long finds another number, or nothing.
 */

import { isUtf8 } from 'node:buffer'
import {
  type CacheKey,
  type Clock,
  COUNTER_SIZE,
  describe,
  invalidOption,
  type OptionNames,
  requireCallOptions,
  requireDuration,
  UndercroftError,
} from '../base/index.ts'
import { FencingSource } from '../engine/index.ts'
import {
  companionKeyOf,
  DEFAULT_WAIT_MS,
  MAX_WAIT_MS,
  MAX_WAITING,
  poll,
  WaitingLine,
} from '../single-flight/index.ts'
import { pinsFull } from './circumstances.ts'
import type { Expiry } from './expiry.ts'
import type { CacheLifetime } from './lifetime.ts'

/** How `lock` locks. */
export interface LockOptions {
  /**
   * Milliseconds after which the lock ends, unless it is renewed: from 1 to 86400000. It limits how
   * long others wait for a holder that was killed.
   */
  readonly ttlMs: number
  /**
   * Maximum of milliseconds to wait for the holder, up to 600000. 0: do not wait. @default 5000
   */
  readonly waitMs?: number | undefined
}

const LOCK_OPTION_NAMES: OptionNames<LockOptions> = { ttlMs: true, waitMs: true }
const MAX_TTL_MS = 86_400_000
const PREFIX = 'lock:'
const PINNED = { pinned: true }

/** The parts of a cache that locks use. */
interface LockSite {
  readonly lifetime: CacheLifetime
  readonly expiry: Expiry
}

/** Acquires the locks of one cache. */
export class Locks {
  readonly #site: LockSite
  readonly #clock: Clock
  readonly #line = new WaitingLine(MAX_WAITING)

  constructor(lifetime: CacheLifetime, expiry: Expiry, clock: Clock) {
    this.#site = { lifetime, expiry }
    this.#clock = clock
  }

  async acquire(key: CacheKey, options: LockOptions): Promise<CacheLock> {
    const { ttlMs, waitMs } = resolveLockOptions(options)
    const engine = this.#site.lifetime.use()
    const { geometry } = engine.segment
    if (geometry.ignoresTtl) {
      throw invalidOption('lock', 'used in a cache without ignoreTtl', 'a cache with ignoreTtl')
    }
    engine.has(key) // refuses what no other call takes as a key
    const lockKey = lockKeyOf(key, geometry.maxKeySize)
    const deadlineMs = this.#clock.elapsedMs() + waitMs
    const take = () => this.#take(key, lockKey, ttlMs)
    const lock = await this.#line.wait(
      lockKey,
      waitMs,
      async () => take() ?? (await poll(take, () => deadlineMs - this.#clock.elapsedMs())),
    )
    if (lock === undefined) throw lockHeld(key, waitMs)
    return lock
  }

  /** @returns undefined if another caller holds the lock */
  #take(key: CacheKey, lockKey: string, ttlMs: number): CacheLock | undefined {
    const engine = this.#site.lifetime.use()
    const number = new FencingSource(engine.segment, this.#clock)
    const endsAtMs = this.#site.expiry.after(ttlMs)
    const outcome = engine.store(lockKey, number, endsAtMs, 'add', PINNED)
    if (outcome === 'pins-full') throw pinsFull(engine.segment.geometry)
    if (outcome === 'full') throw lockHasNoRoom(key)
    if (outcome !== 'stored') return undefined
    return new CacheLock(this.#site, key, lockKey, number.number, ttlMs)
  }
}

/**
 * A lock that {@link Cache.lock} returned. It ends by `release`, by `using`, or after its `ttlMs`.
 *
 * A lock also ends if its item is deleted: by `clear`, or by a `delete` of `lock:` and the key.
 */
export class CacheLock {
  /** The key that was given to `lock`. */
  readonly key: CacheKey
  /**
   * A number that is greater than that of every earlier lock of the cache. A resource that
   * remembers the greatest number can refuse a holder that was paused beyond its `ttlMs`.
   */
  readonly fencing: number
  readonly #site: LockSite
  readonly #lockKey: string
  readonly #ttlMs: number

  /** @internal */
  constructor(site: LockSite, key: CacheKey, lockKey: string, fencing: number, ttlMs: number) {
    this.#site = site
    this.key = key
    this.fencing = fencing
    this.#lockKey = lockKey
    this.#ttlMs = ttlMs
  }

  /** Whether the caller still holds the lock at this moment. */
  get isHeld(): boolean {
    return this.#version() !== undefined
  }

  /**
   * Holds the lock longer.
   *
   * @param ttlMs - milliseconds from now, by default as given to `lock`
   * @returns false if the lock has ended
   */
  renew(ttlMs: number = this.#ttlMs): boolean {
    const endsAtMs = this.#site.expiry.after(requireLockTtl(ttlMs))
    const version = this.#version()
    if (version === undefined) return false
    return this.#site.lifetime.use().touch(this.#lockKey, endsAtMs, version)
  }

  /**
   * Ends the lock, so that the next caller gets it.
   *
   * @returns false if the lock had already ended
   */
  release(): boolean {
    const version = this.#version()
    return version !== undefined && this.#site.lifetime.use().delete(this.#lockKey, version)
  }

  /** The same as `release`, for `using`. After `close` of the cache, the lock ends by its TTL. */
  [Symbol.dispose](): void {
    if (this.#site.lifetime.engine !== undefined) this.release()
  }

  /** The version of the lock's item; undefined if the lock has ended. */
  #version(): number | undefined {
    const entry = this.#site.lifetime.use().peekEntry(this.#lockKey, readFencing)
    return entry?.value === this.fencing ? entry.version : undefined
  }
}

function readFencing(bytes: Buffer, offset: number, size: number): number {
  return size === COUNTER_SIZE ? Number(bytes.readBigInt64LE(offset)) : Number.NaN
}

function resolveLockOptions(options: LockOptions): { ttlMs: number; waitMs: number } {
  requireCallOptions('lock', options, LOCK_OPTION_NAMES)
  const ttlMs = requireLockTtl(options.ttlMs)
  const waitMs = requireDuration('waitMs', options.waitMs ?? DEFAULT_WAIT_MS)
  if (waitMs > MAX_WAIT_MS) throw invalidOption('waitMs', `at most ${MAX_WAIT_MS}`, waitMs)
  return { ttlMs, waitMs }
}

function requireLockTtl(ttlMs: number): number {
  if (typeof ttlMs === 'number' && ttlMs >= 1 && ttlMs <= MAX_TTL_MS) return ttlMs
  throw invalidOption('ttlMs of a lock', `from 1 to ${MAX_TTL_MS} milliseconds`, ttlMs)
}

/** @returns the key of a lock's item, which is the same for a string and for its bytes */
function lockKeyOf(key: CacheKey, maxKeySize: number): string {
  const isText = typeof key !== 'string' && isUtf8(key)
  return companionKeyOf(PREFIX, isText ? Buffer.from(key).toString() : key, maxKeySize)
}

function lockHeld(key: CacheKey, waitMs: number): UndercroftError {
  return new UndercroftError(
    'UNDERCROFT_LOCK_HELD',
    `${describe(key)} is locked, and did not become free within ${waitMs} ms. Try again later, ` +
      'or give a longer waitMs',
  )
}

function lockHasNoRoom(key: CacheKey): UndercroftError {
  return new UndercroftError(
    'UNDERCROFT_PINS_FULL',
    `no room for the lock of ${describe(key)}: the cache is full, and eviction: 'none' keeps all ` +
      'items. Delete items, or make the cache larger',
  )
}
