/**
 * The public cache: callers' values in and out of a segment.
 *
 * Keys, values and durations are checked here; what happens to bytes is the engine's business.
 */

import {
  type CacheKey,
  type CounterOperation,
  type CounterOptions,
  type CountOptions,
  type EncodedValue,
  requireInteger,
  requireOneOf,
  type SetItemOptions,
  type StoredItem,
  type TtlOptions,
  VALUE_TYPE,
  type ValueSource,
} from '../base/index.ts'
import { copyEncoded, encodeValue } from '../codecs/index.ts'
import type { StoreMode, StoreOutcome } from '../engine/index.ts'
import { valueTypeOf } from '../segment/index.ts'
import { counterError, requireInt64 } from './arithmetic.ts'
import { keyBytes, requireSource } from './encoded.ts'
import { NEVER } from './expiry.ts'
import { type GetOrSetOptions, Loader } from './get-or-set.ts'
import { OpenCache } from './open-cache.ts'
import type { CacheOptions } from './options.ts'

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)

/**
 * One cache under all processes and threads that open its name.
 *
 * Reads take no lock, and well under a microsecond. All methods but `getOrSet` are synchronous. A
 * process that is killed at any point costs at most the item it was writing.
 *
 * @typeParam V - what the values are; not checked at run time
 * @example
 * using cache = Cache.open<Session>({ name: 'sessions', maxItems: 10_000 })
 * cache.set('user:1', { name: 'Ada' }, { ttlMs: 60_000 })
 * cache.get('user:1') // { name: 'Ada' }, in whichever process
 */
export class Cache<V = unknown> extends OpenCache {
  #loader: Loader<V> | undefined

  /**
   * Attaches to the cache of that name, or creates it.
   *
   * @throws UndercroftError - UNDERCROFT_OPTION_INVALID, _NO_SUCH_CACHE (nothing to attach to and
   * no maxItems), _GEOMETRY_MISMATCH (it exists with other options), _NO_SPACE, _ACCESS_DENIED,
   * _NOT_A_SEGMENT, _VERSION_MISMATCH, _TRUNCATED, _CORRUPT, _SEGMENT_TOO_LARGE,
   * _SHARING_UNAVAILABLE, _SYSTEM
   * @example
   * const cache = Cache.open({ name: 'pages', maxItems: 1000, blockSize: 1024, ttlMs: 60_000 })
   */
  static open<V = unknown>(options: CacheOptions): Cache<V> {
    return new Cache<V>(options)
  }

  /**
   * The value, as the kind that was stored, or undefined. Never one that expired, from the
   * millisecond it does.
   */
  get(key: CacheKey): V | undefined {
    if (this.closed) throw this.closedError()
    const { near, engine } = this
    const isNear = near !== undefined && typeof key === 'string'
    return (isNear ? near.get(key) : engine.get(key, this.decode)) as V | undefined
  }

  /** The value's bytes as stored, what they are, and when it ends. Counts as `get` does. */
  getItem(key: CacheKey): StoredItem | undefined {
    const found = this.use().get(key, copyEncoded)
    if (found === undefined) return undefined
    return { bytes: found.bytes, type: found.type, expiresAtMs: this.engine.found.expiresAtMs }
  }

  /** The values of several keys, in their order. */
  getMany(keys: Iterable<CacheKey>): (V | undefined)[] {
    return Array.from(keys, key => this.get(key))
  }

  /** Whether there is a live item. Counts nothing, and is no use to the item's recency. */
  has(key: CacheKey): boolean {
    if (this.closed) throw this.closedError()
    return this.engine.has(key)
  }

  /**
   * Stores a value, whether or not there was one.
   *
   * @returns false when the cache is full and nothing may be evicted; what was there stays
   * @throws UndercroftError - UNDERCROFT_KEY_INVALID, _VALUE_TOO_LARGE, _VALUE_UNSUPPORTED
   * (undefined, functions, symbols), _OPTION_INVALID (a ttlMs that is negative or NaN),
   * _LOCK_TIMEOUT, _CLOSED
   */
  set(key: CacheKey, value: V, options?: TtlOptions): boolean {
    const source = encodeValue(value)
    const atMs = this.expiryFor(options)
    return this.#told(this.storeNear(key, value, source, atMs), key, source, atMs)
  }

