/** Completes the geometry of a cache that does not exist yet, and converts options to it. */

import { DEFAULT_MAX_KEY_SIZE, requireInteger, UndercroftError } from '../base/index.ts'
import {
  BLOCK_COUNT_LIMIT,
  defaultMaxTags,
  type Geometry,
  MAX_EVENT_PLACES,
  MIN_EVENT_PLACES,
  type WantedGeometry,
} from '../segment/index.ts'

const DEFAULT_BLOCK_SIZE = 256
const DEFAULT_SINGLE_BLOCK_SIZE = 4096
const DEFAULT_BYTES_AN_ITEM = 4096

/** @returns the geometry of a new cache */
export function completeGeometry(name: string, wanted: WantedGeometry): Geometry {
  if (wanted.maxItems === undefined) {
    throw new UndercroftError(
      'UNDERCROFT_NO_SUCH_CACHE',
      `there is no cache "${name}" to attach to; give maxItems to create it`,
    )
  }
  const { maxItems, bitmap = true } = wanted
  const blockSize = wanted.blockSize ?? (bitmap ? DEFAULT_BLOCK_SIZE : DEFAULT_SINGLE_BLOCK_SIZE)
  return {
    maxItems,
    maxKeySize: wanted.maxKeySize ?? DEFAULT_MAX_KEY_SIZE,
    blockSize,
    blockCount: wanted.blockCount ?? (bitmap ? defaultBlockCount(maxItems, blockSize) : maxItems),
    bitmap,
    hash: wanted.hash ?? 'seeded',
    eviction: wanted.eviction ?? 'adaptive',
    ignoresTtl: wanted.ignoresTtl ?? false,
    checksums: wanted.checksums ?? false,
    maxTags: wanted.maxTags ?? defaultMaxTags(maxItems),
    eventPlaces: wanted.eventPlaces ?? 0,
  }
}

/** @returns the places of a ring that keeps this many events */
export function toEventPlaces(events: number): number {
  if (events === 0) return 0
  requireInteger('events', events, MIN_EVENT_PLACES, MAX_EVENT_PLACES)
  return 2 ** Math.ceil(Math.log2(events))
}

/** @returns as many blocks as give each item 4096 bytes, and at least one block an item */
function defaultBlockCount(maxItems: number, blockSize: number): number {
  const count = maxItems * Math.ceil(DEFAULT_BYTES_AN_ITEM / blockSize)
  return Math.min(count, BLOCK_COUNT_LIMIT)
}
