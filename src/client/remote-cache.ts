/**
 * A cache on another machine or behind a socket, with the methods of a cache as promises.
 */

import {
  type CacheKey,
  type CacheStats,
  type CounterOperation,
  type CounterOptions,
  type KeyPage,
  requireInteger,
  requireOneOf,
  type StoredItem,
  type TtlOptions,
  type VerifyReport,
} from '../base/index.ts'
import { formatAddress, MAX_KEYS_LIMIT, ONLY_PRESENT, parseIdentifier } from '../uwsgi/index.ts'
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
  valueBytes,
} from './fields.ts'
import { type RemoteCacheOptions, resolveRemoteOptions } from './options.ts'
import { Pool } from './pool.ts'

/**
 * A cache served by undercroft or by a real uWSGI.
 *
 * Connects when first needed, and again after the server was gone. A read that met a dying
 * connection is repeated once; a write never is, because it may have been done.
 *
 * A real uWSGI says no by closing without a word. So there `undefined` and `false` can also mean
 * that the cache does not exist or the value was too large, and what only undercroft knows
 * (`count`, `ttlMs`, `touch`, `keys`, `stats`, `verify`) fails with `UNDERCROFT_REMOTE_REFUSED`.
 *
 * Every method can fail with `UNDERCROFT_CONNECTION`, `UNDERCROFT_TIMEOUT`, `UNDERCROFT_PROTOCOL`,
 * `UNDERCROFT_REMOTE_REFUSED`, `UNDERCROFT_NO_SUCH_CACHE` or `UNDERCROFT_CLOSED`.
 *
 * @example
 * await using sessions = await RemoteCache.connect('sessions@cache.internal:3031')
 * await sessions.set('user:1', 'Ada', { ttlMs: 60_000 })
 * const name = (await sessions.get('user:1'))?.toString()
 */
export class RemoteCache implements AsyncDisposable {
  /** The name of the cache at the server; empty: its default cache. */
  readonly name: string
  /** The server's address. */
  readonly address: string
  readonly #pool: Pool
  readonly #commands: RemoteCommands

  /**
   * Connects with the first call; use {@link RemoteCache.connect} to know at once.
   *
   * @param identifier - `name@host:port`, `name@/path/of/a.sock`, or `@address` for the default.
   * @param options - Time and size limits.
   * @throws UndercroftError `UNDERCROFT_OPTION_INVALID`.
   */
  constructor(identifier: string, options: RemoteCacheOptions = {}) {
    const { cacheName, address } = parseIdentifier(identifier)
    this.name = cacheName
    this.address = formatAddress(address)
    this.#pool = new Pool(address, resolveRemoteOptions(options))
    this.#commands = new RemoteCommands(this.#pool, this.name, this.address)
  }

  /**
   * Connects, and asks an undercroft server whether it has the cache.
   *
   * @param identifier - As for the constructor.
   * @param options - As for the constructor.
   * @throws UndercroftError `UNDERCROFT_CONNECTION` or `UNDERCROFT_TIMEOUT` when the server cannot
   * be reached, `UNDERCROFT_NO_SUCH_CACHE` when it says that it does not have the cache.
   */
  static async connect(identifier: string, options?: RemoteCacheOptions): Promise<RemoteCache> {
    const cache = new RemoteCache(identifier, options)
    try {
      await cache.#commands.requireCache()
      return cache
    } catch (error) {
      await cache.close()
      throw error
    }
  }

  /** The value; undefined: a miss. */
  async get(key: CacheKey): Promise<Buffer | undefined> {
    return (await this.getItem(key))?.bytes
  }

  /** The value and when it ends, which a real uWSGI tells in whole seconds. */
  async getItem(key: CacheKey): Promise<StoredItem | undefined> {
    const reply = await this.#commands.find('get', { key })
    return reply === undefined ? undefined : itemOf(reply, this.address)
  }

