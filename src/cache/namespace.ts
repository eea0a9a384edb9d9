/**
 * Namespaces: a part of a cache, whose keys begin with the name of the namespace.
 *
 * Each item that is stored through a namespace has a tag of that namespace, and of all outer ones.
 * So the deletion of one tag clears a namespace, in the same time for any number of items.
 */

import {
  type CacheEntry,
  type CacheKey,
  type CacheLike,
  type CircumstanceOptions,
  type CounterOperation,
  type CounterOptions,
  type CountOptions,
  type EncodedValue,
  invalidOption,
  isWellFormed,
  type KeyPage,
  type SetItemOptions,
  type SetOptions,
  type StoredItem,
  TAKES_PINNED,
} from '../base/index.ts'
import { maxValueSizeWith } from '../engine/index.ts'
import { NAMESPACE_TAGS, namespaceTag } from './circumstances.ts'
import type { EntryOptions } from './entries.ts'
import { type CacheEventName, type CacheEvents, within } from './events/cache-events.ts'
import type { ListenOptions, StopListening } from './events/listening.ts'
import { prefixOf, type ScanOptions } from './items.ts'
import type { CacheLifetime } from './lifetime.ts'
import type { LoadContext } from './load-call.ts'
import { getOrSetMany, type LoadMany } from './load-many.ts'
import type { GetOrSet, GetOrSetOptions } from './load-options.ts'
import type { CacheLock, LockOptions } from './lock.ts'
import { type MemoizeOptions, memoize } from './memoize.ts'

const SEPARATOR = ':'
/** The longest prefix in bytes of UTF-8. The tag of a namespace is one byte longer. */
const MAX_PREFIX_SIZE = 254
/** How deep namespaces can be nested. Each item has a tag for each level. */
const MAX_DEPTH = 8

type CounterCallOptions = CounterOptions & CircumstanceOptions

/** The methods of a cache that a namespace calls with longer keys. */
export type NamespacedCache<V> = Omit<
  CacheNamespace<V>,
  'prefix' | 'clear' | 'namespace' | typeof TAKES_PINNED
>

/** A namespace, and the outer ones. */
interface Level {
  readonly prefix: string
  readonly tags: readonly string[]
}

const OUTERMOST: Level = { prefix: '', tags: [] }

/**
 * A part of a cache, which {@link Cache.namespace} returns. Its methods are those of {@link Cache},
 * and put the prefix before each key. What concerns the whole cache (tags, counts, sweeps, its end)
 * is a method of the cache alone.
 *
 * @typeParam V - the type of the values; not checked at run time
 * @example
 * const tenant = cache.namespace<User>('tenant:4')
 * tenant.set('user:1', { name: 'Ada' })
 * cache.get('tenant:4:user:1') // { name: 'Ada' }
 * tenant.clear() // deletes all that was stored through this namespace
 */
export class CacheNamespace<V = unknown> implements CacheLike {
  /** What the keys of the namespace begin with: the names of all levels, each with a colon. */
  readonly prefix: string
  /** Longest key within the namespace, in bytes of UTF-8. */
  readonly maxKeySize: number
  /** Largest value, in bytes. */
  readonly maxValueSize: number
  readonly [TAKES_PINNED] = true
  readonly #cache: NamespacedCache<V>
  readonly #lifetime: CacheLifetime
  readonly #level: Level
  /** The options of a call without options. */
  readonly #bare: object | undefined

  /** @internal */
  constructor(
    cache: NamespacedCache<V>,
    lifetime: CacheLifetime,
    name: string,
    outer: Level = OUTERMOST,
  ) {
    const engine = lifetime.use()
    const { maxKeySize, maxTags } = engine.segment.geometry
    const prefix = outer.prefix + requireName(name) + SEPARATOR
    const size = requireSize(name, prefix, maxKeySize)
    const tags = [...outer.tags, namespaceTag(prefix)]
    if (tags.length > MAX_DEPTH) {
      throw invalidOption('the depth of a namespace', `at most ${MAX_DEPTH}`, tags.length)
    }
    this.prefix = prefix
    this.maxKeySize = maxKeySize - size
    this.maxValueSize = maxValueSizeWith(maxTags === 0 ? [] : tags, engine.maxValueSize)
    this.#cache = cache
    this.#lifetime = lifetime
    this.#level = { prefix, tags }
    this.#bare = maxTags === 0 ? undefined : { [NAMESPACE_TAGS]: tags }
  }

