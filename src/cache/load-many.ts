/**
 * Loads several keys in one call of `loadMany`.
 *
 * Each key is loaded as by `getOrSet`: by one process, with its own lease. Those keys whose turn it
 * is to be loaded are collected until the event loop has run all of them, and are loaded together.
 */

import { type Awaitable, type CacheKey, invalidOption, requireCallOptions } from '../base/index.ts'
import type { LoadContext, LoadManyContext } from './load-call.ts'
import { GET_OR_SET_OPTION_NAMES, type GetOrSet, type GetOrSetOptions } from './load-options.ts'

/**
 * Loads the values of `missing`: as a `Map` by these keys, or as an array in their order, with
 * `undefined` for a key that has no value.
 */
export type LoadMany<K extends CacheKey, V> = (
  missing: readonly K[],
  context: LoadManyContext,
) => Awaitable<ReadonlyMap<K, V> | readonly (V | undefined)[]>

/** Gets the values of all keys, and loads those that are missing together. */
export async function getOrSetMany<K extends CacheKey, V>(
  getOrSet: GetOrSet<V>,
  keys: Iterable<K>,
  loadMany: LoadMany<K, V>,
  options: GetOrSetOptions | undefined,
): Promise<(V | undefined)[]> {
  if (options !== undefined) requireCallOptions('getOrSetMany', options, GET_OR_SET_OPTION_NAMES)
  const batch = new LoadBatch(loadMany)
  const getOrLoad = (key: K) =>
    getOrSet(key, context => batch.load(key, context) as Promise<V>, options)
  return Promise.all(Array.from(keys, getOrLoad))
}

interface Waiting<K, V> {
  readonly key: K
  readonly context: LoadContext<V>
  readonly resolve: (value: V | undefined) => void
  readonly reject: (error: unknown) => void
}

class LoadBatch<K extends CacheKey, V> {
  readonly #loadMany: LoadMany<K, V>
  #waiting: Waiting<K, V>[] = []

  constructor(loadMany: LoadMany<K, V>) {
    if (typeof loadMany !== 'function') throw invalidOption('loadMany', 'a function', loadMany)
    this.#loadMany = loadMany
  }

  /** Loads a key together with all others whose turn it is now. */
  load(key: K, context: LoadContext<V>): Promise<V | undefined> {
    return new Promise((resolve, reject) => {
      // A local cache gives out the leases of all keys before the next immediate.
      if (this.#waiting.length === 0) setImmediate(() => this.#loadWaiting())
      this.#waiting.push({ key, context, resolve, reject })
    })
  }

  async #loadWaiting(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    try {
      const keys = waiting.map(({ key }) => key)
      const result = await this.#loadMany(keys, contextOf(waiting))
      const values = valuesOf(result, keys)
      for (const [index, { resolve }] of waiting.entries()) resolve(values[index])
    } catch (error) {
      for (const { reject } of waiting) reject(error)
    }
  }
}

/** All loads of a batch have the same limit of time, so the first signal is the signal of all. */
function contextOf<K, V>(waiting: readonly Waiting<K, V>[]): LoadManyContext {
  const contexts = waiting.map(({ context }) => context)
  return {
    get signal() {
      return contexts[0].signal
    },
    setTtl: ttlMs => {
      for (const context of contexts) context.setTtl(ttlMs)
    },
    setTags: tags => {
      for (const context of contexts) context.setTags(tags)
    },
    skip: () => {
      for (const context of contexts) context.skip()
    },
  }
}

function valuesOf<K, V>(
  result: ReadonlyMap<K, V> | readonly (V | undefined)[],
  keys: readonly K[],
): readonly (V | undefined)[] {
  if (result instanceof Map) return keys.map(key => result.get(key))
  if (Array.isArray(result) && result.length === keys.length) return result
  throw invalidOption(
    'the result of loadMany',
    `a Map, or an array with a value for each of the ${keys.length} missing keys`,
    result,
  )
}
