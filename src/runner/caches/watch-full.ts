/**
 * Saying that a cache is full, in uWSGI's words, but once when it begins instead of at each set.
 *
 * The counts are looked at once a master cycle, so it makes no difference which process met it.
 */

import type { CacheStats } from '../../base/index.ts'

/** What is watched: a cache, or what a test gives. */
export interface WatchedCache {
  stats(): CacheStats
}

/** Looks every so often; returns what ends it. */
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

/** Decides from the counts of one look and the next. */
export class FullWatch {
  #count: number
  #wasFull = false

  constructor(stats: CacheStats) {
    this.#count = fullCount(stats)
  }

  /** A line when the cache was found full since the last look, and not in the time before. */
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

/** As uWSGI counts: an eviction is one, unless all go at once. */
function fullCount({ full, evicted, eviction }: CacheStats): number {
  return eviction === 'clear' ? full : full + evicted
}
