/**
 * The kinds of caches that storms run over.
 */

import type { CacheOptions } from '../../src/index.ts'

export interface Mode {
  readonly name: string
  readonly options: Omit<CacheOptions, 'name' | 'directory' | 'store'>
  /** Whether items disappear only by deletion or expiry. Otherwise any may be evicted. */
  readonly keepsAll: boolean
  /** Whether the cache has a store with checksums. The storm opens it again at the end. */
  readonly isStore?: boolean
}

/** Enough for all items of all workers. */
const ROOM = { maxItems: 160, maxKeySize: 64 } as const
/** Enough for only some of them. */
const NO_ROOM = { maxItems: 40, maxKeySize: 64 } as const
const SINGLE = { bitmap: false, blockSize: 512 } as const
const BITMAP = { bitmap: true, blockSize: 32 } as const
const MANY_BLOCKS = 2600
const FEW_BLOCKS = 160

export const MODES: readonly Mode[] = [
  {
    name: 'one block, nothing evicted',
    options: { ...ROOM, ...SINGLE, eviction: 'none' },
    keepsAll: true,
  },
  { name: 'one block, lru', options: { ...NO_ROOM, ...SINGLE, eviction: 'lru' }, keepsAll: false },
  {
    name: 'one block, lru, room for all',
    options: { ...ROOM, ...SINGLE, eviction: 'lru' },
    keepsAll: true,
  },
  {
    name: 'one block, adaptive',
    options: { ...NO_ROOM, ...SINGLE, eviction: 'adaptive' },
    keepsAll: false,
  },
  {
    name: 'one block, cleared when full',
    options: { ...NO_ROOM, ...SINGLE, eviction: 'clear' },
    keepsAll: false,
  },
  {
    name: 'bitmap, nothing evicted',
    options: { ...ROOM, ...BITMAP, blocks: MANY_BLOCKS, eviction: 'none' },
    keepsAll: true,
  },
  {
    name: 'bitmap, nothing evicted, often full',
    options: { ...ROOM, ...BITMAP, blocks: 4 * FEW_BLOCKS, eviction: 'none' },
    keepsAll: true,
  },
  {
    name: 'bitmap, lru',
    options: { ...NO_ROOM, ...BITMAP, blocks: FEW_BLOCKS, eviction: 'lru' },
    keepsAll: false,
  },
  {
    name: 'bitmap, adaptive',
    options: { ...NO_ROOM, ...BITMAP, blocks: FEW_BLOCKS, eviction: 'adaptive' },
    keepsAll: false,
  },
  {
    name: 'bitmap, adaptive, room for all',
    options: { ...ROOM, ...BITMAP, blocks: MANY_BLOCKS, eviction: 'adaptive' },
    keepsAll: true,
  },
  {
    name: 'a store, one block, lru, room for all',
    options: { ...ROOM, ...SINGLE, eviction: 'lru' },
    keepsAll: true,
    isStore: true,
  },
  {
    name: 'a store, bitmap, adaptive',
    options: { ...NO_ROOM, ...BITMAP, blocks: FEW_BLOCKS, eviction: 'adaptive' },
    keepsAll: false,
    isStore: true,
  },
]

export function modeNamed(wanted: string): Mode {
  const mode = MODES.find(({ name }) => name === wanted)
  if (mode === undefined) throw new Error(`no mode is named '${wanted}'`)
  return mode
}
