/**
 * The public cache. It checks keys, values and durations; the engine stores the bytes.
 */

import {
  type AnyCache,
  type CacheEntry,
  type CacheKey,
  type CacheStats,
  type CircumstanceOptions,
  type CounterOperation,
  type CounterOptions,
  type CountOptions,
  type EncodedValue,
  INSPECT,
  type KeyPage,
  LOCAL_SET_ITEM_OPTION_NAMES,
  NEVER,
  REPLICATION,
  type ReplicationAccess,
  requireCallOptions,
  requireOneOf,
  SET_OPTION_NAMES,
  type SetItemOptions,
  type SetOptions,
  type StoredItem,
  TAGGED_ITEMS,
  TAKES_PINNED,
  type TaggedItems,
  type VerifyReport,
} from '../base/index.ts'
import { copyStored, requireSource, ValueCodec } from '../codecs/index.ts'
import type { Engine, ItemView } from '../engine/index.ts'
import { ChangeFeed } from './change-feed.ts'
import {
  asksForCircumstances,
  type DeleteTagOptions,
  isSoft,
  requireTag,
  withoutReserved,
} from './circumstances.ts'
import { CacheCounters } from './counters.ts'
import { GET_CHANNEL } from './diagnostics.ts'
import { type EntryOptions, readEntry } from './entries.ts'
import type { CacheEventName, CacheEvents } from './events/cache-events.ts'
import { EventFeed } from './events/event-feed.ts'
import { type ListenOptions, listen, type StopListening, watchKey } from './events/listening.ts'
import { Expiry } from './expiry.ts'
import { type Load, Loader } from './get-or-set.ts'
import { ItemWrites, type StoreCall } from './item-writes.ts'
import {
  type FoundEntry,
  finishEntries,
  finishEntriesInSteps,
  prefixOf,
  readKeyPage,
  type ScanOptions,
  scanInSteps,
  scanItems,
} from './items.ts'
import type { Keyed, KeyMap, ValuesOf } from './keyed-cache.ts'
import { CacheLifetime } from './lifetime.ts'
import type { LoadContext } from './load-call.ts'
import { getOrSetMany, type LoadMany } from './load-many.ts'
import { GET_OR_SET_OPTION_NAMES, type GetOrSetOptions } from './load-options.ts'
import { type CacheLock, type LockOptions, Locks } from './lock.ts'
import { type MemoizeOptions, memoize } from './memoize.ts'
import { CacheNamespace } from './namespace.ts'
import { NearCopies } from './near-copies.ts'
import { type CacheOptions, resolveOptions } from './options.ts'
import { CacheReplication } from './replication.ts'
import { CacheTaggedItems } from './tagged-items.ts'
import { compareAndSet, update } from './versions.ts'

const SET: StoreCall = { name: 'set', mode: 'set', optionNames: SET_OPTION_NAMES }
const ADD: StoreCall = { name: 'add', mode: 'add', optionNames: SET_OPTION_NAMES }
const REPLACE: StoreCall = { name: 'replace', mode: 'replace', optionNames: SET_OPTION_NAMES }

/**
 * A `Cache` whose keys decide the types of its values, as `Cache.open` returns it for a map of key
 * patterns. It has the methods of `Cache`; a key that no pattern has does not compile.
 */
export type KeyedCache<M> = Keyed<Cache<ValuesOf<M>>, M>

/**
 * One cache, shared by all processes and threads that open its name.
 *
 * Reads take no lock and finish well under a microsecond. All methods are synchronous except
 * those that load, wait for a lock or a disk, or iterate in steps. A process killed at any point
 * costs at most the item it was writing.
 *
 * Every method throws UNDERCROFT_CLOSED after `close`, and UNDERCROFT_CORRUPT if the shared memory
 * breaks an invariant. A key that is empty, longer than `maxKeySize`, or not well-formed Unicode is
 * an UNDERCROFT_KEY_INVALID, and an unknown option an UNDERCROFT_OPTION_INVALID.
 *
 * @typeParam V - the type of the values; not checked at run time
 * @example
 * using cache = Cache.open<Session>({ name: 'sessions', maxItems: 10_000 })
 * cache.set('user:1', { name: 'Ada' }, { ttlMs: 60_000 })
 * cache.get('user:1') // { name: 'Ada' }, in every process
 */
