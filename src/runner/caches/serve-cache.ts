/**
 * Caches opened from their definitions: by the process that serves them, and again by each of its
 * workers.
 */

import { UndercroftError } from '../../base/index.ts'
import { Cache, type CacheOptions } from '../../cache/index.ts'
import { sharingObstacle } from '../../platform/index.ts'
import { type HeldInstance, holdInstance } from '../../segment/index.ts'
import type { CacheDefinition } from '../../uwsgi/options/index.ts'
import { receiveChanges, sendChanges } from './follow-nodes.ts'
import { keepFlushed, openStore } from './keep-store.ts'
import { preloadCache } from './preload-cache.ts'
import { watchFull } from './watch-full.ts'

/** A cache as the runner opens it: bytes in, bytes out. An application stores values in it. */
export type BinaryCache = Cache<Uint8Array>

/** Where the caches of an instance are. */
export interface CachePlace {
  readonly instance: string
  readonly directory: string | undefined
}

/** What only one process of an instance does for a cache. */
export interface ServingOptions extends CachePlace {
  /** Whether this process makes changes that other nodes must receive. */
  readonly isServing: boolean
  /** Receives the lines that uWSGI would log about this cache. */
  readonly onLog: (line: string) => void
}

/** A cache with the background work that its definition requires. */
export class ServedCache {
  readonly cache: BinaryCache
  readonly #endsWithInstance: boolean
  readonly #stops: (() => void)[] = []

  private constructor(cache: BinaryCache, endsWithInstance: boolean) {
    this.cache = cache
    this.#endsWithInstance = endsWithInstance
  }

  /** Creates the cache or opens it with its content, and starts what its definition requires. */
  static async open(
    definition: CacheDefinition,
    { instance, directory, isServing, onLog }: ServingOptions,
  ): Promise<ServedCache> {
    const options = cacheOptions(definition, { instance, directory }, onLog)
    const { store } = definition
    const cache =
      store === undefined ? openCurrent(options) : openStore(options, store, definition, onLog)
    const served = new ServedCache(cache, endsWithInstance(definition))
    const stops = served.#stops
    try {
      stops.push(await receiveChanges(cache, definition, onLog))
      if (isServing) stops.push(await sendChanges(cache, definition, onLog))
      for (const node of definition.nodes) onLog(`added udp node ${node} for cache "${cache.name}"`)
      await preloadCache(cache, definition, onLog)
      stops.push(keepFlushed(cache, definition.flushSeconds * 1000, onLog))
      const cycleMs = definition.cycleSeconds * 1000
      if (!definition.ignoreFull) stops.push(watchFull(cache, cycleMs, onLog))
      return served
    } catch (error) {
      served.close()
      throw error
    }
  }

  /** Stops the background work and closes the cache. It removes a cache that need not stay. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop()
    if (this.#endsWithInstance) this.cache.destroy()
    else this.cache.close()
  }
}

/** Makes this process the master of an instance, whose caches are empty except those to keep. */
export function startInstance(
  { instance, directory }: CachePlace,
  caches: readonly CacheDefinition[],
): HeldInstance {
  // Private memory ends with this process.
  if (sharingObstacle() !== undefined) return { release() {} }
  const kept = caches.filter(({ keep }) => keep).map(({ name }) => `${instance}/${name}`)
  return holdInstance(instance, directory, kept)
}

/** A cache in a worker. */
export interface WorkerCache {
  readonly cache: BinaryCache
  /** Removes the cache, unless it stays when the instance ends. */
  removeName(): void
}

/** Opens a cache in a worker, after the master has created it. */
export async function openWorkerCache(
  definition: CacheDefinition,
  place: CachePlace,
  onLog: (line: string) => void,
): Promise<WorkerCache> {
  const cache = Cache.open<Uint8Array>({
    ...cacheOptions(definition, place, onLog),
    memory: 'shared',
  })
  try {
    // Until the process ends: a worker closes its caches only by ending.
    await sendChanges(cache, definition, onLog)
    const removeName = () => {
      if (endsWithInstance(definition)) cache.destroy()
    }
    return { cache, removeName }
  } catch (error) {
    cache.close()
    throw error
  }
}

/** As in uWSGI, memory ends with the instance, and a file does not. */
function endsWithInstance({ keep, shared, store }: CacheDefinition): boolean {
  return !keep && !shared && store === undefined
}

function cacheOptions(
  definition: CacheDefinition,
  { instance, directory }: CachePlace,
  onLog: (line: string) => void,
): CacheOptions {
  const { name, maxItems, blockSize, blocks, bitmap, maxKeySize, hash, eviction, events } =
    definition
  return {
    name: definition.shared ? name : `${instance}/${name}`,
    maxItems,
    blockSize,
    bitmap,
    maxKeySize,
    events,
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
 * Opens a cache with these options. If a cache of that name has other options and no other process
 * has it open, it was kept from an earlier configuration and is replaced, so that a change of an
 * INI file takes effect.
 */
function openCurrent(options: CacheOptions): BinaryCache {
  try {
    return Cache.open<Uint8Array>(options)
  } catch (error) {
    const isOther =
      error instanceof UndercroftError && error.code === 'UNDERCROFT_GEOMETRY_MISMATCH'
    if (!isOther || !destroyUnused(options)) throw error
    return Cache.open<Uint8Array>(options)
  }
}

/** Returns false if another process has the cache open. */
function destroyUnused({ name, directory }: CacheOptions): boolean {
  const old = Cache.open({ name, ...(directory === undefined ? {} : { directory }) })
  if (old.stats().openers > 1) {
    old.close()
    return false
  }
  old.destroy()
  return true
}
