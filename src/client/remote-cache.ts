/**
 * A cache on another machine or behind a socket, with the methods of a cache as promises.
 */

import {
  type CacheKey,
  type CounterOperation,
  type CounterOptions,
  type CountOptions,
  type EncodedValue,
  invalidOption,
  requireInteger,
  requireOneOf,
  type SetItemOptions,
  type StoredItem,
  type TtlOptions,
} from '../base/index.ts'
import { encodeForNetwork } from '../codecs/index.ts'
import { ONLY_PRESENT } from '../protocols/uwsgi/index.ts'
import { batches } from './batches.ts'
import {
  formatInt64,
  initialPairs,
  int64Of,
  itemOf,
  ttlMsOf,
  ttlPair,
  ttlPairs,
  valueFrom,
} from './fields.ts'
import { OpenRemoteCache } from './open-remote.ts'
import type { RemoteCacheOptions } from './options.ts'

/** The command for each way to store. uWSGI's `set` is what is called `add` here. */
const STORE_COMMANDS = { set: 'update', add: 'set', replace: 'replace' } as const

/**
 * A cache served by undercroft or by a real uWSGI.
 *
 * From undercroft a value comes back as the kind that was stored, but for what only V8's
 * serialization keeps (`Date`, `Map` and the like): that stays on its machine. A real uWSGI knows
 * bytes alone, so there `get` gives a `Buffer` whatever was set.
 *
 * Connects when first needed, and again after the server was gone. A read that met a dying
 * connection is repeated once; a write never is, because it may have been done.
 *
 * A real uWSGI says no by closing without a word. So there `undefined` and `false` can also mean
 * that the cache does not exist or the value was too large, and what only undercroft knows
 * (counting, `replace`, `ttlMs`, `touch`, `keys`, `entries`, `stats`, `verify`) fails with
 * `UNDERCROFT_REMOTE_REFUSED`.
 *
 * Every method can fail with `UNDERCROFT_CONNECTION`, `UNDERCROFT_TIMEOUT`, `UNDERCROFT_PROTOCOL`,
 * `UNDERCROFT_REMOTE_REFUSED`, `UNDERCROFT_NO_SUCH_CACHE` or `UNDERCROFT_CLOSED`.
 *
 * @typeParam V - what the values are; not checked at run time
 * @example
 * await using sessions = await RemoteCache.connect<Session>('sessions@cache.internal:3031')
 * await sessions.set('user:1', { name: 'Ada' }, { ttlMs: 60_000 })
 * const name = (await sessions.get('user:1'))?.name
 */
export class RemoteCache<V = unknown> extends OpenRemoteCache {
  /**
   * Connects with the first call; use {@link RemoteCache.connect} to know at once.
   *
   * @param identifier - `name@host:port`, `name@/path/of/a.sock`, or `@address` for the default.
   * @param options - Time and size limits.
   * @throws UndercroftError `UNDERCROFT_OPTION_INVALID`.
   */
  constructor(identifier: string, options: RemoteCacheOptions = {}) {
    super(identifier, options)
  }

  /**
   * Connects, and asks an undercroft server whether it has the cache.
   *
   * @param identifier - As for the constructor.
   * @param options - As for the constructor.
   * @throws UndercroftError `UNDERCROFT_CONNECTION` or `UNDERCROFT_TIMEOUT` when the server cannot
   * be reached, `UNDERCROFT_NO_SUCH_CACHE` when it says that it does not have the cache.
   */
  static async connect<V = unknown>(
    identifier: string,
    options?: RemoteCacheOptions,
  ): Promise<RemoteCache<V>> {
    const cache = new RemoteCache<V>(identifier, options)
    try {
      await cache.commands.requireCache()
      return cache
    } catch (error) {
      await cache.close()
      throw error
    }
  }

