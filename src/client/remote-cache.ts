/**
 * A cache on another machine or behind a socket: the methods of a cache, as promises.
 */

import {
  type AnyCache,
  type CacheKey,
  type CacheStats,
  COUNT_OPTION_NAMES,
  COUNTER_OPTION_NAMES,
  type CounterOperation,
  type CounterOptions,
  type CountOptions,
  type EncodedValue,
  invalidOption,
  type KeyPage,
  requireCallOptions,
  requireInteger,
  requireOneOf,
  SET_ITEM_OPTION_NAMES,
  type SetItemOptions,
  type StoredItem,
  TTL_OPTION_NAMES,
  type TtlOptions,
  type VerifyReport,
} from '../base/index.ts'
import { encodeForNetwork } from '../codecs/index.ts'
import { formatAddress, parseIdentifier } from '../net/index.ts'
import { MAX_KEYS_LIMIT, ONLY_PRESENT } from '../protocols/uwsgi/index.ts'
import { RemoteCommands } from './commands.ts'
import {
  countOf,
  formatInt64,
  initialPairs,
  int64Of,
  itemOf,
  jsonOf,
  listOf,
  ttlMsOf,
  ttlPair,
  ttlPairs,
  valueFrom,
} from './fields.ts'
import { type RemoteCacheOptions, resolveRemoteOptions } from './options.ts'
import { Pool } from './pool.ts'

/** Calls of one batch that are under way at once. */
const BATCH_SIZE = 256

/** The command for each mode. uWSGI's `set` stores only if absent, which is `add` here. */
const STORE_COMMANDS = { set: 'update', add: 'set', replace: 'replace' } as const

/**
 * A cache served by undercroft or by a real uWSGI.
 *
 * An undercroft server returns a value as the kind that was stored. Values that need V8's
 * serialization, such as `Date` and `Map`, stay on their machine. A real uWSGI knows only bytes, so
 * `get` returns a `Buffer` for every value.
 *
 * The cache connects when it is first used, and again after the server was gone. A read that met a
 * dying connection is repeated once. A write is never repeated, because the server may have
 * executed it.
 *
 * A real uWSGI refuses by closing without a byte. So with a uWSGI `undefined` and `false` can also
 * mean that the cache does not exist or the value was too large. What only undercroft knows (the
 * counters, `replace`, `ttlMs`, `touch`, `keys`, `entries`, `stats`, `verify`) fails with
 * `UNDERCROFT_REMOTE_REFUSED`.
 *
 * Every method can fail with `UNDERCROFT_CONNECTION`, `UNDERCROFT_TIMEOUT`, `UNDERCROFT_PROTOCOL`,
 * `UNDERCROFT_REMOTE_REFUSED`, `UNDERCROFT_NO_SUCH_CACHE` or `UNDERCROFT_CLOSED`.
 *
 * @typeParam V - the type of the values; not checked at run time
 * @example
 * await using sessions = await RemoteCache.connect<Session>('sessions@cache.internal:3031')
 * await sessions.set('user:1', { name: 'Ada' }, { ttlMs: 60_000 })
 * const name = (await sessions.get('user:1'))?.name
 */
export class RemoteCache<V = unknown> implements AnyCache<V>, AsyncDisposable {
  /** The name of the cache at the server; empty: its default cache. */
  readonly name: string
  /** The server's address. */
  readonly address: string
  readonly #pool: Pool
  readonly #commands: RemoteCommands
  readonly #batchSize: number

  /**
   * Connects with the first call. {@link RemoteCache.connect} connects at once.
   *
   * @param identifier - `name@host:port`, `name@/path/of/a.sock`, or `@address` for the default.
   * @param options - Time and size limits.
   * @throws UndercroftError `UNDERCROFT_OPTION_INVALID`.
   */
  constructor(identifier: string, options: RemoteCacheOptions = {}) {
    const { cacheName: name, address } = parseIdentifier(identifier)
    const resolved = resolveRemoteOptions(options)
    this.name = name
    this.address = formatAddress(address)
    this.#batchSize = Math.min(BATCH_SIZE, resolved.maxPendingCalls)
    this.#pool = new Pool(address, resolved)
    this.#commands = new RemoteCommands(this.#pool, name, this.address)
  }

  /**
   * Connects, and checks that an undercroft server has the cache.
   *
   * @param identifier - As for the constructor.
   * @param options - As for the constructor.
   * @throws UndercroftError `UNDERCROFT_CONNECTION` or `UNDERCROFT_TIMEOUT` when the server cannot
   * be reached, `UNDERCROFT_NO_SUCH_CACHE` when it reports that it does not have the cache.
   */
  static async connect<V = unknown>(
    identifier: string,
    options?: RemoteCacheOptions,
  ): Promise<RemoteCache<V>> {
    const cache = new RemoteCache<V>(identifier, options)
    try {
      await cache.#commands.requireCache()
      return cache
    } catch (error) {
      await cache.close()
      throw error
    }
  }

