/**
 * Positions of different kinds, checked by the compiler: nothing here is ever called.
 */

import type { BlockIndex, Blocks } from '../../src/engine/blocks.ts'
import type { BucketIndex, BucketWord, SlotIndex, SlotTable } from '../../src/engine/slot-table.ts'

export function positionsOfAnotherKindAreRefused(
  table: SlotTable,
  blocks: Blocks,
  slot: SlotIndex,
  block: BlockIndex,
  index: BucketIndex,
  bucket: BucketWord,
): void {
  // @ts-expect-error: a slot is not a block, although slot N owns block N - 1
  blocks.offset(slot)
  // @ts-expect-error: a block is not a slot
  table.info(block)
  // @ts-expect-error: a block is not a bucket
  table.bucketAt(block)
  // @ts-expect-error: the position of a bucket among the buckets is not that of its version
  table.version(index)
  // @ts-expect-error: the position of a version is not that of a bucket among the buckets
  table.bucketAt(bucket)
  // @ts-expect-error: the arguments are in the wrong order
  table.link(slot, bucket)
}

export function plainNumbersBecomePositions(table: SlotTable, blocks: Blocks): void {
  blocks.offset(table.info(1) - 1)
  for (let slot: SlotIndex = table.slotCount; slot >= 1; slot--) table.firstBlock(slot)
}
