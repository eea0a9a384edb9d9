/**
 * The counts and sizes chosen when a segment is created, and the offsets that follow from them.
 */

import { UndercroftError } from '../base/index.ts'
import { CHECKSUM_SIZE, FIXED_SIZE, INLINE_KEY_SIZE, SLOT_STRIDE } from './format.ts'

/** Positions in these lists are stored in the header: append only. */
export const HASHES = ['seeded', 'djb33x', 'murmur2'] as const
export const EVICTIONS = ['none', 'lru', 'adaptive', 'clear'] as const

export type HashName = (typeof HASHES)[number]
export type EvictionName = (typeof EVICTIONS)[number]

export interface Geometry {
  readonly maxItems: number
  readonly maxKeySize: number
  readonly blockSize: number
  readonly blockCount: number
  /** Values take runs of blocks; otherwise each slot owns the block of its number. */
  readonly bitmap: boolean
  readonly hash: HashName
  readonly eviction: EvictionName
  /** Items never end, whatever TTL is given. */
  readonly ignoresTtl: boolean
  /** Each item has a checksum, so that a store can be trusted after a power loss. */
  readonly checksums: boolean
}

/** What callers call each of them, for messages. */
export const GEOMETRY_OPTIONS: { readonly [K in keyof Geometry]: string } = {
  maxItems: 'maxItems',
  maxKeySize: 'maxKeySize',
  blockSize: 'blockSize',
  blockCount: 'blocks',
  bitmap: 'bitmap',
  hash: 'hash',
  eviction: 'eviction',
  ignoresTtl: 'ignoreTtl',
  checksums: 'store',
}

/** Offsets in bytes from the start of the segment, and strides. */
export interface Layout {
  readonly bucketCount: number
  readonly bucketsOffset: number
  readonly slotsOffset: number
  /** What of each slot's key is longer than `INLINE_KEY_SIZE`. */
  readonly keyTailsOffset: number
  readonly keyTailStride: number
  /** 8 bytes a slot: the tick of its last use. LRU only. */
  readonly usesOffset: number
  /** 16 bytes a slot: the eviction heap. LRU only. */
  readonly heapOffset: number
  /** 64 bytes: what the policy has learned. Adaptive only, as the next three. */
  readonly adaptiveOffset: number
  /** 1 byte a slot: uses. */
  readonly useCountsOffset: number
  /** 8 bytes a slot, and two heads: the links of the queues. */
  readonly queuesOffset: number
  /** 8 bytes an item, in groups of `GHOST_GROUP_SIZE` words: the keys evicted lately. */
  readonly ghostsOffset: number
  readonly ghostGroupCount: number
  /** 4 bytes a slot. Stores only. */
  readonly checksumsOffset: number
  /** One bit a block, in words. Bitmap mode only. */
  readonly blockMapOffset: number
  readonly blocksOffset: number
  /** `blockSize` in whole words of 8, so that a counter is written with one store; see `spread`. */
  readonly blockStride: number
  readonly size: number
}

export const HEAP_ENTRY_SIZE = 16
/** Empty entries before the heap's root, so that the four children of a node share a cache line. */
export const HEAP_LEAD = 3

/** Ghosts side by side: half a cache line. */
export const GHOST_GROUP_SIZE = 8
const GHOSTS_AN_ITEM = 2
const QUEUE_NODE_SIZE = 8

export const MAX_ITEMS_LIMIT = 2 ** 28
export const BLOCK_SIZE_LIMIT = 2 ** 30
export const BLOCK_COUNT_LIMIT = 2 ** 30
/** Far above any machine; keeps every offset exact in a double. */
const SEGMENT_SIZE_LIMIT = 2 ** 46

const CACHE_LINE_SIZE = 64
const PAGE_SIZE = 4096
/** Below this, one line more would cost more than it gives. */
const SPREAD_FROM = 1024