  /**
   * The value, as the kind that was stored; undefined: a miss.
   *
   * @throws UndercroftError also `UNDERCROFT_VALUE_UNSUPPORTED` for a value that only processes of
   * the server's machine can read; `getItem` gives its bytes.
   */
  async get(key: CacheKey): Promise<V | undefined> {
    const reply = await this.commands.find('get', { key })
    if (reply === undefined) return undefined
    return valueFrom(itemOf(reply, this.address), this.address) as V
  }

  /** The bytes, what they are, and when they end, which a real uWSGI tells in whole seconds. */
  async getItem(key: CacheKey): Promise<StoredItem | undefined> {
    const reply = await this.commands.find('get', { key })
    return reply === undefined ? undefined : itemOf(reply, this.address)
  }

  /** The values of several keys, in their order; many are asked for at a time. */
  async getMany(keys: Iterable<CacheKey>): Promise<(V | undefined)[]> {
    const values: (V | undefined)[] = []
    for (const batch of batches(keys, this.batchSize)) {
      values.push(...(await Promise.all(batch.map(key => this.get(key)))))
    }
    return values
  }

  /** Whether the key is there. Counts no hit. */
  async has(key: CacheKey): Promise<boolean> {
    return (await this.commands.find('exists', { key })) !== undefined
  }

  /**
   * Stores either way. False: full.
   *
   * @throws UndercroftError also `UNDERCROFT_KEY_INVALID`, `UNDERCROFT_VALUE_TOO_LARGE`, and
   * `UNDERCROFT_VALUE_UNSUPPORTED` for what only V8's serialization keeps, and at a real uWSGI for
   * an empty value, which its protocol cannot carry.
   */
  async set(key: CacheKey, value: V, options?: TtlOptions): Promise<boolean> {
    return this.setItem(key, encodeForNetwork(value), { ...options, mode: 'set' })
  }

  /** Stores only if absent. False: there already, or full. Throws as {@link RemoteCache.set}. */
  async add(key: CacheKey, value: V, options?: TtlOptions): Promise<boolean> {
    return this.setItem(key, encodeForNetwork(value), { ...options, mode: 'add' })
  }

  /** Stores only if there is a live item. Throws as {@link RemoteCache.set}. */
  async replace(key: CacheKey, value: V, options?: TtlOptions): Promise<boolean> {
    return this.setItem(key, encodeForNetwork(value), { ...options, mode: 'replace' })
  }

  /** Stores bytes as the kind of value they are. Throws as {@link RemoteCache.set}. */
  async setItem(
    key: CacheKey,
    { bytes, type = 'bytes' }: EncodedValue,
    { ttlMs, mode = 'set' }: SetItemOptions = {},
  ): Promise<boolean> {
    if (!(bytes instanceof Uint8Array)) throw invalidOption('bytes', 'a Uint8Array', bytes)
    const command = STORE_COMMANDS[requireOneOf('mode', mode, ['set', 'add', 'replace'])]
    const pairs = [...ttlPairs(ttlMs), ['type', type] as const]
    const reply = await this.commands.find(command, { key, body: bytes, pairs }, ['exists', 'full'])
    return reply !== undefined
  }

  /**
   * Stores several values, many at a time. How many were stored; after a batch in which some found
   * the cache full, no more are sent.
   */
  async setMany(entries: Iterable<readonly [CacheKey, V]>, options?: TtlOptions): Promise<number> {
    let stored = 0
    for (const batch of batches(entries, this.batchSize)) {
      const outcomes = batch.map(([key, value]) => this.set(key, value, options))
      const storedNow = (await Promise.all(outcomes)).filter(isStored => isStored).length
      stored += storedNow
      if (storedNow < batch.length) break
    }
    return stored
  }

  /** Whether there was something to delete. */
  async delete(key: CacheKey): Promise<boolean> {
    return (await this.commands.find('del', { key })) !== undefined
  }

  /** Milliseconds left; `Infinity`: never ends; undefined: no such item. */
  async ttlMs(key: CacheKey): Promise<number | undefined> {
    const reply = await this.commands.find('ttl', { key })
    return reply === undefined ? undefined : ttlMsOf(reply, this.address)
  }

