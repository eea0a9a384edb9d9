/**
 * A cache's memory in figures a person can use: by part, and for each item.
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
  /** For each item that fits, beside the room of its key and value. */
  readonly overheadPerItem: number
  /** Room that each item has for its key. */
  readonly keyRoom: number
  /** What one block takes; a value takes whole ones. */
  readonly blockStride: number
}

/** The report on a geometry. */
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

/** The geometry of an open cache, which its statistics tell. */
export function geometryOf(stats: CacheStats): Geometry {
  const hash = HASHES.find(name => name === stats.hash)
  const eviction = EVICTIONS.find(name => name === stats.eviction)
  if (hash !== undefined && eviction !== undefined) {
    const { maxItems, maxKeySize, blockSize, bitmap, blocks: blockCount } = stats
    const known = { maxItems, maxKeySize, blockSize, bitmap, blockCount, hash, eviction }
    // Whether there are checksums is not told; the size is another with them.
    for (const checksums of [false, true]) {
      const geometry = { ...known, checksums, ignoresTtl: false }
      if (segmentSize(geometry) === stats.size) return geometry
    }
  }
  throw new UndercroftError(
    'UNDERCROFT_VERSION_MISMATCH',
    `${stats.name} is laid out by another version, so its parts are not known`,
  )
}

/** Lines for people: each part, then what an item costs. */
export function formatMemory(report: MemoryReport, maxItems: number): string[] {
  const { parts } = report
  const rows = MEMORY_PARTS.filter(name => parts[name] > 0).map(name => {
    const perItem = (parts[name] / maxItems).toFixed(1)
    return `${name.padEnd(12)}${String(parts[name]).padStart(16)}${perItem.padStart(12)}`
  })
  return [
    `${'part'.padEnd(12)}${'bytes'.padStart(16)}${'an item'.padStart(12)}`,
    ...rows,
    `${'in all'.padEnd(12)}${String(report.size).padStart(16)}`,
    '',
    `${report.overheadPerItem.toFixed(1)} bytes an item beside the room of its key and value`,
    `${report.keyRoom} bytes an item are room for its key`,
    `${report.blockStride} bytes are a block; a value takes whole ones`,
  ]
}
