/**
 * A cache that is there in any case: shared with other processes where there is a default cache,
 * private where there is none, as on a developer's machine.
 */

import type { CacheKey } from '../../base/index.ts'
import { Cache as OpenedCache } from '../../cache/index.ts'
import { findDefaultCache } from './find-cache.ts'

/** Items of a private cache; beyond, the least recently used go. */
const PRIVATE_MAX_ITEMS = 10_000

/** Set to anything but nothing, it keeps the line about which cache is used from being written. */
const QUIET_VARIABLE = 'UNDERCROFT_QUIET'

let hasSaid = false
let privateCount = 0

/**
 * The default cache of this machine if there is one at the first call; otherwise memory of this
 * thread alone. The first to find out says which on stderr: `USE CACHE UNDERCROFT` or
 * `USE CACHE MEMORY`.
 *
 * @typeParam V - what the values are; not checked at run time
 */
export class Cache<V = unknown> {
  #found: OpenedCache<V> | undefined

  /** Whether other processes see it. */
  get shared(): boolean {
    return this.#use().shared
  }

  /** The value, or null. */
  get(name: CacheKey): V | null {
    return this.#use().get(name) ?? null
  }

  /**
   * Stores a value, anything that `structuredClone` keeps; null and undefined delete.
   *
   * @returns false: the cache is full and evicts nothing, and what was there stays
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
  // What the default cache holds is not known here, as it is not to whoever opens a cache.
  if (shared !== undefined) return shared as OpenedCache<V>
  const name = `auto-${++privateCount}`
  return OpenedCache.open<V>({ name, memory: 'private', maxItems: PRIVATE_MAX_ITEMS })
}

function sayOnce(line: string): void {
  if (hasSaid) return
  hasSaid = true
  if ((process.env[QUIET_VARIABLE] ?? '') === '') process.stderr.write(`${line}\n`)
}
