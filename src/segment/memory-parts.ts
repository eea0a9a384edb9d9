/**
 * Shows what the bytes of a segment are used for. Users who size a cache read this.
 */

import { CHECKSUM_SIZE, SLOT_STRIDE, TAG, TAG_GROUP_SIZE } from './format.ts'
import { computeLayout, eventRingSize, type Geometry } from './geometry.ts'

/** The names of the parts, in the order of the segment. */
export const MEMORY_PARTS = [
  'fixed',
  'buckets',
  'slots',
  'key tails',
  'eviction',
  'checksums',
  'tags',
  'events',
  'block map',
  'blocks',
  'rounding',
] as const

export type MemoryPartName = (typeof MEMORY_PARTS)[number]

/** The bytes of each part. Their sum is the size of the segment. */
export type MemoryParts = Readonly<Record<MemoryPartName, number>>

export function memoryParts(geometry: Geometry): MemoryParts {
  const { maxItems, blockCount, bitmap, checksums } = geometry
  const layout = computeLayout(geometry)
  const keyTails = maxItems * layout.keyTailStride
  const parts = {
    fixed: layout.bucketsOffset,
    buckets: layout.bucketCount * 8,
    slots: maxItems * SLOT_STRIDE,
    'key tails': keyTails,
    eviction: layout.checksumsOffset - layout.keyTailsOffset - keyTails,
    checksums: checksums ? maxItems * CHECKSUM_SIZE : 0,
    tags: layout.tagGroupCount * TAG_GROUP_SIZE * TAG.size,
    events: eventRingSize(geometry),
    'block map': bitmap ? Math.ceil(blockCount / 32) * 4 : 0,
    blocks: blockCount * layout.blockStride,
  }
  const known = Object.values(parts).reduce((sum, size) => sum + size, 0)
  return { ...parts, rounding: layout.size - known }
}

/** @returns the bytes of a segment of this geometry */
export function segmentSize(geometry: Geometry): number {
  return computeLayout(geometry).size
}
