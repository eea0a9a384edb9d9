/**
 * Caches made from their definitions: by the process that answers for them, and once more by each
 * worker of it.
 */

import { UndercroftError } from '../../base/index.ts'
import { Cache, type CacheOptions } from '../../cache/index.ts'
import type { CacheDefinition } from '../../uwsgi/options/index.ts'
import { receiveChanges, sendChanges } from './follow-nodes.ts'
import { keepFlushed, openStore } from './keep-store.ts'
import { preloadCache } from './preload-cache.ts'
import { watchFull } from './watch-full.ts'

/** A cache that is served. Bytes in, bytes out; an application sees values in it. */
export type ServedBytes = Cache<Uint8Array>

/** What only one process of an instance does for a cache. */
export interface ServingOptions {
  readonly directory: string | undefined
  /** Whether this process makes changes that other nodes are to hear of. */
  readonly isServing: boolean
  /** What uWSGI would log of this cache. */
  readonly onLog: (line: string) => void
}

/** Creates the cache, or opens it as it was left, and does all that its definition asks for. */
export async function openServedCache(
  definition: CacheDefinition,
  { directory, isServing, onLog }: ServingOptions,
): Promise<ServedBytes> {
  const options = cacheOptions(definition, directory, onLog)
  const { store } = definition
  const cache =
    store === undefined ? openCurrent(options) : openStore(options, store, definition, onLog)
  const stops: (() => void)[] = []
  const close = cache.close.bind(cache)
  const kept = Object.assign(cache, {
    close() {
      for (const stop of stops.splice(0)) stop()
      close()
    },
  })
  try {
    stops.push(await receiveChanges(cache, definition, onLog))
    if (isServing) stops.push(await sendChanges(cache, definition, onLog))
    for (const node of definition.nodes) onLog(`added udp node ${node} for cache "${cache.name}"`)
    await preloadCache(cache, definition, onLog)
    stops.push(keepFlushed(cache, definition.flushSeconds * 1000, onLog))
    const cycleMs = definition.cycleSeconds * 1000
    if (!definition.ignoreFull) stops.push(watchFull(cache, cycleMs, onLog))
    return kept
  } catch (error) {
    kept.close()
    throw error
  }
}

/** A worker's own door to a cache that its master has opened. */
export async function openWorkerCache(
  definition: CacheDefinition,
  directory: string | undefined,
  onLog: (line: string) => void,
): Promise<ServedBytes> {
  const cache = Cache.open<Uint8Array>({
    ...cacheOptions(definition, directory, onLog),
    memory: 'shared',
  })
  try {
    // Until the end of the process: a worker closes its caches when it ends.
    await sendChanges(cache, definition, onLog)
    return cache
  } catch (error) {
    cache.close()
    throw error
  }
}

function cacheOptions(
  definition: CacheDefinition,
  directory: string | undefined,
  onLog: (line: string) => void,
): CacheOptions & { readonly name: string } {
  const { name, maxItems, blockSize, blocks, bitmap, maxKeySize, hash, eviction } = definition
  return {
    name,
    maxItems,
    blockSize,
    bitmap,
    maxKeySize,
    hash,
    eviction,
    ignoreTtl: definition.noExpire,
    counterInitial: definition.mathInitial,
    lastModified: definition.lastModified,
    sweepMs: definition.sweepSeconds * 1000,
    ...(definition.reportFreed
      ? { onSweep: freed => onLog(`freed ${freed} items for cache "${name}"`) }
      : {}),
    ...(blocks !== undefined && bitmap ? { blocks } : {}),
    ...(definition.store === undefined ? {} : { store: definition.store }),
    ...(directory === undefined ? {} : { directory }),
  }
}

/**
 * Opens a cache with these options. One of that name but with others, which nobody else has open,
 * is left from an earlier configuration: whoever changes an INI file expects the change to count.
 */
function openCurrent(options: CacheOptions & { readonly name: string }): ServedBytes {
  try {
    return Cache.open<Uint8Array>(options)
  } catch (error) {
    const isOther =
      error instanceof UndercroftError && error.code === 'UNDERCROFT_GEOMETRY_MISMATCH'
    if (!isOther || !destroyUnused(options)) throw error
    return Cache.open<Uint8Array>(options)
  }
}

/** False: another process has it open. */
function destroyUnused({ name, directory }: CacheOptions): boolean {
  const old = Cache.open({ name, ...(directory === undefined ? {} : { directory }) })
  if (old.stats().attachments > 1) {
    old.close()
    return false
  }
  old.destroy()
  return true
}
