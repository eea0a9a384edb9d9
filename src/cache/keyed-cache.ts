/**
 * The types of a cache whose keys decide the types of its values. Only the compiler sees them.
 */

import type { CacheEntry, CircumstanceOptions, CounterOptions, SetOptions } from '../base/index.ts'
import type { EntryOptions } from './entries.ts'
import type { LoadContext } from './load-call.ts'
import type { LoadMany } from './load-many.ts'
import type { GetOrSetOptions } from './load-options.ts'
import type { CacheLock, LockOptions } from './lock.ts'

/**
 * The keys of `M` that are patterns, such as `user:${string}`. A type that has any is a map of keys
 * to value types, and every other type is the type of all values.
 */
type PatternsOf<M> = keyof M extends infer K
  ? K extends string
    ? string extends K
      ? never
      : // A pattern is optional in a Record, and a name is not.
        Record<never, never> extends Record<K, 1>
        ? K
        : never
    : never
  : never

/** A type with at least one key pattern. For any other type this is never. */
export type KeyMap<M> = [PatternsOf<M>] extends [never] ? never : object

type KeyOf<M> = keyof M & string

/** The methods whose types follow from a key. */
interface KeyedMethods<M> {
  get<K extends KeyOf<M>>(key: K): M[K] | undefined
  getEntry<K extends KeyOf<M>>(key: K, options?: EntryOptions): CacheEntry<M[K]> | undefined
  peek<K extends KeyOf<M>>(key: K): M[K] | undefined
  tagsOf(key: KeyOf<M>): readonly string[] | undefined
  getMany<K extends KeyOf<M>>(keys: Iterable<K>): (M[K] | undefined)[]
  has(key: KeyOf<M>): boolean
  set<K extends KeyOf<M>>(key: K, value: M[K], options?: SetOptions): boolean
  add<K extends KeyOf<M>>(key: K, value: M[K], options?: SetOptions): boolean
  replace<K extends KeyOf<M>>(key: K, value: M[K], options?: SetOptions): boolean
  setMany<K extends KeyOf<M>>(entries: Iterable<readonly [K, M[K]]>, options?: SetOptions): number
  getOrSet<K extends KeyOf<M>>(
    key: K,
    load: (context: LoadContext<M[K]>) => M[K] | Promise<M[K]>,
    options?: GetOrSetOptions,
  ): Promise<M[K]>
  getOrSetMany<K extends KeyOf<M>>(
    keys: Iterable<K>,
    loadMany: LoadMany<K, M[K]>,
    options?: GetOrSetOptions,
  ): Promise<(M[K] | undefined)[]>
  lock(key: KeyOf<M>, options: LockOptions): Promise<CacheLock>
  compareAndSet<K extends KeyOf<M>>(
    key: K,
    version: number,
    value: M[K],
    options?: SetOptions,
  ): boolean
  update<K extends KeyOf<M>>(
    key: K,
    change: (value: M[K] | undefined) => M[K] | undefined,
    options?: SetOptions,
  ): M[K] | undefined
  delete(key: KeyOf<M>): boolean
  deleteMany(keys: Iterable<KeyOf<M>>): number
  ttlMs(key: KeyOf<M>): number | undefined
  touch(key: KeyOf<M>, ttlMs: number): boolean
  increment: CounterMethod<M>
  decrement: CounterMethod<M>
}

/** Counts under keys whose values can be numbers, or bigints. */
interface CounterMethod<M> {
  (
    key: KeysOfValues<M, number>,
    by?: number,
    options?: CounterOptions & CircumstanceOptions,
  ): number | undefined
  (
    key: KeysOfValues<M, bigint>,
    by: bigint,
    options?: CounterOptions & CircumstanceOptions,
  ): bigint | undefined
}

type KeysOfValues<M, Value> = {
  [K in KeyOf<M>]: Value extends M[K] ? K : never
}[KeyOf<M>]

/** The values of a map of keys. */
export type ValuesOf<M> = M[KeyOf<M>]

/** A cache of all values of a map, with methods whose types follow from a key. */
export type Keyed<AnyCache, M> = Omit<AnyCache, keyof KeyedMethods<M>> & KeyedMethods<M>