export function computeLayout(geometry: Geometry): Layout {
  const { maxItems, blockCount } = geometry
  const perSlotUse = geometry.eviction === 'lru' ? 1 : 0
  const bucketCount = bucketCountFor(maxItems)
  const tailSize = Math.max(0, geometry.maxKeySize - INLINE_KEY_SIZE)
  const keyTailStride = spread(roundUp(tailSize, 8))
  const bucketsOffset = roundUp(FIXED_SIZE, CACHE_LINE_SIZE)
  const slotsOffset = roundUp(bucketsOffset + bucketCount * 8, CACHE_LINE_SIZE)
  const keyTailsOffset = slotsOffset + maxItems * SLOT_STRIDE
  const usesOffset = keyTailsOffset + maxItems * keyTailStride
  const heapOffset = roundUp(usesOffset + perSlotUse * maxItems * 8, CACHE_LINE_SIZE)
  const heapEntries = perSlotUse * (maxItems + HEAP_LEAD)
  const isAdaptive = geometry.eviction === 'adaptive'
  const adaptiveOffset = heapOffset + heapEntries * HEAP_ENTRY_SIZE
  const useCountsOffset = adaptiveOffset + (isAdaptive ? CACHE_LINE_SIZE : 0)
  const queuesOffset = useCountsOffset + (isAdaptive ? roundUp(maxItems, 8) : 0)
  const ghostsOffset = roundUp(
    queuesOffset + (isAdaptive ? (maxItems + 2) * QUEUE_NODE_SIZE : 0),
    CACHE_LINE_SIZE,
  )
  const ghostGroupCount = isAdaptive ? Math.ceil((maxItems * GHOSTS_AN_ITEM) / GHOST_GROUP_SIZE) : 0
  const checksumsOffset = ghostsOffset + ghostGroupCount * GHOST_GROUP_SIZE * 4
  const checksumsSize = geometry.checksums ? maxItems * CHECKSUM_SIZE : 0
  const blockMapOffset = checksumsOffset + checksumsSize
  const blockMapSize = geometry.bitmap ? Math.ceil(blockCount / 32) * 4 : 0
  const blocksOffset = roundUp(blockMapOffset + blockMapSize, PAGE_SIZE)
  const blockStride = spread(roundUp(geometry.blockSize, 8))
  const size = roundUp(blocksOffset + blockCount * blockStride, PAGE_SIZE)
  if (size > SEGMENT_SIZE_LIMIT) {
    throw new UndercroftError(
      'UNDERCROFT_SEGMENT_TOO_LARGE',
      `${maxItems} items and ${blockCount} blocks of ${geometry.blockSize} bytes need ${size} ` +
        `bytes; a segment can have at most ${SEGMENT_SIZE_LIMIT}`,
    )
  }
  return {
    bucketCount,
    bucketsOffset,
    slotsOffset,
    keyTailsOffset,
    keyTailStride,
    usesOffset,
    heapOffset,
    adaptiveOffset,
    useCountsOffset,
    queuesOffset,
    ghostsOffset,
    ghostGroupCount,
    checksumsOffset,
    blockMapOffset,
    blocksOffset,
    blockStride,
    size,
  }
}

/** Largest value in bytes. Sizes are kept in 31 bits. */
export function maxValueSize(geometry: Geometry): number {
  const { blockSize, blockCount, bitmap } = geometry
  return Math.min(bitmap ? blockSize * blockCount : blockSize, 2 ** 31 - 1)
}

/** At most one item a bucket on average, whatever the number of items. */
function bucketCountFor(maxItems: number): number {
  let count = 16
  while (count < maxItems) count *= 2
  return count
}

/**
 * Large strides become odd multiples of a cache line. With a power of two the first bytes of all
 * blocks compete for a few sets of the processor's caches: gets of 100 bytes in blocks of 4096 took
 * 240 to 300 ns instead of 110 to 130.
 */
function spread(stride: number): number {
  if (stride < SPREAD_FROM) return stride
  const lines = Math.ceil(stride / CACHE_LINE_SIZE)
  return (lines % 2 === 0 ? lines + 1 : lines) * CACHE_LINE_SIZE
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple
}