  /** Stores only if there is no live item. False: there is one, or the cache is full. */
  add(key: CacheKey, value: V, options?: TtlOptions): boolean {
    return this.#storeSource(key, encodeValue(value), options, 'add')
  }

  /** Stores only if there is a live item. */
  replace(key: CacheKey, value: V, options?: TtlOptions): boolean {
    return this.#storeSource(key, encodeValue(value), options, 'replace')
  }

  /**
   * Stores bytes as the kind of value they are: what `getItem` gave, here or elsewhere. False:
   * full, or `mode` says so.
   *
   * @throws UndercroftError - as `set`; UNDERCROFT_VALUE_UNSUPPORTED for bytes that are not of that
   * kind, and for `structured` ones, which are safe to read only where they were written
   */
  setItem(key: CacheKey, value: EncodedValue, options: SetItemOptions = {}): boolean {
    const mode = requireOneOf('mode', options.mode ?? 'set', ['set', 'add', 'replace'])
    return this.#storeSource(key, requireSource(value), options, mode)
  }

  /** Stores several values; how many were stored before the cache was full, if it was. */
  setMany(entries: Iterable<readonly [CacheKey, V]>, options?: TtlOptions): number {
    let stored = 0
    for (const [key, value] of entries) {
      if (!this.set(key, value, options)) break
      stored++
    }
    return stored
  }

  /**
   * The value; where there is none, what `load` gives, stored unless it is undefined. Of all who
   * ask meanwhile, in all processes, one loads and the others wait.
   *
   * @throws whatever `load` fails with; UndercroftError - as `get` and `set`
   */
  async getOrSet(key: CacheKey, load: () => V | Promise<V>, options?: GetOrSetOptions): Promise<V> {
    const value = this.get(key)
    if (value !== undefined) return value
    this.#loader ??= new Loader<V>(this, this.clock)
    return this.#loader.load(key, load, options)
  }

  /** Whether there was a live item to delete. */
  delete(key: CacheKey): boolean {
    const wasThere = this.use().delete(key)
    if (wasThere && this.observed) this.tell({ kind: 'delete', key: keyBytes(key) })
    return wasThere
  }

  /** Milliseconds left; Infinity: it never ends; undefined: no such item. */
  ttlMs(key: CacheKey): number | undefined {
    if (!this.use().has(key)) return undefined
    const atMs = this.engine.found.expiresAtMs
    return atMs === NEVER ? Infinity : Math.max(1, atMs - this.clock.nowMs())
  }

  /** Gives a live item a new TTL; whether there was one. Counts as a use. */
  touch(key: CacheKey, ttlMs: number): boolean {
    const wasThere = this.use().touch(key, this.expiryAfter(ttlMs))
    if (wasThere && this.observed) this.tellPresent(key)
    return wasThere
  }

  /**
   * Adds to a 64-bit integer, in one step for all processes. An absent one begins at `initial`, or
   * else the cache's `counterInitial`; an existing one keeps its TTL. Integers stored with `set`
   * are counters, too.
   *
   * @param by - a number gives a number; a bigint gives a bigint and has all 64 bits, wrapping
   * @returns the new value, or undefined when the cache is full, or there is no item and
   * `onlyPresent` was asked for
   * @throws UndercroftError - UNDERCROFT_NOT_A_COUNTER when something else is stored there,
   * UNDERCROFT_COUNTER_RANGE when a number could not hold the result; the value is unchanged
   * @example
   * cache.increment('visits') // 1, 2, 3 ...
   * cache.increment('window', 1, { ttlMs: 1000 }) // counts within a second
   */
  increment(key: CacheKey, by?: number, options?: CounterOptions): number | undefined
  increment(key: CacheKey, by: bigint, options?: CounterOptions): bigint | undefined
  increment(
    key: CacheKey,
    by: number | bigint = 1,
    options?: CounterOptions,
  ): number | bigint | undefined {
    return this.#arithmetic(key, 'inc', by, options)
  }

