/**
 * Verification: checks every invariant of a segment under the writer lock.
 */

import { isValueType, NEVER, type VerifyReport } from '../base/index.ts'
import { maxValueSize } from '../segment/index.ts'
import type { BlockIndex } from './blocks.ts'
import type { EngineContext } from './engine-context.ts'
import { hasTrailer, isCompleteInfo, isPinned, keySizeOf, valueTypeOf } from './item-info.ts'
import type { PreparedKey } from './key.ts'
import { BROKEN, GONE } from './liveness.ts'
import { loadKey } from './recovery.ts'
import { NO_SLOT, type SlotIndex } from './slot-table.ts'
import {
  EARLIEST_EXPIRY,
  FIRST_FREE_SLOT,
  FREE_BLOCK_COUNT,
  ITEM_COUNT,
  PINNED_BLOCK_COUNT,
  PINNED_ITEM_COUNT,
  reservedSlotCount,
  USED_SLOT_COUNT,
} from './state.ts'
import { TagNames } from './tag-names.ts'
import { NO_PLACE, type TagPlace } from './tag-table.ts'

/** The limit of sentences in a report. More sentences would not help the reader. */
const PROBLEM_LIMIT = 100

export function verify(context: EngineContext, scratch: PreparedKey): VerifyReport {
  const problems: string[] = []
  for (const problem of findProblems(context, scratch)) {
    problems.push(problem)
    if (problems.length === PROBLEM_LIMIT) break
  }
  return {
    ok: problems.length === 0,
    problems,
    items: context.segment.words[ITEM_COUNT],
  }
}

function* findProblems(context: EngineContext, scratch: PreparedKey): Generator<string> {
  const { table, segment } = context
  const used = segment.words[USED_SLOT_COUNT]
  if (used < 0 || used > table.slotCount) {
    yield `${used} slots are said to be used, of ${table.slotCount}`
    return
  }
  const reserved = reservedSlotCount(segment)
  if (used > reserved) {
    yield `${used} slots are said to be used, and room is reserved for ${reserved}`
    return
  }
  const linked = new Set<SlotIndex>()
  yield* chainProblems(context, linked, scratch)
  yield* freeChainProblems(context, linked, used)
  yield* blockProblems(context, linked)
  if (linked.size !== segment.words[ITEM_COUNT]) {
    yield `${linked.size} items are linked, the count says ${segment.words[ITEM_COUNT]}`
  }
  for (let slot: SlotIndex = used + 1; slot <= table.slotCount; slot++) {
    if (table.info(slot) !== 0) yield `slot ${slot} holds an item beyond the used slots`
  }
  yield* context.tags.problems()
  const pinned = [...linked].filter(slot => isPinned(table.info(slot)))
  yield* pinProblems(context, pinned)
  for (const slot of pinned) linked.delete(slot)
  if (context.eviction !== undefined) yield* context.eviction.problems(linked)
}

function* chainProblems(
  context: EngineContext,
  linked: Set<SlotIndex>,
  scratch: PreparedKey,
): Generator<string> {
  const { table } = context
  for (let index = 0; index < table.bucketCount; index++) {
    const bucket = table.bucketAt(index)
    if ((table.version(bucket) & 1) !== 0) yield `bucket ${index} has an odd version`
    let slot = table.firstSlot(bucket)
    while (slot !== NO_SLOT) {
      if (slot < 0 || slot > table.slotCount) {
        yield `bucket ${index} leads to slot ${slot}`
        break
      }
      if (linked.has(slot)) {
        yield `slot ${slot} is linked twice`
        break
      }
      linked.add(slot)
      if (table.bucketOf(table.hash(slot)) !== bucket) {
        yield `slot ${slot} is linked in bucket ${index}, where its hash does not belong`
      }
      yield* itemProblems(context, slot, scratch)
      slot = table.nextSlot(slot)
    }
  }
}

function* itemProblems(
  context: EngineContext,
  slot: SlotIndex,
  scratch: PreparedKey,
): Generator<string> {
  const { table, blocks, checksums, segment } = context
  const info = table.info(slot)
  if (!isCompleteInfo(info) || keySizeOf(info) > segment.geometry.maxKeySize) {
    yield `slot ${slot} is linked but not complete`
    return
  }
  if (!isValueType(valueTypeOf(info))) yield `slot ${slot} has a value of unknown type`
  const size = table.valueSize(slot)
  if (size > maxValueSize(segment.geometry) || !blocks.holds(table.firstBlock(slot), size)) {
    yield `slot ${slot} has its value outside the blocks`
  } else {
    if (checksums?.matches(slot, info) === false) {
      yield `slot ${slot} has a checksum of something else`
    }
    if (hasTrailer(info)) yield* trailerProblems(context, slot)
  }
  const expiresAtMs = table.expiresAtMs(slot)
  const earliest = segment.doubles[EARLIEST_EXPIRY]
  if (!(expiresAtMs >= 0)) yield `slot ${slot} expires at ${expiresAtMs}`
  if (expiresAtMs !== NEVER && expiresAtMs < earliest) {
    yield `slot ${slot} expires at ${expiresAtMs}, before the earliest expiry ${earliest}`
  }
  const hash = table.hash(slot)
  loadKey(context, slot, scratch)
  if (scratch.hash !== hash) yield `slot ${slot} has a key of another hash`
  for (let i = scratch.size; (i & 3) !== 0; i++) {
    if (scratch.bytes[i] !== 0) yield `slot ${slot} has a key that is not padded with zeros`
  }
}