  /**
   * @returns the value as the kind that was stored, or undefined for a miss.
   * @throws UndercroftError also `UNDERCROFT_VALUE_UNSUPPORTED` for a value that only processes of
   * the server's machine can read; `getItem` returns its bytes.
   */
  async get(key: CacheKey): Promise<V | undefined> {
    const reply = await this.#commands.find('get', { key })
    if (reply === undefined) return undefined
    return valueFrom(itemOf(reply, this.address), this.address) as V
  }

  /** @returns the bytes, their type, and their expiry, which a real uWSGI has in whole seconds. */
  async getItem(key: CacheKey): Promise<StoredItem | undefined> {
    const reply = await this.#commands.find('get', { key })
    return reply === undefined ? undefined : itemOf(reply, this.address)
  }

  /** @returns the values of several keys, in the order of the keys. Many calls run at once. */
  async getMany(keys: Iterable<CacheKey>): Promise<(V | undefined)[]> {
    const values: (V | undefined)[] = []
    for (const batch of batches(keys, this.#batchSize)) {
      values.push(...(await Promise.all(batch.map(key => this.get(key)))))
    }
    return values
  }

  /** @returns whether the key is there. This does not count as a hit. */
  async has(key: CacheKey): Promise<boolean> {
    return (await this.#commands.find('exists', { key })) !== undefined
  }

  /**
   * Stores a value, whether the key is there or not.
   *
   * @returns false when the cache is full.
   * @throws UndercroftError also `UNDERCROFT_KEY_INVALID`, `UNDERCROFT_VALUE_TOO_LARGE`, and
   * `UNDERCROFT_VALUE_UNSUPPORTED` for a value that needs V8's serialization, and with a real uWSGI
   * for an empty value, which its protocol cannot carry.
   */
  async set(key: CacheKey, value: V, options?: TtlOptions): Promise<boolean> {
    return this.#store('set', key, value, options)
  }

  /** Stores only if absent. False: the key is there, or the cache is full. Throws as `set`. */
  async add(key: CacheKey, value: V, options?: TtlOptions): Promise<boolean> {
    return this.#store('add', key, value, options)
  }

  /** Stores only if there is a live item. Throws as `set`. */
  async replace(key: CacheKey, value: V, options?: TtlOptions): Promise<boolean> {
    return this.#store('replace', key, value, options)
  }

  /** Stores bytes as a value of their type. Throws as `set`. */
  async setItem(
    key: CacheKey,
    { bytes, type = 'bytes' }: EncodedValue,
    options: SetItemOptions = {},
  ): Promise<boolean> {
    requireCallOptions('setItem', options, SET_ITEM_OPTION_NAMES)
    const { ttlMs, mode = 'set' } = options
    if (!(bytes instanceof Uint8Array)) throw invalidOption('bytes', 'a Uint8Array', bytes)
    const command = STORE_COMMANDS[requireOneOf('mode', mode, ['set', 'add', 'replace'])]
    const pairs = [...ttlPairs(ttlMs), ['type', type] as const]
    const reply = await this.#commands.find(command, { key, body: bytes, pairs }, [
      'exists',
      'full',
    ])
    return reply !== undefined
  }

