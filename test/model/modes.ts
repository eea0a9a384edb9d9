/**
 * The kinds of caches that are compared with their model, small enough to be full all the time.
 */

import { join } from 'node:path'
import type { ModelledOptions } from './modelled-cache.ts'

const SINGLE = { maxItems: 5, bitmap: false, blockSize: 64, ignoreTtl: false } as const
const BITMAP = { maxItems: 6, bitmap: true, blockSize: 16, blocks: 14, ignoreTtl: false } as const

/** Longest value: all blocks of the bitmap modes, one of the others. */
export const LONGEST_VALUE = { single: 64, bitmap: 14 * 16 } as const

/** @param directory - for the store */
export function modelledModes(directory: string): Readonly<Record<string, ModelledOptions>> {
  return {
    'one block, nothing evicted': { ...SINGLE, eviction: 'none' },
    'one block, lru': { ...SINGLE, eviction: 'lru' },
    'one block, lru, without near copies': { ...SINGLE, eviction: 'lru', near: false },
    'one block, adaptive': { ...SINGLE, eviction: 'adaptive' },
    'one block, cleared when full': { ...SINGLE, eviction: 'clear' },
    'one block, lru, without ends': { ...SINGLE, eviction: 'lru', ignoreTtl: true },
    'bitmap, nothing evicted': { ...BITMAP, eviction: 'none' },
    'bitmap, lru': { ...BITMAP, eviction: 'lru' },
    'bitmap, adaptive': { ...BITMAP, eviction: 'adaptive' },
    'bitmap, cleared when full': { ...BITMAP, eviction: 'clear' },
    'a store, one block, lru': {
      ...SINGLE,
      eviction: 'lru',
      store: join(directory, 'modelled.store'),
    },
  }
}
