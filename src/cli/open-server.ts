/**
 * The seam between `serve` and what it serves: caches made from definitions, sockets that listen.
 */

import { UndercroftError } from '../base/index.ts'
import { Cache, type CacheOptions } from '../cache/index.ts'
import { type CacheDefinition, formatAddress, parseAddress } from '../config/index.ts'
import { serveCaches, serveStats } from '../server/index.ts'
import type { ServeHost } from './environment.ts'
import { fillCache } from './fill-cache.ts'
import { followNodes } from './follow-nodes.ts'
import { keepFlushed, openStore } from './keep-store.ts'
import { watchFull } from './watch-full.ts'

/** Makes real caches and real sockets. */
export const serveHost: ServeHost = {
  async openCache(definition, directory, onLog) {
    const options = cacheOptions(definition, directory, onLog)
    const { store } = definition
    const cache =
      store === undefined ? openCurrent(options) : openStore(options, store, definition, onLog)
    try {
      const stopFollowing = await followNodes(cache, definition, onLog)
      await fillCache(cache, definition, onLog)
      const stopFlushing = keepFlushed(cache, definition.flushSeconds * 1000, onLog)
      const cycleMs = definition.cycleSeconds * 1000
      const stopWatching = definition.ignoreFull ? () => {} : watchFull(cache, cycleMs, onLog)
      const close = cache.close.bind(cache)
      return Object.assign(cache, {
        close() {
          stopFollowing()
          stopFlushing()
          stopWatching()
          close()
        },
      })
    } catch (error) {
      cache.close()
      throw error
    }
  },
  async listen(address, caches, { bufferSize, socketTimeoutMs, mode }) {
    const server = await serveCaches(caches, {
      listen: {
        address: formatAddress(address),
        // The option names the address in full, which is the asking that a public one needs.
        allowPublic: true,
        ...(mode !== undefined && address.kind === 'unix' ? { mode } : {}),
      },
      bufferSize,
      socketTimeoutMs,
    })
    const [bound] = server.addresses
    return {
      address: parseAddress('socket', bound ?? ''),
      close: () => server.close(),
    }
  },
  async listenStats({ address, format, caches, sockets, version, mode }) {
    const server = await serveStats(caches, {
      address: formatAddress(address),
      allowPublic: true, // as above
      ...(mode !== undefined && address.kind === 'unix' ? { mode } : {}),
      http: format.isHttp,
      minified: format.isMinified,
      countsFirstPlace: true,
      sockets: sockets.map(formatAddress),
      version: `undercroft-${version}`,
    })
    return {
      address: parseAddress('stats', server.address),
      close: () => server.close(),
    }
  },
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
function openCurrent(options: CacheOptions & { readonly name: string }): Cache<Uint8Array> {
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