export class Cache<V = unknown> implements AnyCache<V> {
  /** The name, without the instance that the cache belongs to. */
  readonly name: string
  /** Longest key, in bytes of UTF-8. */
  readonly maxKeySize: number
  /** Largest value, in bytes. */
  readonly maxValueSize: number
  /** True if other processes see the cache; false on private memory. */
  readonly shared: boolean
  /** For replication and dumps; see base/replicable.ts. */
  readonly [REPLICATION]: ReplicationAccess
  /** For the HTTP cache; see base/tagged-items.ts. */
  readonly [TAGGED_ITEMS]: TaggedItems
  /** @internal */
  readonly [TAKES_PINNED] = true
  readonly #lifetime: CacheLifetime
  #engine: Engine | undefined
  readonly #values: ValueCodec
  /** Undefined if this thread keeps no near copies. */
  readonly #near: NearCopies | undefined
  readonly #feed: ChangeFeed
  readonly #expiry: Expiry
  readonly #writes: ItemWrites
  readonly #counters: CacheCounters
  readonly #loader: Loader
  readonly #locks: Locks
  readonly #events: EventFeed

  private constructor(options: CacheOptions) {
    const resolved = resolveOptions(options)
    const { clock, near } = resolved
    const lifetime = new CacheLifetime(resolved)
    const engine = lifetime.use()
    const { geometry } = engine.segment
    this.name = resolved.name.slice(resolved.name.indexOf('/') + 1)
    this.maxKeySize = geometry.maxKeySize
    this.maxValueSize = engine.maxValueSize
    this.shared = lifetime.shared
    this.#lifetime = lifetime
    this.#engine = engine
    this.#values = new ValueCodec(resolved.values, engine.maxValueSize)
    this.#near = near.maxItems > 0 ? new NearCopies(engine, near, this.#values) : undefined
    this.#feed = new ChangeFeed(this.#values)
    this.#expiry = new Expiry(clock, resolved.ttlMs, geometry.ignoresTtl)
    this.#writes = new ItemWrites(this.name, lifetime, this.#values, this.#expiry, this.#feed)
    this.#counters = new CacheCounters(lifetime, this.#feed, this.#expiry, resolved.counterInitial)
    this.#loader = new Loader({
      ...{ name: this.name, cache: this, maxKeySize: this.maxKeySize, values: this.#values, clock },
      ...{ lifetime, writes: this.#writes, expiry: this.#expiry, onError: resolved.onError },
    })
    this.#locks = new Locks(lifetime, this.#expiry, clock)
    this.#events = new EventFeed(lifetime)
    this[TAGGED_ITEMS] = new CacheTaggedItems(lifetime, this.#values, this.#writes)
    this[REPLICATION] = new CacheReplication(lifetime, this.#values, clock, this.#feed)
  }

  /**
   * Attaches to the cache of that name, or creates it if `maxItems` is given.
   *
   * @throws UndercroftError - UNDERCROFT_OPTION_INVALID, _NO_SUCH_CACHE (no cache to attach to, and
   * no maxItems), _GEOMETRY_MISMATCH (it exists with other options), _NO_SPACE, _ACCESS_DENIED,
   * _NOT_A_SEGMENT, _VERSION_MISMATCH, _TRUNCATED, _CORRUPT, _SEGMENT_TOO_LARGE,
   * _SHARING_UNAVAILABLE, _LOCK_TIMEOUT, _SYSTEM
   * @typeParam V - the type of all values, or a map of key patterns to the types of their values
   * @example
   * const cache = Cache.open({ name: 'pages', maxItems: 1000, blockSize: 1024, ttlMs: 60_000 })
   * const users = Cache.open<{ [key: `user:${string}`]: User }>({ name: 'users', maxItems: 1000 })
   */
  static open<M extends KeyMap<M>>(
    options: [M] extends [never] ? never : CacheOptions<ValuesOf<M>>,
  ): KeyedCache<M>
  static open<V = unknown>(options: CacheOptions<V>): Cache<V>
  static open<V>(options: CacheOptions<V>): Cache<V> {
    return new Cache<V>(options)
  }

  /**
   * Returns the value, with the type that was stored, and counts a hit. If there is no item, or
   * if it ended at this millisecond or before, returns undefined and counts a miss.
   */
  get(key: CacheKey): V | undefined {
    const engine = this.#engine ?? this.#lifetime.throwClosed()
    const near = this.#near
    const isNear = near !== undefined && typeof key === 'string'
    const value = isNear ? near.get(key) : this.#values.finish(engine.get(key, this.#values.read))
    if (GET_CHANNEL.hasSubscribers) {
      GET_CHANNEL.publish({ cache: this.name, key, isHit: value !== undefined })
    }
    return value as V | undefined
  }

  /** Returns the value's bytes, their type, and the item's end. Counts a hit or miss as `get`. */
  getItem(key: CacheKey): StoredItem | undefined {
    const engine = this.#lifetime.use()
    const found = engine.get(key, copyStored)
    if (found === undefined) return undefined
    return { ...this.#values.unpack(found), expiresAtMs: engine.found.expiresAtMs }
  }

  /**
   * Returns the value together with what the cache knows of its item. Counts as `get`.
   *
   * @param options - `stale`: also return an item that is past its `ttlMs`, or whose tag was
   * deleted softly, while the cache keeps it
   * @example
   * const entry = cache.getEntry('page', { stale: true })
   * if (entry?.isStale) refresh()
   */
  getEntry(key: CacheKey, options?: EntryOptions): CacheEntry<V> | undefined {
    const entry = readEntry(this.#lifetime.use(), key, this.#values, options)
    return entry?.value === undefined ? undefined : (entry as CacheEntry<V>)
  }

  /** Returns a value as `get` does, but counts nothing, and does not count as a use of the item. */
  peek(key: CacheKey): V | undefined {
    const raw = this.#lifetime.use().peek(key, this.#values.read)
    return this.#values.finish(raw) as V | undefined
  }

  /** Returns the tags of an item, in the order in which they were given; undefined without one. */
  tagsOf(key: CacheKey): readonly string[] | undefined {
    const tags = this.#lifetime.use().tagsOf(key)
    return tags && withoutReserved(tags)
  }

  /** Returns the values of several keys in their order, with undefined for each miss. */
  getMany(keys: Iterable<CacheKey>): (V | undefined)[] {
    return Array.from(keys, key => this.get(key))
  }

  /** Returns whether there is a live item. Counts no hit or miss, and no use of the item. */
  has(key: CacheKey): boolean {
    const engine = this.#engine ?? this.#lifetime.throwClosed()
    return engine.has(key)
  }

  /**
   * Stores a value, whether or not the key is present.
   *
   * @param options - `ttlMs`: milliseconds that the item lives, by default the cache's `ttlMs`;
   * `staleMs`, `tags` and `pinned`
   * @returns false if the cache is full and may not evict; the old value stays then
   * @throws UndercroftError - also UNDERCROFT_VALUE_TOO_LARGE, _VALUE_UNSUPPORTED (undefined,
   * functions, symbols), _OPTION_INVALID (a ttlMs that is negative or NaN), _TAGS_INVALID,
   * _PINS_FULL, _LOCK_TIMEOUT
   * @example
   * cache.set('code:1', '4711', { ttlMs: 5 * 60_000 })
   * cache.set('page:/7', html, { tags: ['user:7', 'orders'] })
   */
  set(key: CacheKey, value: V, options?: SetOptions): boolean {
    const source = this.#values.encode(value)
    if (options !== undefined && asksForCircumstances(options)) {
      return this.#writes.store(SET, key, source, options)
    }
    const isEndless = options === undefined && this.#expiry.isEndless
    const atMs = isEndless ? NEVER : this.#expiry.of('set', options, SET_OPTION_NAMES)
    const engine = this.#engine ?? this.#lifetime.throwClosed()
    const near = this.#near
    const isNear = near !== undefined && typeof key === 'string'
    const outcome = isNear ? near.set(key, value, source, atMs) : undefined
    return this.#writes.publish(
      outcome ?? engine.store(key, source, atMs, 'set'),
      key,
      source,
      atMs,
    )
  }

  /** Stores only if the key is absent: false if it is present, or the cache is full. See `set`. */
  add(key: CacheKey, value: V, options?: SetOptions): boolean {
    return this.#writes.store(ADD, key, this.#values.encode(value), options)
  }

  /** Stores only over a live item: false if there is none, or the cache is full. See `set`. */
  replace(key: CacheKey, value: V, options?: SetOptions): boolean {
    return this.#writes.store(REPLACE, key, this.#values.encode(value), options)
  }

  /**
   * Stores bytes together with their type, as `getItem` of any cache returns them.
   *
   * @param options - `mode`: `set` (the default), `add` or `replace`; and those of `set`
   * @returns false if the cache is full, or if `mode` forbids to store
   * @throws UndercroftError - as `set`; _VALUE_UNSUPPORTED also for bytes that are not of their
   * type, and for `structured` ones, which only the machine that wrote them may read
   */
  setItem(key: CacheKey, value: EncodedValue, options?: SetItemOptions & SetOptions): boolean {
    const mode = requireOneOf('mode', options?.mode ?? 'set', ['set', 'add', 'replace'])
    const call = { name: 'setItem', mode, optionNames: LOCAL_SET_ITEM_OPTION_NAMES }
    return this.#writes.store(call, key, this.#values.pack(requireSource(value)), options)
  }

  /** Stores several values until the cache is full. Returns how many were stored. */
  setMany(entries: Iterable<readonly [CacheKey, V]>, options?: SetOptions): number {
    let stored = 0
    for (const [key, value] of entries) {
      if (!this.set(key, value, options)) break
      stored++
    }
    return stored
  }

  /**
   * Returns the value. On a miss it returns the result of `load`, and stores that unless it is
   * undefined. Of all callers that miss at the same time, in all processes, one loads and the
   * others wait. What was loaded before a deletion of the key or of one of its tags is not stored.
   *
   * @param load - is given a signal and the old value, and can decide the TTL and the tags
   * @param options - as for `set`; `staleMs`, `staleIfErrorMs` and `softTimeoutMs` return old
   * values, `refreshAheadMs` loads before the end, `timeoutMs` limits the load
   * @throws any error of `load`; UndercroftError - UNDERCROFT_LOAD_TIMEOUT, and as `get` and `set`
   * @example
   * const user = await cache.getOrSet('user:1', () => db.findUser(1), { ttlMs: 60_000 })
   * const rates = await cache.getOrSet('rates', ({ signal }) => fetchRates(signal), {
   *   ttlMs: 60_000,
   *   staleMs: 3_600_000,
   * })
   */
  async getOrSet(
    key: CacheKey,
    load: (context: LoadContext<V>) => V | Promise<V>,
    options?: GetOrSetOptions,
  ): Promise<V> {
    if (options !== undefined) requireCallOptions('getOrSet', options, GET_OR_SET_OPTION_NAMES)
    const value = this.get(key)
    if (value === undefined) return this.#loader.load(key, load as Load, options) as Promise<V>
    if (options?.refreshAheadMs !== undefined) {
      this.#loader.refreshAhead(key, load as Load, options)
    }
    return value
  }

  /**
   * Returns the values of several keys in their order, as `getOrSet` does for each. All missing
   * keys that no other caller loads are loaded in one call, and each key by one process.
   *
   * @param loadMany - returns the values of the keys that it is given: as a `Map`, or as an array
   * in their order
   * @example
   * const users = await cache.getOrSetMany(ids, missing => db.findUsers(missing))
   */
  getOrSetMany<K extends CacheKey>(
    keys: Iterable<K>,
    loadMany: LoadMany<K, V>,
    options?: GetOrSetOptions,
  ): Promise<(V | undefined)[]> {
    return getOrSetMany(this.getOrSet.bind(this), keys, loadMany, options)
  }

  /**
   * Returns a function with the same results that are cached, as by `getOrSet`.
   *
   * @param options - `key`: returns the key for the arguments; and those of `getOrSet`
   * @example
   * const findUser = cache.memoize(db.findUser, { key: id => `user:${id}`, ttlMs: 60_000 })
   * const user = await findUser(7)
   */
  memoize<A extends readonly unknown[], R extends V>(
    compute: (...args: A) => R | Promise<R>,
    options: MemoizeOptions<A>,
  ): (...args: A) => Promise<R> {
    const getOrSet = this.getOrSet.bind(this) as unknown as Cache<R>['getOrSet']
    return memoize(getOrSet, compute, options)
  }

  /**
   * Stores a value only if the item is still of a version, which `getEntry` returned; 0: if the key
   * is absent. A `touch` does not change the version.
   *
   * @returns false if the item changed, is gone, or the cache is full
   * @throws UndercroftError - as `set`
   * @example
   * const entry = cache.getEntry('stock')
   * if (entry && entry.value > 0) cache.compareAndSet('stock', entry.version, entry.value - 1)
   */
  compareAndSet(key: CacheKey, version: number, value: V, options?: SetOptions): boolean {
    return compareAndSet(this.#writes, 'compareAndSet', key, version, value, options) === 'stored'
  }

  /**
   * Replaces a value by what `change` makes of it, as one step for all processes: if another writer
   * comes in between, `change` is called again with the new value. It gets undefined if the key is
   * absent, and returns undefined to leave everything as it is.
   *
   * @param options - as for `set`; without a `ttlMs` the item gets that of the cache
   * @returns the value that is stored now; undefined if there is none, or the cache is full
   * @throws UndercroftError - as `set`; UNDERCROFT_CONTENDED if others came in between 1000 times
   * @example
   * cache.update('cart:7', cart => [...(cart ?? []), item])
   */
  update(
    key: CacheKey,
    change: (value: V | undefined) => V | undefined,
    options?: SetOptions,
  ): V | undefined {
    return update(
      this.#writes,
      key,
      () => readEntry(this.#lifetime.use(), key, this.#values) as CacheEntry<V> | undefined,
      change,
      options,
    )
  }

  /** Deletes an item. Returns whether there was a live one. */
  delete(key: CacheKey): boolean {
    const wasPresent = this.#writes.delete(key)
    // A load that stored its value before it was revoked did so after the first delete.
    return (this.#loader.revoke(key) && this.#writes.delete(key)) || wasPresent
  }

  /** Deletes several items. Returns how many live ones there were. */
  deleteMany(keys: Iterable<CacheKey>): number {
    let deleted = 0
    for (const key of keys) if (this.delete(key)) deleted++
    return deleted
  }

  /**
   * Deletes all items that have a tag, at once for all processes, and in the same time for any
   * number of items. A value with this tag whose load in `getOrSet` began before is not stored.
   *
   * @param options - `soft`: the items become stale instead
   * @throws UndercroftError - UNDERCROFT_TAGS_INVALID
   * @example
   * cache.set('page:/7', html, { tags: ['user:7', 'orders'] })
   * cache.deleteTag('user:7') // the page is a miss
   */
  deleteTag(tag: string, options?: DeleteTagOptions): void {
    this.#lifetime.use().deleteTag(requireTag(tag), isSoft(options))
  }

  /** Deletes several tags, one after the other. See `deleteTag`. */
  deleteTags(tags: Iterable<string>, options?: DeleteTagOptions): void {
    for (const tag of tags) this.deleteTag(tag, options)
  }

  /** Returns the milliseconds left; Infinity if the item never ends; undefined without an item. */
  ttlMs(key: CacheKey): number | undefined {
    const engine = this.#lifetime.use()
    return engine.has(key) ? this.#expiry.until(engine.found.expiresAtMs) : undefined
  }

  /**
   * Gives a live item a new TTL. Counts as a use of the item.
   *
   * @param ttlMs - milliseconds from now, from 0 (already over) to Infinity (never ends)
   * @returns whether there was a live item
   */
  touch(key: CacheKey, ttlMs: number): boolean {
    const engine = this.#lifetime.use()
    const wasPresent = engine.touch(key, this.#expiry.after(ttlMs))
    if (wasPresent && this.#feed.isObserved) this.#feed.changed(key, engine)
    return wasPresent
  }

  /**
   * Adds to a 64-bit integer, as one step for all processes. Integers stored with `set` are
   * counters, too. An existing counter keeps its TTL.
   *
   * @param by - a number returns a number; a bigint returns a bigint, has all 64 bits, and wraps
   * @param options - for an absent key: `ttlMs`, `tags` and `pinned` as for `set`; `initial`, the
   * value before the operation, by default the cache's `counterInitial`; `onlyPresent`, to create
   * nothing
   * @returns the new value; undefined if the cache is full, or for `onlyPresent` without an item
   * @throws UndercroftError - UNDERCROFT_NOT_A_COUNTER if another kind of value is stored there,
   * UNDERCROFT_COUNTER_RANGE if a number cannot hold the result; the value is unchanged
   * @example
   * cache.increment('visits') // 1, 2, 3 ...
   * cache.increment('window', 1, { ttlMs: 1000 }) // counts within a second
   */
  increment(
    key: CacheKey,
    by?: number,
    options?: CounterOptions & CircumstanceOptions,
  ): number | undefined
  increment(
    key: CacheKey,
    by: bigint,
    options?: CounterOptions & CircumstanceOptions,
  ): bigint | undefined
  increment(
    key: CacheKey,
    by: number | bigint = 1,
    options?: CounterOptions & CircumstanceOptions,
  ) {
    return this.#counters.change('increment', key, 'inc', by, options)
  }

  /** Subtracts; otherwise the same as `increment`. */
  decrement(
    key: CacheKey,
    by?: number,
    options?: CounterOptions & CircumstanceOptions,
  ): number | undefined
  decrement(
    key: CacheKey,
    by: bigint,
    options?: CounterOptions & CircumstanceOptions,
  ): bigint | undefined
  decrement(
    key: CacheKey,
    by: number | bigint = 1,
    options?: CounterOptions & CircumstanceOptions,
  ) {
    return this.#counters.change('decrement', key, 'dec', by, options)
  }

  /** Multiplies; otherwise the same as `increment`. */
  multiply(
    key: CacheKey,
    by: number,
    options?: CounterOptions & CircumstanceOptions,
  ): number | undefined
  multiply(
    key: CacheKey,
    by: bigint,
    options?: CounterOptions & CircumstanceOptions,
  ): bigint | undefined
  multiply(key: CacheKey, by: number | bigint, options?: CounterOptions & CircumstanceOptions) {
    return this.#counters.change('multiply', key, 'mul', by, options)
  }

  /** Divides and truncates toward zero; by zero it returns zero, as uWSGI. See `increment`. */
  divide(
    key: CacheKey,
    by: number,
    options?: CounterOptions & CircumstanceOptions,
  ): number | undefined
  divide(
    key: CacheKey,
    by: bigint,
    options?: CounterOptions & CircumstanceOptions,
  ): bigint | undefined
  divide(key: CacheKey, by: number | bigint, options?: CounterOptions & CircumstanceOptions) {
    return this.#counters.change('divide', key, 'div', by, options)
  }

  /**
   * Does one of the four operations by its uWSGI name, on all 64 bits. See `increment`.
   *
   * @param options - as for `increment`; `safe`: refuse a result that a number cannot hold
   */
  count(
    key: CacheKey,
    operation: CounterOperation,
    by: bigint,
    options?: CountOptions & CircumstanceOptions,
  ): bigint | undefined {
    return this.#counters.count(key, operation, by, options)
  }

  /**
   * Yields the keys of live items as strings, in no particular order. Counts nothing. While others
   * write, a key that is there all the time comes exactly once. Keys that are not UTF-8 need
   * `keyPage`.
   *
   * @param options - `prefix`: only keys that begin with it. The whole table is read nevertheless
   * @example
   * for (const key of cache.keys({ prefix: 'user:' })) cache.delete(key)
   */
  keys(options?: ScanOptions): Generator<string, void, undefined> {
    return scanItems(this.#lifetime, prefixOf('keys', options), key => key.toString())
  }

  /** Yields keys and values of live items, in the same way as `keys`. */
  entries(options?: ScanOptions): Generator<[string, V], void, undefined> {
    const found = scanItems(this.#lifetime, prefixOf('entries', options), this.#readEntry)
    return finishEntries<V>(found, this.#values)
  }

  /**
   * Yields the same as `entries`, in steps: it reads 1000 slots of the table or 256 kB of values,
   * and then lets all other work of this thread have its turn.
   *
   * @example
   * for await (const [key, user] of cache.scan({ prefix: 'user:' })) await save(key, user)
   */
  scan(options?: ScanOptions): AsyncGenerator<[string, V], void, undefined> {
    const found = scanInSteps(this.#lifetime, prefixOf('scan', options), this.#readEntry)
    return finishEntriesInSteps<V>(found, this.#values)
  }

  /**
   * Returns up to `limit` keys (1 to 10000) as bytes, in the same way as `keys`. The cursor is 0 to
   * begin, and then the `next` of the page before, until that is 0.
   */
  keyPage(cursor: number, limit: number): KeyPage {
    return readKeyPage(this.#lifetime.use(), cursor, limit)
  }

  /**
   * Returns a part of the cache, whose keys begin with `name` and a colon. Its methods are those of
   * the cache; its `clear` deletes the items that were stored through it, in constant time. A
   * namespace is not stored anywhere, so any process may make it again at any time.
   *
   * @typeParam W - the type of the values in the namespace
   * @param name - not empty; all names of nested namespaces, each with its colon, take up to 254
   * bytes of UTF-8 and leave room for a key
   * @throws UndercroftError - UNDERCROFT_OPTION_INVALID if the name is empty or too long, or at the
   * ninth level
   * @example
   * const pages = cache.namespace<string>('pages')
   * pages.set('/about', html) // the key is 'pages:/about'
   * pages.clear()
   */
  namespace<W = V>(name: string): CacheNamespace<W> {
    return new CacheNamespace<W>(this as unknown as Cache<W>, this.#lifetime, name)
  }

  /**
   * Acquires a lock that one caller of all processes and threads holds at a time. Its item, `lock:`
   * and the key, is pinned, so nothing evicts it. Callers of one process get the lock in the order
   * in which they asked.
   *
   * @param options - `ttlMs`: milliseconds after which the lock ends unless it is renewed;
   * `waitMs`: milliseconds to wait for the holder, by default 5000
   * @throws UndercroftError - UNDERCROFT_LOCK_HELD after `waitMs`; _PINS_FULL if there is no room;
   * _OPTION_INVALID also in a cache with `ignoreTtl`
   * @example
   * using lock = await cache.lock('report', { ttlMs: 30_000 })
   * await writeReport(lock.fencing)
   */
  lock(key: CacheKey, options: LockOptions): Promise<CacheLock> {
    return this.#locks.acquire(key, options)
  }

  /** Deletes everything, for all processes. Returns how many items there were. */
  clear(): number {
    const engine = this.#lifetime.use()
    if (!this.#feed.isObserved) return engine.clear()
    const keys = [...scanItems(this.#lifetime, '', key => key)]
    const count = engine.clear()
    for (const key of keys) this.#feed.deleted(key)
    return count
  }

  /**
   * Calls a listener for each event of one name, in the order of the changes. Changes by all
   * processes have events, if the cache was created with the option `events`. A listener that was
   * too slow gets a `gap`. A listener that throws causes an uncaught exception, and others still
   * get the event.
   *
   * @param event - `set`, `delete`, `expire`, `evict`, `clear`, `invalidate` or `gap`
   * @param options - `signal`: ends the listening; `keepAlive`: the process stays alive meanwhile
   * @returns a function that ends the listening
   * @throws UndercroftError - UNDERCROFT_NO_EVENTS; _OPTION_INVALID also for the 10001st listener
   * @example
   * const cache = Cache.open({ name: 'users', maxItems: 1000, events: 10_000 })
   * cache.on('set', ({ key }) => rebuild(key))
   * cache.on('gap', () => rebuildAll())
   */
  on<E extends CacheEventName>(
    event: E,
    listener: (event: CacheEvents[E]) => void,
    options?: ListenOptions,
  ): StopListening {
    this.#lifetime.use()
    return listen(this.#events, event, listener, options)
  }

  /**
   * Calls a listener with the new value after a key changed in any process; undefined: the item is
   * gone. Several changes in a row can be one call. An expired item is reported when it is swept.
   * See `on`.
   *
   * @example
   * cache.watch('flags', flags => apply(flags))
   * apply(cache.get('flags'))
   */
  watch(
    key: CacheKey,
    listener: (value: V | undefined) => void,
    options?: ListenOptions,
  ): StopListening {
    const engine = this.#lifetime.use()
    return watchKey(this.#events, key, listener as (value: unknown) => void, options, () => {
      const entry = engine.peekEntry(key, this.#values.read)
      if (entry === undefined || entry.isStale) return undefined
      return { version: entry.version, value: this.#values.finish(entry.value) }
    })
  }

  /** The number of items, including those that ended and are not swept yet. */
  get size(): number {
    return this.#lifetime.use().itemCount
  }

  /** Returns the counts of all processes since the creation of the cache, and its sizes. */
  stats(): CacheStats {
    return { name: this.name, ...this.#lifetime.use().stats() }
  }

  /** Checks every invariant of the shared bytes. Meanwhile writers wait, and readers do not. */
  verify(): VerifyReport {
    return this.#lifetime.use().verify()
  }

  /**
   * Frees the room of all expired items now, and returns how many there were. Other writers get the
   * lock every few hundred slots. `sweepMs` does the same in the background.
   */
  sweep(): number {
    return this.#lifetime.use().upkeep.sweep()
  }

  /** Asks the kernel to write a store to its disk, and waits. Throws UNDERCROFT_SYSTEM. */
  sync(): void {
    this.#lifetime.use().segment.mapping.sync()
  }

  /** The same as `sync`, without blocking this thread. */
  async flush(): Promise<void> {
    await this.#lifetime.use().segment.mapping.flush()
  }

  /**
   * Releases the memory in this process. Others keep the cache. The last process that closes a
   * store waits until its disk has all of it. May be called again.
   */
  close(): void {
    this.#loader.close()
    this.#engine = undefined
    this.#near?.clear()
    this.#events.close()
    this.#lifetime.close()
  }

  /** The same as `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** Shows one line with the name and the most important counts, for `console.log`. */
  [INSPECT](): string {
    const engine = this.#lifetime.engine
    if (engine === undefined) return `Cache '${this.name}' (closed)`
    const { items, maxItems, size, hits, misses } = engine.stats()
    const memory = `${(size / 2 ** 20).toFixed(1)} MiB ${this.shared ? 'shared' : 'private'}`
    const counts = `${items} of ${maxItems} items, ${hits} hits, ${misses} misses`
    return `Cache '${this.name}' (${counts}, ${memory})`
  }

  /** Closes and removes the name. The next process that opens it creates an empty cache. */
  destroy(): void {
    this.#lifetime.removeName() // First, because `close` does not flush a file without a name.
    this.close()
  }

  readonly #readEntry = (key: Buffer, { offset, size, type }: ItemView): FoundEntry => {
    const { bytes } = this.#lifetime.segment
    return [key.toString(), this.#values.read(bytes, offset, size, type)]
  }
}