  /** See {@link Cache.get}. */
  get(key: CacheKey): V | undefined {
    return this.#cache.get(this.#key(key))
  }

  /** See {@link Cache.getItem}. */
  getItem(key: CacheKey): StoredItem | undefined {
    return this.#cache.getItem(this.#key(key))
  }

  /** See {@link Cache.getEntry}. */
  getEntry(key: CacheKey, options?: EntryOptions): CacheEntry<V> | undefined {
    return this.#cache.getEntry(this.#key(key), options)
  }

  /** See {@link Cache.peek}. */
  peek(key: CacheKey): V | undefined {
    return this.#cache.peek(this.#key(key))
  }

  /** See {@link Cache.tagsOf}. */
  tagsOf(key: CacheKey): readonly string[] | undefined {
    return this.#cache.tagsOf(this.#key(key))
  }

  /** See {@link Cache.getMany}. */
  getMany(keys: Iterable<CacheKey>): (V | undefined)[] {
    return this.#cache.getMany(Array.from(keys, key => this.#key(key)))
  }

  /** See {@link Cache.has}. */
  has(key: CacheKey): boolean {
    return this.#cache.has(this.#key(key))
  }

  /** See {@link Cache.set}. */
  set(key: CacheKey, value: V, options?: SetOptions): boolean {
    return this.#cache.set(this.#key(key), value, this.#tagged(options))
  }

  /** See {@link Cache.add}. */
  add(key: CacheKey, value: V, options?: SetOptions): boolean {
    return this.#cache.add(this.#key(key), value, this.#tagged(options))
  }

  /** See {@link Cache.replace}. */
  replace(key: CacheKey, value: V, options?: SetOptions): boolean {
    return this.#cache.replace(this.#key(key), value, this.#tagged(options))
  }

  /** See {@link Cache.setItem}. */
  setItem(key: CacheKey, value: EncodedValue, options?: SetItemOptions & SetOptions): boolean {
    return this.#cache.setItem(this.#key(key), value, this.#tagged(options))
  }

