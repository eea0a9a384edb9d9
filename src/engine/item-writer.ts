/**
 * Writes items: inserts new ones, and overwrites the values of others.
 *
 * The slot's `info` is the commit point, and recovery rebuilds everything else from the slots. Each
 * operation documents its order of writes, and the state that a process killed after each step
 * leaves.
 */

import type { ValueSource } from '../base/index.ts'
import { EVENT_KIND, INFO_WRITING } from '../segment/index.ts'
import { type BlockIndex, NO_BLOCK } from './blocks.ts'
import { Compaction } from './compaction.ts'
import type { EngineContext } from './engine-context.ts'
import { isPinned, keySizeOf, packInfo } from './item-info.ts'
import type { PreparedKey } from './key.ts'
import type { SpaceReclaimer } from './reclaim.ts'
import { NO_SLOT, type SlotIndex } from './slot-table.ts'
import { noteExpiry } from './state.ts'

export class ItemWriter {
  readonly #context: EngineContext
  readonly #reclaimer: SpaceReclaimer
  readonly #compaction: Compaction

  constructor(context: EngineContext, reclaimer: SpaceReclaimer) {
    this.#context = context
    this.#reclaimer = reclaimer
    this.#compaction = new Compaction(context, reclaimer)
  }

  /**
   * Stores a new item. The order of writes is:
   * 1. The blocks and the value. Killed here: they belong to no slot, and recovery frees them.
   * 2. The key, the facts and the checksum of a free slot. Killed here: the slot is still free.
   * 3. The info. Killed here: recovery links the slot, whose item is complete.
   * 4. The link. Now readers find the item.
   *
   * @returns false if there is no room
   */
  insert(key: PreparedKey, value: ValueSource, expiresAtMs: number): boolean {
    const { table, blocks, eviction, checksums, segment } = this.#context
    let slot = table.allocate()
    while (slot === NO_SLOT) {
      if (!this.#reclaimer.reclaimOrEvict(NO_SLOT)) return false
      slot = table.allocate()
    }
    const block = this.#allocateFor(slot, value.size)
    if (block === NO_BLOCK) {
      table.free(slot)
      return false
    }
    value.writeTo(segment.bytes, blocks.offset(block))
    table.writeKey(slot, key)
    table.setFirstBlock(slot, block)
    table.setValueSize(slot, value.size)
    table.setExpiresAtMs(slot, expiresAtMs)
    const info = packInfo(key.size, value.type)
    checksums?.seal(slot, info)
    const bucket = table.bucketOf(key.hash)
    table.beginChange(bucket)
    table.commit(slot, info)
    table.link(bucket, slot)
    table.endChange(bucket)
    if (isPinned(info)) this.#context.pins.add(blocks.runLength(value.size))
    else eviction?.track(slot)
    noteExpiry(segment.doubles, expiresAtMs)
    this.#context.events?.publish(EVENT_KIND.set, slot, table.info(slot))
    return true
  }

  /** Allocates the slot's own block or, in bitmap mode, a run. It evicts until one fits. */
  #allocateFor(slot: SlotIndex, size: number): BlockIndex {
    const { blocks } = this.#context
    if (!blocks.bitmap) return slot - 1
    const count = blocks.runLength(size)
    const block = blocks.allocate(count)
    return block === NO_BLOCK ? this.#compaction.makeRun(slot, count, 0, 0) : block
  }

  /**
   * Overwrites an item by one without circumstances.
   *
   * @returns false if there is no room; the old value stays then
   */
  overwrite(slot: SlotIndex, value: ValueSource, expiresAtMs: number): boolean {
    const { table, blocks, eviction, segment } = this.#context
    if (isPinned(table.info(slot))) return this.overwritePinned(slot, value, expiresAtMs)
    if (!blocks.bitmap) {
      this.#rewrite(slot, value, expiresAtMs, slot - 1)
    } else if (!this.#overwriteRun(slot, value, expiresAtMs)) {
      return false
    }
    eviction?.use(slot)
    noteExpiry(segment.doubles, expiresAtMs)
    this.#context.events?.publish(EVENT_KIND.set, slot, table.info(slot))
    return true
  }

