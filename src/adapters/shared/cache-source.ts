/**
 * The options that all adapters share: an open cache, or how to open one.
 */

import { type Clock, invalidOption, requireKnownNames, systemClock } from '../../base/index.ts'
import {
  CACHE_OPTION_NAMES,
  Cache,
  type CacheNamespace,
  type CacheOptions,
} from '../../cache/index.ts'

/** A cache that is open already, or a namespace of one. */
export type OpenCache = Cache | CacheNamespace

/** An open cache, which the adapter never closes. */
export interface GivenCache {
  /** A cache that is open already, or a namespace of one. The adapter never closes it. */
  readonly cache: OpenCache
}

/** How an adapter gets its cache: an open one, or all options of `Cache.open`. */
export type CacheSource = GivenCache | (CacheOptions & { readonly cache?: undefined })

/** The cache of an adapter. */
export interface SourcedCache {
  readonly cache: OpenCache
  /** That of the cache, or the system's if the cache was given. */
  readonly clock: Clock
  /** Closes the cache if the adapter opened it. May be called again. */
  close(): void
}

/**
 * Opens the cache of an adapter, or takes the one that is given.
 *
 * @param adapter - the entry point, for messages
 * @param ownNames - the options of the adapter itself, which are not passed on
 * @param memory - the default of the option `memory`; `shared` for an adapter that promises
 * something which private memory cannot keep
 * @throws UndercroftError - UNDERCROFT_OPTION_INVALID, and as `Cache.open`
 */
export function openSource(
  adapter: string,
  options: CacheSource,
  ownNames: Readonly<Record<string, true>>,
  memory: 'auto' | 'shared' = 'auto',
): SourcedCache {
  if (typeof options !== 'object' || options === null) {
    throw invalidOption(`the options of ${adapter}`, 'an object with a cache or a name', options)
  }
  if (options.cache !== undefined) {
    requireKnownNames(adapter, options, ['cache', ...Object.keys(ownNames)])
    const { cache } = options
    if (typeof cache?.getItem !== 'function' || typeof cache.keyPage !== 'function') {
      throw invalidOption('cache', 'a Cache or a namespace of one', cache)
    }
    return { cache, clock: systemClock, close() {} }
  }
  const { cache: _, ...all } = options
  requireKnownNames(adapter, all, { ...ownNames, ...CACHE_OPTION_NAMES })
  const isOwn = ([name]: [string, unknown]) => ownNames[name] === true
  const rest = Object.fromEntries(Object.entries(all).filter(entry => !isOwn(entry)))
  const cache = Cache.open({ memory, ...(rest as unknown as CacheOptions) })
  return { cache, clock: all.clock ?? systemClock, close: () => cache.close() }
}