  /** Gives the item a new TTL; whether there was one. */
  async touch(key: CacheKey, ttlMs: number): Promise<boolean> {
    const pairs = [ttlPair(ttlMs)]
    return (await this.commands.find('touch', { key, pairs })) !== undefined
  }

  /**
   * Adds to a 64-bit integer, in one step at the server, however many do so.
   *
   * @param by - a number gives a number; a bigint gives a bigint and has all 64 bits, wrapping
   * @returns the new value, or undefined when the cache is full
   * @throws UndercroftError also `UNDERCROFT_NOT_A_COUNTER`, and `UNDERCROFT_COUNTER_RANGE` when a
   * number could not hold the result; the value is unchanged
   */
  increment(key: CacheKey, by?: number, options?: CounterOptions): Promise<number | undefined>
  increment(key: CacheKey, by: bigint, options?: CounterOptions): Promise<bigint | undefined>
  increment(key: CacheKey, by: number | bigint = 1, options?: CounterOptions) {
    return this.#arithmetic(key, 'inc', by, options)
  }

  /** As `increment`, subtracting. */
  decrement(key: CacheKey, by?: number, options?: CounterOptions): Promise<number | undefined>
  decrement(key: CacheKey, by: bigint, options?: CounterOptions): Promise<bigint | undefined>
  decrement(key: CacheKey, by: number | bigint = 1, options?: CounterOptions) {
    return this.#arithmetic(key, 'dec', by, options)
  }

  /** As `increment`, multiplying. */
  multiply(key: CacheKey, by: number, options?: CounterOptions): Promise<number | undefined>
  multiply(key: CacheKey, by: bigint, options?: CounterOptions): Promise<bigint | undefined>
  multiply(key: CacheKey, by: number | bigint, options?: CounterOptions) {
    return this.#arithmetic(key, 'mul', by, options)
  }

  /** As `increment`, dividing; cuts toward zero, and by zero gives zero, as uWSGI does. */
  divide(key: CacheKey, by: number, options?: CounterOptions): Promise<number | undefined>
  divide(key: CacheKey, by: bigint, options?: CounterOptions): Promise<bigint | undefined>
  divide(key: CacheKey, by: number | bigint, options?: CounterOptions) {
    return this.#arithmetic(key, 'div', by, options)
  }

  /** The four operations by their uWSGI names, on all 64 bits. Throws as `increment`. */
  async count(
    key: CacheKey,
    operation: CounterOperation,
    by: bigint,
    options: CountOptions = {},
  ): Promise<bigint | undefined> {
    requireOneOf('operation', operation, ['inc', 'dec', 'mul', 'div'])
    const pairs = [
      ['by', formatInt64('by', by)] as const,
      ...initialPairs(options.initial),
      ...(options.onlyPresent === true ? [['only', ONLY_PRESENT] as const] : []),
      ...ttlPairs(options.ttlMs),
      ...(options.safe === true ? [['safe', '1'] as const] : []),
    ]
    const reply = await this.commands.find(operation, { key, pairs }, ['full'])
    return reply === undefined ? undefined : int64Of(reply, 'value', this.address)
  }

  /** Keys and values of live items. Each value counts as a hit, unlike with a local cache. */
  async *entries(): AsyncGenerator<[string, V], void, undefined> {
    for await (const page of this.keyPages()) {
      for (const keys of batches(page, this.batchSize)) {
        const values = await this.getMany(keys)
        for (const [index, key] of keys.entries()) {
          const value = values[index]
          if (value !== undefined) yield [key.toString(), value] // deleted meanwhile otherwise
        }
      }
    }
  }

  async #arithmetic(
    key: CacheKey,
    operation: CounterOperation,
    by: number | bigint,
    options: CounterOptions | undefined,
  ): Promise<number | bigint | undefined> {
    if (typeof by === 'bigint') return this.count(key, operation, by, options)
    requireInteger('by', by, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    const value = await this.count(key, operation, BigInt(by), { ...options, safe: true })
    return value === undefined ? undefined : Number(value)
  }
}