  /** As `increment`, subtracting. */
  decrement(key: CacheKey, by?: number, options?: CounterOptions): number | undefined
  decrement(key: CacheKey, by: bigint, options?: CounterOptions): bigint | undefined
  decrement(
    key: CacheKey,
    by: number | bigint = 1,
    options?: CounterOptions,
  ): number | bigint | undefined {
    return this.#arithmetic(key, 'dec', by, options)
  }

  /** As `increment`, multiplying. */
  multiply(key: CacheKey, by: number, options?: CounterOptions): number | undefined
  multiply(key: CacheKey, by: bigint, options?: CounterOptions): bigint | undefined
  multiply(
    key: CacheKey,
    by: number | bigint,
    options?: CounterOptions,
  ): number | bigint | undefined {
    return this.#arithmetic(key, 'mul', by, options)
  }

  /** As `increment`, dividing; cuts toward zero, and by zero gives zero, as uWSGI does. */
  divide(key: CacheKey, by: number, options?: CounterOptions): number | undefined
  divide(key: CacheKey, by: bigint, options?: CounterOptions): bigint | undefined
  divide(
    key: CacheKey,
    by: number | bigint,
    options?: CounterOptions,
  ): number | bigint | undefined {
    return this.#arithmetic(key, 'div', by, options)
  }

  /** The four operations by their uWSGI names, on all 64 bits. */
  count(
    key: CacheKey,
    operation: CounterOperation,
    by: bigint,
    options?: CountOptions,
  ): bigint | undefined {
    const limit = options?.safe === true ? MAX_SAFE : undefined
    return this.#count(key, operation, by, options, VALUE_TYPE.integer, limit)
  }

  /** Keys and values of live items, with the same promise as `keys`. Counts nothing. */
  entries(): Generator<[string, V], void, undefined> {
    const { bytes } = this.memory.segment
    return this.scan((key, { offset, size, info }) => [
      key.toString(),
      this.decode(bytes, offset, size, valueTypeOf(info)) as V,
    ])
  }

  #storeSource(
    key: CacheKey,
    source: ValueSource,
    options: TtlOptions | undefined,
    mode: StoreMode,
  ): boolean {
    const atMs = this.expiryFor(options)
    return this.#told(this.use().store(key, source, atMs, mode), key, source, atMs)
  }

  #told(outcome: StoreOutcome, key: CacheKey, source: ValueSource, atMs: number): boolean {
    if (outcome !== 'stored') return false
    if (this.observed) this.tellStored(key, source, atMs)
    return true
  }

  #arithmetic(
    key: CacheKey,
    operation: CounterOperation,
    by: number | bigint,
    options: CounterOptions | undefined,
  ): number | bigint | undefined {
    if (typeof by === 'bigint') {
      return this.#count(key, operation, by, options, VALUE_TYPE.bigint, undefined)
    }
    requireInteger('by', by, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    const value = this.#count(key, operation, BigInt(by), options, VALUE_TYPE.integer, MAX_SAFE)
    return value === undefined ? undefined : Number(value)
  }

  #count(
    key: CacheKey,
    operation: CounterOperation,
    by: bigint,
    options: CounterOptions | undefined,
    type: number,
    limit: bigint | undefined,
  ): bigint | undefined {
    const engine = this.use()
    const initial = options?.initial
    const fresh = {
      initial: initial === undefined ? this.counterInitial : requireInt64('initial', initial),
      expiresAtMs: this.expiryFor(options),
      type,
    }
    const start = options?.onlyPresent === true ? undefined : fresh
    const outcome = engine.count(key, operation, requireInt64('by', by), start, limit)
    if (outcome === 'full' || outcome === 'absent') return undefined
    if (typeof outcome !== 'bigint') throw counterError(outcome, key)
    if (this.observed) this.tellPresent(key)
    return outcome
  }
}