function* trailerProblems(context: EngineContext, slot: SlotIndex): Generator<string> {
  const { liveness, tags, segment } = context
  const { trailer } = liveness
  const state = liveness.of(slot, 0)
  const names = state === BROKEN ? undefined : trailer.names()
  if (names === undefined) {
    yield `slot ${slot} has no trailer behind its value`
    return
  }
  if (!(trailer.freshUntilMs >= 0)) yield `slot ${slot} is fresh until ${trailer.freshUntilMs}`
  if (!(trailer.generation <= tags.generation)) {
    yield `slot ${slot} was stored at generation ${trailer.generation}, after the last one`
  }
  if (state === GONE) return // other tags may have its places
  const hashed = new TagNames(segment)
  hashed.prepare(names)
  for (const [index, name] of names.entries()) {
    const place: TagPlace = segment.words[trailer.places + index]
    const isItsOwn = place === NO_PLACE || tags.holds(place, hashed.low[index], hashed.high[index])
    if (!isItsOwn) yield `slot ${slot} has the tag ${name}, whose place another tag has`
  }
}

function* pinProblems(
  { table, blocks, segment }: EngineContext,
  pinned: readonly SlotIndex[],
): Generator<string> {
  const count = segment.words[PINNED_ITEM_COUNT]
  if (pinned.length !== count) yield `${pinned.length} items are pinned, the count says ${count}`
  const blockCount = segment.words[PINNED_BLOCK_COUNT]
  let sum = 0
  for (const slot of pinned) sum += blocks.runLength(table.valueSize(slot))
  if (sum !== blockCount) yield `${sum} blocks are pinned, the count says ${blockCount}`
}

function* freeChainProblems(
  context: EngineContext,
  linked: ReadonlySet<SlotIndex>,
  used: number,
): Generator<string> {
  const { table, segment } = context
  const free = new Set<SlotIndex>()
  let slot: SlotIndex = segment.words[FIRST_FREE_SLOT]
  while (slot !== NO_SLOT) {
    if (slot < 0 || slot > used || free.has(slot)) {
      yield `the chain of free slots is broken at slot ${slot}`
      return
    }
    free.add(slot)
    if (linked.has(slot)) yield `slot ${slot} is linked and free`
    if (table.info(slot) !== 0) yield `slot ${slot} is free but holds an item`
    slot = table.nextSlot(slot)
  }
  if (free.size + linked.size !== used) {
    yield `${used} slots were used, but ${linked.size} are linked and ${free.size} free`
  }
}

function* blockProblems(context: EngineContext, linked: ReadonlySet<SlotIndex>): Generator<string> {
  const { table, blocks, segment } = context
  if (!blocks.bitmap) {
    for (const slot of linked) {
      if (table.firstBlock(slot) !== slot - 1) yield `slot ${slot} has the block of another slot`
    }
    return
  }
  const owners = new Map<BlockIndex, SlotIndex>()
  for (const slot of linked) {
    const first = table.firstBlock(slot)
    const size = table.valueSize(slot)
    if (!blocks.holds(first, size)) continue // already reported, and the walk could be endless
    const count = blocks.runLength(size)
    for (let block = first; block < first + count; block++) {
      const other = owners.get(block)
      if (other !== undefined) yield `block ${block} belongs to slots ${other} and ${slot}`
      owners.set(block, slot)
      if (!blocks.isUsed(block)) yield `block ${block} of slot ${slot} is marked free`
    }
  }
  let usedBlocks = 0
  for (let block: BlockIndex = 0; block < blocks.blockCount; block++) {
    if (!blocks.isUsed(block)) continue
    usedBlocks++
    if (!owners.has(block)) yield `block ${block} is marked used but belongs to no slot`
  }
  const free = segment.words[FREE_BLOCK_COUNT]
  if (usedBlocks + free !== blocks.blockCount) {
    yield `${usedBlocks} blocks are used and ${free} counted free, of ${blocks.blockCount}`
  }
}
