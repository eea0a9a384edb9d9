/**
 * Statistics of a segment: its sizes, its fill, and the counts over all processes.
 */

import type { CacheStats } from '../base/index.ts'
import { maxValueSize } from '../segment/index.ts'
import type { EngineContext } from './engine-context.ts'
import type { HitCounters } from './hit-counters.ts'
import {
  DROPPED,
  EVICTED,
  EXPIRED,
  FREE_BLOCK_COUNT,
  FULL,
  INVALIDATED,
  ITEM_COUNT,
  TAGS_EVICTED,
  TAKEOVERS,
} from './state.ts'

export function readStats(
  { segment, blocks, pins, lastChange, metrics }: EngineContext,
  counters: HitCounters,
): Omit<CacheStats, 'name'> {
  const { geometry, words, doubles, layout } = segment
  const items = words[ITEM_COUNT]
  const usedBlocks = blocks.blockCount - words[FREE_BLOCK_COUNT]
  return {
    items,
    maxItems: geometry.maxItems,
    blockSize: geometry.blockSize,
    blocks: geometry.blockCount,
    freeBlocks: geometry.blockCount - (blocks.bitmap ? usedBlocks : items),
    maxKeySize: geometry.maxKeySize,
    maxValueSize: maxValueSize(geometry),
    buckets: layout.bucketCount,
    hash: geometry.hash,
    eviction: geometry.eviction,
    bitmap: geometry.bitmap,
    size: layout.size,
    ...counters.sum(),
    ...metrics.read(),
    full: doubles[FULL],
    evicted: doubles[EVICTED],
    expired: doubles[EXPIRED],
    invalidated: doubles[INVALIDATED],
    pinned: pins.itemCount,
    maxTags: geometry.maxTags,
    eventPlaces: geometry.eventPlaces,
    tagsEvicted: doubles[TAGS_EVICTED],
    takeovers: doubles[TAKEOVERS],
    dropped: doubles[DROPPED],
    lastModifiedAtMs: lastChange.atMs,
  }
}