  /** See {@link Cache.setMany}. */
  setMany(entries: Iterable<readonly [CacheKey, V]>, options?: SetOptions): number {
    const longer = mapped(entries, ([key, value]) => [this.#key(key), value] as const)
    return this.#cache.setMany(longer, this.#tagged(options))
  }

  /** See {@link Cache.getOrSet}. A value whose load began before a `clear` is not stored. */
  getOrSet(
    key: CacheKey,
    load: (context: LoadContext<V>) => V | Promise<V>,
    options?: GetOrSetOptions,
  ): Promise<V> {
    return this.#cache.getOrSet(this.#key(key), load, this.#tagged(options))
  }

  /** See {@link Cache.getOrSetMany}. `loadMany` is given the keys of the namespace. */
  getOrSetMany<K extends CacheKey>(
    keys: Iterable<K>,
    loadMany: LoadMany<K, V>,
    options?: GetOrSetOptions,
  ): Promise<(V | undefined)[]> {
    return getOrSetMany(this.getOrSet.bind(this), keys, loadMany, options)
  }

  /** See {@link Cache.memoize}. */
  memoize<A extends readonly unknown[], R extends V>(
    compute: (...args: A) => R | Promise<R>,
    options: MemoizeOptions<A>,
  ): (...args: A) => Promise<R> {
    const getOrSet = this.getOrSet.bind(this) as unknown as GetOrSet<R>
    return memoize(getOrSet, compute, options)
  }

  /** See {@link Cache.compareAndSet}. */
  compareAndSet(key: CacheKey, version: number, value: V, options?: SetOptions): boolean {
    return this.#cache.compareAndSet(this.#key(key), version, value, this.#tagged(options))
  }

  /** See {@link Cache.update}. */
  update(
    key: CacheKey,
    change: (value: V | undefined) => V | undefined,
    options?: SetOptions,
  ): V | undefined {
    return this.#cache.update(this.#key(key), change, this.#tagged(options))
  }

  /** See {@link Cache.delete}. */
  delete(key: CacheKey): boolean {
    return this.#cache.delete(this.#key(key))
  }

  /** See {@link Cache.deleteMany}. */
  deleteMany(keys: Iterable<CacheKey>): number {
    return this.#cache.deleteMany(mapped(keys, key => this.#key(key)))
  }

  /** See {@link Cache.ttlMs}. */
  ttlMs(key: CacheKey): number | undefined {
    return this.#cache.ttlMs(this.#key(key))
  }

  /** See {@link Cache.touch}. */
  touch(key: CacheKey, ttlMs: number): boolean {
    return this.#cache.touch(this.#key(key), ttlMs)
  }

  /** See {@link Cache.increment}. */
  increment(key: CacheKey, by?: number, options?: CounterCallOptions): number | undefined
  increment(key: CacheKey, by: bigint, options?: CounterCallOptions): bigint | undefined
  increment(
    key: CacheKey,
    by?: number | bigint,
    options?: CounterCallOptions,
  ): number | bigint | undefined {
    return this.#cache.increment(this.#key(key), by as never, this.#tagged(options))
  }

  /** See {@link Cache.decrement}. */
  decrement(key: CacheKey, by?: number, options?: CounterCallOptions): number | undefined
  decrement(key: CacheKey, by: bigint, options?: CounterCallOptions): bigint | undefined
  decrement(
    key: CacheKey,
    by?: number | bigint,
    options?: CounterCallOptions,
  ): number | bigint | undefined {
    return this.#cache.decrement(this.#key(key), by as never, this.#tagged(options))
  }

  /** See {@link Cache.multiply}. */
  multiply(key: CacheKey, by: number, options?: CounterCallOptions): number | undefined
  multiply(key: CacheKey, by: bigint, options?: CounterCallOptions): bigint | undefined
  multiply(
    key: CacheKey,
    by: number | bigint,
    options?: CounterCallOptions,
  ): number | bigint | undefined {
    return this.#cache.multiply(this.#key(key), by as never, this.#tagged(options))
  }

  /** See {@link Cache.divide}. */
  divide(key: CacheKey, by: number, options?: CounterCallOptions): number | undefined
  divide(key: CacheKey, by: bigint, options?: CounterCallOptions): bigint | undefined
  divide(
    key: CacheKey,
    by: number | bigint,
    options?: CounterCallOptions,
  ): number | bigint | undefined {
    return this.#cache.divide(this.#key(key), by as never, this.#tagged(options))
  }

  /** See {@link Cache.count}. */
  count(
    key: CacheKey,
    operation: CounterOperation,
    by: bigint,
    options?: CountOptions & CircumstanceOptions,
  ): bigint | undefined {
    return this.#cache.count(this.#key(key), operation, by, this.#tagged(options))
  }

  /** See {@link Cache.lock}. A `clear` of the namespace releases no lock. */
  lock(key: CacheKey, options: LockOptions): Promise<CacheLock> {
    return this.#cache.lock(this.#key(key), options)
  }

  /** See {@link Cache.keys}. The keys come without the prefix of the namespace. */
  keys(options?: ScanOptions): Generator<string, void, undefined> {
    const keys = this.#cache.keys(this.#within('keys', options))
    return mapped(keys, key => this.#shorten(key))
  }

  /** See {@link Cache.entries}. The keys come without the prefix of the namespace. */
  entries(options?: ScanOptions): Generator<[string, V], void, undefined> {
    const entries = this.#cache.entries(this.#within('entries', options))
    return mapped(entries, ([key, value]) => [this.#shorten(key), value])
  }

  /** See {@link Cache.scan}. The keys come without the prefix of the namespace. */
  scan(options?: ScanOptions): AsyncGenerator<[string, V], void, undefined> {
    const entries = this.#cache.scan(this.#within('scan', options))
    return mappedLater(entries, ([key, value]) => [this.#shorten(key), value])
  }

  /**
   * See {@link Cache.keyPage}. The keys come without the prefix of the namespace. A page can have
   * fewer keys than `limit`, or none, and not be the last.
   */
  keyPage(cursor: number, limit: number): KeyPage {
    const { keys, next } = this.#cache.keyPage(cursor, limit)
    const prefix = Buffer.from(this.prefix)
    const own = keys.filter(key => key.subarray(0, prefix.length).equals(prefix))
    return { keys: own.map(key => key.subarray(prefix.length)), next }
  }

  /**
   * See {@link Cache.on}. Only events of keys with the prefix are passed on, without it. A `clear`
   * of the namespace or of more has an empty prefix. `invalidate` and `gap` are the cache's.
   */
  on<E extends CacheEventName>(
    event: E,
    listener: (event: CacheEvents[E]) => void,
    options?: ListenOptions,
  ): StopListening {
    if (typeof listener !== 'function') return this.#cache.on(event, listener, options)
    const own = (all: CacheEvents[E]) => {
      const found = within(this.prefix, all)
      if (found !== undefined) listener(found as CacheEvents[E])
    }
    return this.#cache.on(event, own, options)
  }

  /** See {@link Cache.watch}. */
  watch(
    key: CacheKey,
    listener: (value: V | undefined) => void,
    options?: ListenOptions,
  ): StopListening {
    return this.#cache.watch(this.#key(key), listener, options)
  }

  /** A namespace within this one. See {@link Cache.namespace}. */
  namespace<W = V>(name: string): CacheNamespace<W> {
    const cache = this.#cache as unknown as NamespacedCache<W>
    return new CacheNamespace<W>(cache, this.#lifetime, name, this.#level)
  }

  /**
   * Deletes all items that were stored through this namespace, or through one within it, at once
   * for all processes, and in the same time for any number of items. Items that were stored under
   * the same prefix in another way stay, and so do locks.
   *
   * @throws UndercroftError - UNDERCROFT_TAGS_INVALID if the cache has `maxTags: 0`
   */
  clear(): void {
    this.#lifetime.use().deleteTag(namespaceTag(this.prefix), false)
  }

  /** Leaves it to the cache to refuse what is not a key. */
  #key(key: CacheKey): CacheKey {
    if (key?.length > 0) {
      if (typeof key === 'string') return this.prefix + key
      if (key instanceof Uint8Array) return Buffer.concat([Buffer.from(this.prefix), key])
    }
    return key
  }

  /** Leaves it to the cache to refuse what are not options. */
  #tagged<Options extends object>(options: Options | undefined): Options | undefined {
    if (options === undefined) return this.#bare as Options | undefined
    if (typeof options !== 'object' || options === null) return options
    return { ...options, ...this.#bare }
  }

  #within(call: string, options: ScanOptions | undefined): ScanOptions {
    return { prefix: this.prefix + prefixOf(call, options) }
  }

  #shorten(key: string): string {
    return key.slice(this.prefix.length)
  }
}

function requireName(name: string): string {
  if (typeof name === 'string' && name !== '' && isWellFormed(name)) return name
  throw invalidOption('the name of a namespace', 'a string that is not empty', name)
}

/** @returns the size of the prefix, which leaves room for a key */
function requireSize(name: string, prefix: string, maxKeySize: number): number {
  const size = Buffer.byteLength(prefix)
  const max = Math.min(MAX_PREFIX_SIZE, maxKeySize - 1)
  if (size <= max) return size
  const allowed =
    `short enough that the prefix of the keys takes at most ${max} bytes ` +
    `(${maxKeySize} is maxKeySize)`
  throw invalidOption('the name of a namespace', allowed, name)
}

function* mapped<T, R>(items: Iterable<T>, change: (item: T) => R): Generator<R, void, undefined> {
  for (const item of items) yield change(item)
}

async function* mappedLater<T, R>(
  items: AsyncIterable<T>,
  change: (item: T) => R,
): AsyncGenerator<R, void, undefined> {
  for await (const item of items) yield change(item)
}