  /** Overwrites an item where the old one or the new one may be pinned: no policy tracks those. */
  overwritePinned(slot: SlotIndex, value: ValueSource, expiresAtMs: number): boolean {
    const { table, blocks, eviction, pins, segment } = this.#context
    const wasPinned = isPinned(table.info(slot))
    const blocksBefore = blocks.runLength(table.valueSize(slot))
    if (!blocks.bitmap) {
      this.#rewrite(slot, value, expiresAtMs, slot - 1)
    } else if (!this.#overwriteRun(slot, value, expiresAtMs)) {
      return false
    }
    const isPinnedNow = isPinned(table.info(slot))
    if (wasPinned) pins.remove(blocksBefore)
    if (isPinnedNow) pins.add(blocks.runLength(value.size))
    if (wasPinned && !isPinnedNow) eviction?.track(slot)
    else if (isPinnedNow && !wasPinned) eviction?.untrack(slot)
    else if (!isPinnedNow) eviction?.use(slot)
    noteExpiry(segment.doubles, expiresAtMs)
    this.#context.events?.publish(EVENT_KIND.set, slot, table.info(slot))
    return true
  }

  /**
   * In bitmap mode, writes the new value apart from the old one if there is room, so that a crash
   * loses nothing. Otherwise it writes over the old value, or into blocks that can be freed.
   *
   * @returns false if nothing changed
   */
  #overwriteRun(slot: SlotIndex, value: ValueSource, expiresAtMs: number): boolean {
    const { table, blocks, segment } = this.#context
    const oldFirst = table.firstBlock(slot)
    const oldCount = blocks.runLength(table.valueSize(slot))
    const count = blocks.runLength(value.size)
    const apart = blocks.allocate(count)
    if (apart !== NO_BLOCK) {
      value.writeTo(segment.bytes, blocks.offset(apart))
      this.#repoint(slot, value, expiresAtMs, apart)
      blocks.free(oldFirst, oldCount)
      return true
    }
    if (count <= oldCount) {
      this.#rewrite(slot, value, expiresAtMs, oldFirst)
      if (count < oldCount) blocks.free(oldFirst + count, oldCount - count)
      return true
    }
    blocks.free(oldFirst, oldCount)
    let block = blocks.allocate(count)
    if (block === NO_BLOCK) block = this.#compaction.makeRun(slot, count, oldFirst, oldCount)
    if (block === NO_BLOCK) {
      blocks.take(oldFirst, oldCount) // the old value is still intact
      return false
    }
    this.#rewrite(slot, value, expiresAtMs, block)
    return true
  }

  /**
   * Overwrites bytes that readers may be reading, in this order of writes:
   * 1. The mark INFO_WRITING. Killed here or later: recovery drops this item, and only this one.
   * 2. The value, its facts and its checksum.
   * 3. The info, without the mark.
   */
  #rewrite(slot: SlotIndex, value: ValueSource, expiresAtMs: number, block: BlockIndex): void {
    const { table, blocks, segment } = this.#context
    const bucket = table.bucketOf(table.hash(slot))
    const info = table.info(slot)
    table.beginChange(bucket)
    table.setInfo(slot, info | INFO_WRITING)
    value.writeTo(segment.bytes, blocks.offset(block))
    this.#finish(slot, value, expiresAtMs, block, keySizeOf(info))
    table.endChange(bucket)
  }

  /** Updates the facts of a slot as #rewrite does, but the value is already in place. */
  #repoint(slot: SlotIndex, value: ValueSource, expiresAtMs: number, block: BlockIndex): void {
    const { table } = this.#context
    const bucket = table.bucketOf(table.hash(slot))
    const info = table.info(slot)
    table.beginChange(bucket)
    table.setInfo(slot, info | INFO_WRITING)
    this.#finish(slot, value, expiresAtMs, block, keySizeOf(info))
    table.endChange(bucket)
  }

  #finish(
    slot: SlotIndex,
    value: ValueSource,
    expiresAtMs: number,
    block: BlockIndex,
    keySize: number,
  ): void {
    const { table, checksums } = this.#context
    const info = packInfo(keySize, value.type)
    table.setFirstBlock(slot, block)
    table.setValueSize(slot, value.size)
    table.setExpiresAtMs(slot, expiresAtMs)
    checksums?.seal(slot, info)
    table.commit(slot, info)
  }
}
