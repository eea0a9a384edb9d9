/**
 * Replays a trace through a real cache: a get for each request, and a set after each miss.
 */

import { Cache } from '../../src/index.ts'

export type Policy = 'lru' | 'adaptive'

/** @returns the number of hits */
export function replay(ids: Uint32Array, maxItems: number, eviction: Policy): number {
  const cache = Cache.open<number>({
    name: 'replay',
    memory: 'private',
    maxItems,
    maxKeySize: 16,
    bitmap: false,
    blockSize: 8,
    eviction,
    near: false,
  })
  let hits = 0
  for (const id of ids) {
    const key = id.toString(36)
    if (cache.get(key) !== undefined) hits++
    else cache.set(key, 1)
  }
  cache.destroy()
  return hits
}
