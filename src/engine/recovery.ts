/**
 * Rebuilding everything from the slots: buckets, free room, eviction order, counts.
 *
 * Runs under the writer lock: after a takeover from an owner that died inside, when a chain makes
 * no sense or a version was left odd, and where the mark for it is set, by a failure inside or by a
 * recovery that was itself cut short. `clear` ends with it, too. Killed in the middle, it simply
 * runs again. Readers meet odd versions from the first step to the last, and wait.
 */

import { LAST_VALUE_TYPE } from '../base/index.ts'
import { isCompleteInfo, keySizeOf, maxValueSize, valueTypeOf } from '../segment/index.ts'
import type { PreparedKey } from './key.ts'
import type { Parts } from './parts.ts'
import { NO_SLOT, type SlotIndex } from './slot-table.ts'
import {
  EARLIEST_EXPIRY,
  FIRST_FREE_SLOT,
  ITEM_COUNT,
  ROUND_EARLIEST_EXPIRY,
  SWEEP_SLOT,
  USED_SLOT_COUNT,
  usedSlotCount,
} from './state.ts'

/** Deletes all items. Killed in the middle: some are gone, and nobody was told that all are. */
export function deleteAll(parts: Parts, scratch: PreparedKey): void {
  const { table, segment } = parts
  // First of all: a reader in the middle of an item must not see it without its kind.
  for (let index = 0; index < table.bucketCount; index++) table.beginChange(table.bucketAt(index))
  for (let slot = usedSlotCount(segment); slot >= 1; slot--) table.setInfo(slot, 0)
  rebuild(parts, scratch)
}

export function rebuild(parts: Parts, scratch: PreparedKey): void {
  const { table, blocks, eviction, segment } = parts
  for (let index = 0; index < table.bucketCount; index++) {
    const bucket = table.bucketAt(index)
    table.beginChange(bucket)
    table.emptyChain(bucket)
  }
  let used = usedSlotCount(segment)
  // The count cannot be too low unless it was damaged; one look then, and all of them if it was.
  while (used < table.slotCount && table.wasUsed(used + 1)) used++
  segment.words[USED_SLOT_COUNT] = used
  segment.words[FIRST_FREE_SLOT] = NO_SLOT
  segment.words[ITEM_COUNT] = 0
  segment.words[SWEEP_SLOT] = 0
  blocks.clear()
  eviction?.clear()
  let earliest = Infinity
  // Downwards, so that the free chain hands out low slots first.
  for (let slot = used; slot >= 1; slot--) {
    const mark = table.evictionMark(slot)
    table.setEvictionMark(slot, 0)
    if (table.info(slot) !== 0 && restoreItem(parts, slot, mark, scratch)) {
      const expiresAtMs = table.expiresAtMs(slot)
      if (expiresAtMs !== 0 && expiresAtMs < earliest) earliest = expiresAtMs
      continue
    }
    table.setInfo(slot, 0)
    table.free(slot)
  }
  segment.doubles[EARLIEST_EXPIRY] = earliest
  segment.doubles[ROUND_EARLIEST_EXPIRY] = earliest
  for (let index = 0; index < table.bucketCount; index++) table.endChange(table.bucketAt(index))
}

/** Links an item that makes sense and takes its blocks. False: it must be dropped. */
function restoreItem(parts: Parts, slot: SlotIndex, mark: number, scratch: PreparedKey): boolean {
  const { table, blocks, eviction } = parts
  if (!isSensible(parts, slot, scratch)) return false
  const hash = table.hash(slot)
  const bucket = table.bucketOf(hash)
  if (table.find(bucket, scratch) !== NO_SLOT) return false // an older copy of the same key
  if (blocks.bitmap) {
    const first = table.firstBlock(slot)
    const count = blocks.runLength(table.valueSize(slot))
    if (!blocks.isRunFree(first, count)) return false
    blocks.take(first, count)
  }
  table.link(bucket, slot)
  eviction?.restore(slot, mark)
  return true
}

/** Leaves the slot's key in `scratch`. */
function isSensible(parts: Parts, slot: SlotIndex, scratch: PreparedKey): boolean {
  const { table, blocks, segment } = parts
  const { geometry } = segment
  const info = table.info(slot)
  const size = table.valueSize(slot)
  const block = table.firstBlock(slot)
  const expiresAtMs = table.expiresAtMs(slot)
  if (!isCompleteInfo(info) || valueTypeOf(info) > LAST_VALUE_TYPE) return false
  if (keySizeOf(info) > geometry.maxKeySize) return false
  if (size < 0 || size > maxValueSize(geometry) || !blocks.holds(block, size)) return false
  if (!geometry.bitmap && block !== slot - 1) return false
  if (!(expiresAtMs >= 0)) return false
  loadKey(parts, slot, scratch)
  return scratch.hash === table.hash(slot)
}

/** Copies a slot's key out of the segment and hashes it anew. */
export function loadKey(parts: Parts, slot: SlotIndex, scratch: PreparedKey): void {
  const { table } = parts
  const size = keySizeOf(table.info(slot))
  table.readKey(slot, size, scratch.words)
  scratch.size = size
  scratch.rehash()
}
