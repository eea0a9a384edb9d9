/**
 * A cache that always exists: shared with other processes if there is a default cache, private to
 * this thread if not, as on a developer's machine.
 */

import type { CacheKey } from '../../base/index.ts'
import { Cache as OpenedCache } from '../../cache/index.ts'
import { findDefaultCache } from './find-cache.ts'

/** Maximum number of items of a private cache; the least recently used are evicted. */
const PRIVATE_MAX_ITEMS = 10_000

/** When set and not empty, this variable suppresses the line about which cache is used. */
const QUIET_VARIABLE = 'UNDERCROFT_QUIET'

/** For the whole process: the line about the cache is written once. */
let hasSaid = false
let privateCount = 0

/**
 * The default cache of this machine if it exists at the first call; otherwise memory of this thread
 * alone. The first call writes which one it uses to stderr: `USE CACHE UNDERCROFT` or `USE CACHE
 * MEMORY`.
 * @typeParam V - the type of the values; not checked at run time
 */
export class Cache<V = unknown> {
  #found: OpenedCache<V> | undefined

  /** Whether other processes see the items. */
  get shared(): boolean {
    return this.#use().shared
  }

  /** Returns the value, or null. */
  get(name: CacheKey): V | null {
    return this.#use().get(name) ?? null
  }

  /**
   * Stores any value that `structuredClone` can copy; null and undefined delete the item.
   * @returns false if the cache is full and evicts nothing; the previous value stays
   * @throws UndercroftError UNDERCROFT_KEY_INVALID, UNDERCROFT_VALUE_TOO_LARGE,
   * UNDERCROFT_VALUE_UNSUPPORTED
   */
  set(name: CacheKey, value: V | null | undefined): boolean {
    if (value !== null && value !== undefined) return this.#use().set(name, value)
    this.#use().delete(name)
    return true
  }

  #use(): OpenedCache<V> {
    this.#found ??= find<V>()
    return this.#found
  }
}

function find<V>(): OpenedCache<V> {
  const shared = findDefaultCache()
  sayOnce(shared === undefined ? 'USE CACHE MEMORY' : 'USE CACHE UNDERCROFT')
  // The type of the stored values is unknown here, as it is to any process that opens a cache.
  if (shared !== undefined) return shared as OpenedCache<V>
  const name = `auto-${++privateCount}`
  return OpenedCache.open<V>({ name, memory: 'private', maxItems: PRIVATE_MAX_ITEMS })
}

function sayOnce(line: string): void {
  if (hasSaid) return
  hasSaid = true
  if ((process.env[QUIET_VARIABLE] ?? '') === '') process.stderr.write(`${line}\n`)
}
