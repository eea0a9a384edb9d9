/**
 * Reserves the memory of a segment: takes its room from the device before any opener touches it.
 *
 * A byte that is not reserved is a hole in the file. Where the device is full, even reading a hole
 * in a tmpfs kills the process with SIGBUS. What any opener may touch is therefore reserved when
 * the segment is made. The tails of long keys and the blocks are reserved in steps, as slots and
 * blocks are first used (engine/room.ts). Slots and blocks beyond the counts in `STATE` are
 * touched by no process.
 *
 * A store is reserved as a whole when it is made. A reservation made later may be lost in a power
 * loss, although its items are on the device.
 */

import type { Mapping } from '../platform/index.ts'
import { STATE, STATE_OFFSET } from './format.ts'
import { computeLayout, type Geometry, type Layout } from './geometry.ts'

/** Bytes that a step reserves. A step holds the writer lock for some 50 us. */
const STEP_SIZE = 256 * 1024

const RESERVED_SLOTS = (STATE_OFFSET + STATE.fields.reservedSlotCount.offset) / 4
const RESERVED_BLOCKS = (STATE_OFFSET + STATE.fields.reservedBlockCount.offset) / 4
const FREE_BLOCKS = (STATE_OFFSET + STATE.fields.freeBlockCount.offset) / 4

/** The part of a segment, or of a segment in the making, that a reservation needs. */
export interface Reservable {
  readonly mapping: Mapping
  readonly geometry: Geometry
  readonly layout: Layout
}

/**
 * Reserves what a segment needs before its first item, and notes how much that is. Throws
 * UNDERCROFT_NO_SPACE.
 */
export function reserveStart(mapping: Mapping, geometry: Geometry): void {
  const layout = computeLayout(geometry)
  const segment = { mapping, geometry, layout }
  const { maxItems, blockCount, bitmap, checksums } = geometry
  const tailsEnd = layout.keyTailsOffset + maxItems * layout.keyTailStride
  mapping.reserve(0, layout.keyTailsOffset)
  mapping.reserve(tailsEnd, layout.blocksOffset - tailsEnd)
  const slots = checksums ? maxItems : Math.min(maxItems, slotsInStep(segment))
  const blocks = bitmap && !checksums ? Math.min(blockCount, blocksInStep(segment)) : blockCount
  reserveSlots(segment, 0, slots)
  if (bitmap) reserveBlocks(segment, 0, blocks)
  const words = new Int32Array(mapping.buffer)
  words[RESERVED_SLOTS] = slots
  words[RESERVED_BLOCKS] = bitmap ? blocks : slots
  words[FREE_BLOCKS] = words[RESERVED_BLOCKS]
}

/** @returns the number of slots to reserve at once */
export function slotsInStep({ geometry, layout }: Reservable): number {
  return inStep(layout.keyTailStride + (geometry.bitmap ? 0 : layout.blockStride))
}

/** @returns the number of blocks to reserve at once */
export function blocksInStep({ layout }: Reservable): number {
  return inStep(layout.blockStride)
}

/**
 * Reserves the key tails of the next `count` slots after the first `reserved`, and in single-block
 * mode their blocks, too. Throws UNDERCROFT_NO_SPACE.
 */
export function reserveSlots(segment: Reservable, reserved: number, count: number): void {
  const { mapping, geometry, layout } = segment
  const { keyTailsOffset, keyTailStride } = layout
  mapping.reserve(keyTailsOffset + reserved * keyTailStride, count * keyTailStride)
  if (!geometry.bitmap) reserveBlocks(segment, reserved, count)
}

/** Reserves the next `count` blocks after the first `reserved`. Throws UNDERCROFT_NO_SPACE. */
export function reserveBlocks(segment: Reservable, reserved: number, count: number): void {
  const { blocksOffset, blockStride } = segment.layout
  segment.mapping.reserve(blocksOffset + reserved * blockStride, count * blockStride)
}

function inStep(stride: number): number {
  return stride === 0 ? Infinity : Math.max(1, Math.floor(STEP_SIZE / stride))
}