  /** Whether the key is there. Counts no hit. */
  async has(key: CacheKey): Promise<boolean> {
    return (await this.#commands.find('exists', { key })) !== undefined
  }

  /**
   * Stores either way. False: full.
   *
   * @throws UndercroftError also `UNDERCROFT_KEY_INVALID`, `UNDERCROFT_VALUE_TOO_LARGE`, and
   * `UNDERCROFT_VALUE_UNSUPPORTED` for an empty value, which the protocol cannot carry.
   */
  set(key: CacheKey, value: string | Uint8Array, options?: TtlOptions): Promise<boolean> {
    return this.#store('update', key, value, options)
  }

  /** Stores only if absent. False: there already, or full. Throws as {@link RemoteCache.set}. */
  add(key: CacheKey, value: string | Uint8Array, options?: TtlOptions): Promise<boolean> {
    return this.#store('set', key, value, options)
  }

  /** Whether there was something to delete. */
  async delete(key: CacheKey): Promise<boolean> {
    return (await this.#commands.find('del', { key })) !== undefined
  }

  /** Milliseconds left; `Infinity`: never ends; undefined: no such item. */
  async ttlMs(key: CacheKey): Promise<number | undefined> {
    const reply = await this.#commands.find('ttl', { key })
    return reply === undefined ? undefined : ttlMsOf(reply, this.address)
  }

  /** Gives the item a new TTL; whether there was one. */
  async touch(key: CacheKey, ttlMs: number): Promise<boolean> {
    const pairs = [ttlPair(ttlMs)]
    return (await this.#commands.find('touch', { key, pairs })) !== undefined
  }

  /**
   * Counts in one step at the server, however many do so. The new value wraps modulo 2^64.
   * Undefined: refused, the cache is full, or with `onlyPresent` there is no item.
   *
   * @throws UndercroftError also `UNDERCROFT_NOT_A_COUNTER` when the item holds something else.
   */
  async count(
    key: CacheKey,
    operation: CounterOperation,
    by: bigint,
    options: CounterOptions = {},
  ): Promise<bigint | undefined> {
    requireOneOf('operation', operation, ['inc', 'dec', 'mul', 'div'])
    const pairs = [
      ['by', formatInt64('by', by)] as const,
      ...initialPairs(options.initial),
      ...(options.onlyPresent === true ? [['only', ONLY_PRESENT] as const] : []),
      ...ttlPairs(options.ttlMs),
    ]
    const reply = await this.#commands.find(operation, { key, pairs }, ['full'])
    return reply === undefined ? undefined : int64Of(reply, 'value', this.address)
  }

  /** Some of the keys; begin with cursor 0 and go on with `next` until it is 0 again. */
  async keyPage(cursor: number, limit: number): Promise<KeyPage> {
    requireInteger('cursor', cursor, 0, Number.MAX_SAFE_INTEGER)
    requireInteger('limit', limit, 1, MAX_KEYS_LIMIT)
    const pairs = [['cursor', String(cursor)] as const, ['limit', String(limit)] as const]
    const reply = await this.#commands.require('keys', { pairs })
    return { keys: listOf(reply, this.address), next: countOf(reply, 'next', this.address) }
  }

  /** All live keys, page by page, in no particular order. */
  async *keys(): AsyncGenerator<Buffer, void, undefined> {
    let cursor = 0
    do {
      const page = await this.keyPage(cursor, MAX_KEYS_LIMIT)
      yield* page.keys
      cursor = page.next
    } while (cursor !== 0)
  }

  /** Deletes all items; how many there were, or undefined from a server that does not tell. */
  async clear(): Promise<number | undefined> {
    const reply = await this.#commands.require('clear')
    return reply.fields.has('count') ? countOf(reply, 'count', this.address) : undefined
  }

  /** What the cache counts at the server. */
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

  async #store(
    command: 'set' | 'update',
    key: CacheKey,
    value: string | Uint8Array,
    options: TtlOptions = {},
  ): Promise<boolean> {
    const parts = { key, body: valueBytes(value), pairs: ttlPairs(options.ttlMs) }
    return (await this.#commands.find(command, parts, ['exists', 'full'])) !== undefined
  }
}
