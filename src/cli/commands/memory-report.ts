/**
 * Memory of a cache in figures: by part, and for each item.
 */

import { type CacheStats, UndercroftError } from '../../base/index.ts'
import {
  EVICTIONS,
  type Geometry,
  HASHES,
  INLINE_KEY_SIZE,
  MEMORY_PARTS,
  type MemoryParts,
  memoryParts,
  segmentSize,
} from '../../segment/index.ts'

/** All figures are bytes. */
export interface MemoryReport {
  readonly size: number
  readonly parts: MemoryParts
  /** Bytes for each possible item, in addition to the room for its key and value. */
  readonly overheadPerItem: number
  /** Room that each item reserves for its key. */
  readonly keyRoom: number
  /** Bytes that one block occupies; a value occupies whole blocks. */
  readonly blockStride: number
}

/** Computes the report on a geometry. */
export function reportMemory(geometry: Geometry): MemoryReport {
  const { maxItems, blockCount } = geometry
  const parts = memoryParts(geometry)
  const size = segmentSize(geometry)
  const keyRoom = INLINE_KEY_SIZE + parts['key tails'] / maxItems
  return {
    size,
    parts,
    overheadPerItem: (size - parts.blocks) / maxItems - keyRoom,
    keyRoom,
    blockStride: parts.blocks / blockCount,
  }
}

/** Derives the geometry of an open cache from its statistics. */
export function geometryOf(stats: CacheStats): Geometry {
  const hash = HASHES.find(name => name === stats.hash)
  const eviction = EVICTIONS.find(name => name === stats.eviction)
  if (hash !== undefined && eviction !== undefined) {
    const { maxItems, maxKeySize, blockSize, bitmap, blocks: blockCount } = stats
    const { maxTags, eventPlaces } = stats
    const sizes = { maxItems, maxKeySize, blockSize, bitmap, blockCount, maxTags, eventPlaces }
    // The statistics do not say whether there are checksums, but the size of the segment does.
    for (const checksums of [false, true]) {
      const geometry = { ...sizes, hash, eviction, checksums, ignoresTtl: false }
      if (segmentSize(geometry) === stats.size) return geometry
    }
  }
  throw new UndercroftError(
    'UNDERCROFT_VERSION_MISMATCH',
    `the layout of ${stats.name} belongs to another version, so its parts are unknown; ` +
      'inspect it with that version',
  )
}

/** Formats the report: each part, then the cost of an item. */
export function formatMemory(report: MemoryReport, maxItems: number): string[] {
  const { parts } = report
  const rows = MEMORY_PARTS.filter(name => parts[name] > 0).map(name => {
    const perItem = (parts[name] / maxItems).toFixed(1)
    return `${name.padEnd(12)}${String(parts[name]).padStart(16)}${perItem.padStart(12)}`
  })
  return [
    `${'part'.padEnd(12)}${'bytes'.padStart(16)}${'per item'.padStart(12)}`,
    ...rows,
    `${'total'.padEnd(12)}${String(report.size).padStart(16)}`,
    '',
    `${report.overheadPerItem.toFixed(1)} bytes per item ` +
      'in addition to the room for its key and value',
    `${report.keyRoom} bytes per item reserved for its key`,
    `${report.blockStride} bytes per block; a value occupies whole blocks`,
  ]
}
