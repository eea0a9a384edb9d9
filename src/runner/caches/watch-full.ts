/**
 * Logs that a cache is full, in uWSGI's words, but once when that begins instead of at each set.
 *
 * The counts are checked once a master cycle, so it makes no difference which process found the
 * cache full.
 */

import type { CacheStats } from '../../base/index.ts'

/** The watched cache; tests pass their own. */
export interface WatchedCache {
  stats(): CacheStats
}

/** Checks at this interval. Returns a function that stops the checks. */
export function watchFull(
  cache: WatchedCache,
  everyMs: number,
  onLog: (line: string) => void,
): () => void {
  const watch = new FullWatch(cache.stats())
  const timer = setInterval(() => {
    const line = watch.look(cache.stats())
    if (line !== undefined) onLog(line)
  }, everyMs)
  return () => clearInterval(timer)
}

/** Decides from the counts of two checks. */
export class FullWatch {
  #count: number
  #wasFull = false

  constructor(stats: CacheStats) {
    this.#count = fullCount(stats)
  }

  /** Returns a line if the cache was found full since the last check, but not before it. */
  look(stats: CacheStats): string | undefined {
    const count = fullCount(stats)
    const isFull = count > this.#count
    const begins = isFull && !this.#wasFull
    this.#count = count
    this.#wasFull = isFull
    if (!begins) return undefined
    return stats.eviction === 'none' || stats.eviction === 'clear'
      ? `*** DANGER cache "${stats.name}" is FULL !!! ***`
      : `LRU item will be purged from cache "${stats.name}"`
  }
}

/** As in uWSGI, an eviction counts as full, unless all items are removed at once. */
function fullCount({ full, evicted, eviction }: CacheStats): number {
  return eviction === 'clear' ? full : full + evicted
}