  /**
   * Stores several values. Many calls run at once; after a batch that found the cache full no more
   * are sent.
   *
   * @returns how many values were stored.
   */
  async setMany(entries: Iterable<readonly [CacheKey, V]>, options?: TtlOptions): Promise<number> {
    let stored = 0
    for (const batch of batches(entries, this.#batchSize)) {
      const outcomes = batch.map(([key, value]) => this.set(key, value, options))
      const storedNow = (await Promise.all(outcomes)).filter(isStored => isStored).length
      stored += storedNow
      if (storedNow < batch.length) break
    }
    return stored
  }

  /** @returns whether there was an item to delete. */
  async delete(key: CacheKey): Promise<boolean> {
    return (await this.#commands.find('del', { key })) !== undefined
  }

  /** @returns the milliseconds left, `Infinity` for an item that never ends, or undefined. */
  async ttlMs(key: CacheKey): Promise<number | undefined> {
    const reply = await this.#commands.find('ttl', { key })
    return reply === undefined ? undefined : ttlMsOf(reply, this.address)
  }

  /** Sets a new TTL. @returns whether there was an item. */
  async touch(key: CacheKey, ttlMs: number): Promise<boolean> {
    const pairs = [ttlPair(ttlMs)]
    return (await this.#commands.find('touch', { key, pairs })) !== undefined
  }

  /**
   * Adds to a 64-bit integer, atomically at the server.
   *
   * @param by - With a number the result is a number. With a bigint the result is a bigint of 64
   * bits, which wraps.
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

  /** As `increment`, dividing toward zero. Division by zero results in zero, as in uWSGI. */
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
    requireCallOptions('count', options, COUNT_OPTION_NAMES)
    requireOneOf('operation', operation, ['inc', 'dec', 'mul', 'div'])
    const pairs = [
      ['by', formatInt64('by', by)] as const,
      ...initialPairs(options.initial),
      ...(options.onlyPresent === true ? [['only', ONLY_PRESENT] as const] : []),
      ...ttlPairs(options.ttlMs),
      ...(options.safe === true ? [['safe', '1'] as const] : []),
    ]
    const reply = await this.#commands.find(operation, { key, pairs }, ['full'])
    return reply === undefined ? undefined : int64Of(reply, 'value', this.address)
  }

  /** Yields keys and values of live items. Unlike in a local cache each value counts as a hit. */
  async *entries(): AsyncGenerator<[string, V], void, undefined> {
    for await (const page of this.#keyPages()) {
      for (const keys of batches(page, this.#batchSize)) {
        const values = await this.getMany(keys)
        for (const [index, key] of keys.entries()) {
          const value = values[index]
          if (value !== undefined) yield [key.toString(), value] // undefined: deleted meanwhile
        }
      }
    }
  }

  /**
   * Yields all live keys as text, in no particular order. For keys that are not UTF-8 use
   * {@link RemoteCache.keyPage}.
   */
  async *keys(): AsyncGenerator<string, void, undefined> {
    for await (const keys of this.#keyPages()) {
      for (const key of keys) yield key.toString()
    }
  }

  /** Reads some of the keys. Begin with cursor 0 and continue with `next` until it is 0 again. */
  async keyPage(cursor: number, limit: number): Promise<KeyPage> {
    requireInteger('cursor', cursor, 0, Number.MAX_SAFE_INTEGER)
    requireInteger('limit', limit, 1, MAX_KEYS_LIMIT)
    const pairs = [['cursor', String(cursor)] as const, ['limit', String(limit)] as const]
    const reply = await this.#commands.require('keys', { pairs })
    return { keys: listOf(reply, this.address), next: countOf(reply, 'next', this.address) }
  }

  /** Deletes all items. @returns how many, or undefined from a server that does not report it. */
  async clear(): Promise<number | undefined> {
    const reply = await this.#commands.require('clear')
    return reply.fields.has('count') ? countOf(reply, 'count', this.address) : undefined
  }

  /** @returns the counts of the cache at the server. */
  async stats(): Promise<CacheStats> {
    const reply = await this.#commands.require('stats')
    return jsonOf(
      reply,
      ['name', 'items', 'maxItems', 'hits', 'misses'],
      this.address,
    ) as CacheStats
  }

  /** Checks the cache at the server. */
  async verify(): Promise<VerifyReport> {
    const reply = await this.#commands.require('verify')
    return jsonOf(reply, ['ok', 'problems', 'items'], this.address) as VerifyReport
  }

  /** Lets calls under way finish and closes the connections. May be called again. */
  close(): Promise<void> {
    return this.#pool.close()
  }

  /** The same as {@link RemoteCache.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Yields all live keys as bytes, page by page. */
  async *#keyPages(): AsyncGenerator<readonly Buffer[], void, undefined> {
    let cursor = 0
    do {
      const page = await this.keyPage(cursor, MAX_KEYS_LIMIT)
      yield page.keys
      cursor = page.next
    } while (cursor !== 0)
  }

  async #store(
    mode: keyof typeof STORE_COMMANDS,
    key: CacheKey,
    value: V,
    options: TtlOptions = {},
  ): Promise<boolean> {
    requireCallOptions(mode, options, TTL_OPTION_NAMES)
    return this.setItem(key, encodeForNetwork(value), { ...options, mode })
  }

  async #arithmetic(
    key: CacheKey,
    operation: CounterOperation,
    by: number | bigint,
    options: CounterOptions = {},
  ): Promise<number | bigint | undefined> {
    requireCallOptions(CALLS[operation], options, COUNTER_OPTION_NAMES)
    if (typeof by === 'bigint') return this.count(key, operation, by, options)
    requireInteger('by', by, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    const value = await this.count(key, operation, BigInt(by), { ...options, safe: true })
    return value === undefined ? undefined : Number(value)
  }
}

/** The method of each operation, for messages. */
const CALLS = { inc: 'increment', dec: 'decrement', mul: 'multiply', div: 'divide' } as const

/** Divides many things into batches, so that at most one batch of calls is under way. */
function* batches<T>(all: Iterable<T>, size: number): Generator<T[], void, undefined> {
  let batch: T[] = []
  for (const one of all) {
    batch.push(one)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
