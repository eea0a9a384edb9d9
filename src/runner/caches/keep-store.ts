/**
 * Caches of `serve` with a store file: opening them with uWSGI's log lines, and flushing them at
 * intervals.
 */

import { existsSync, rmSync } from 'node:fs'
import { MAX_TIMER_MS, UndercroftError } from '../../base/index.ts'
import { Cache, type CacheOptions } from '../../cache/index.ts'
import type { CacheDefinition } from '../../uwsgi/options/index.ts'

/** Codes of an unfit file: another kind of file, another version, or other sizes. */
const UNFIT = new Set<string>([
  'UNDERCROFT_GEOMETRY_MISMATCH',
  'UNDERCROFT_NOT_A_SEGMENT',
  'UNDERCROFT_VERSION_MISMATCH',
  'UNDERCROFT_TRUNCATED',
  'UNDERCROFT_CORRUPT',
])

/** Opens the store file or creates it. With `store_delete`, replaces a file that does not fit. */
export function openStore(
  options: CacheOptions,
  store: string,
  { storeDelete }: CacheDefinition,
  onLog: (line: string) => void,
): Cache<Uint8Array> {
  const existed = existsSync(store)
  let cache: Cache<Uint8Array>
  try {
    cache = Cache.open<Uint8Array>(options)
  } catch (error) {
    if (!(error instanceof UndercroftError) || !UNFIT.has(error.code)) throw error
    if (!storeDelete) throw unfit(error)
    onLog(`Removing invalid cache store file: ${store}`)
    removeStore(store)
    cache = Cache.open<Uint8Array>(options)
    onLog(`creating a new cache store file: ${store}`)
    return cache
  }
  onLog(
    existed
      ? `recovered cache from backing store file: ${store}`
      : `creating a new cache store file: ${store}`,
  )
  onLog(`[uwsgi-cache] restored ${cache.stats().items} items`)
  return cache
}

/** Flushes at this interval; 0: never. The next flush waits until the previous one has ended. */
export function keepFlushed(
  cache: Pick<Cache<Uint8Array>, 'name' | 'flush'>,
  everyMs: number,
  onLog: (line: string) => void,
): () => void {
  if (everyMs === 0) return () => {}
  let flushing = false
  const timer = setInterval(
    () => {
      if (flushing) return
      flushing = true
      cache
        .flush()
        .catch((error: unknown) => onLog(`cannot flush the store of "${cache.name}": ${error}`))
        .finally(() => {
          flushing = false
        })
    },
    Math.min(everyMs, MAX_TIMER_MS),
  )
  return () => clearInterval(timer)
}

function removeStore(store: string): void {
  try {
    rmSync(store)
  } catch (error) {
    throw new UndercroftError(
      'UNDERCROFT_SYSTEM',
      `Cannot remove invalid cache store file: ${store}`,
      { cause: error },
    )
  }
}

function unfit(error: UndercroftError): UndercroftError {
  return new UndercroftError(
    error.code,
    'invalid cache store file. Please remove it or fix cache blocksize/items to match its size ' +
      `(or set store_delete): ${error.message}`,
    { cause: error },
  )
}
