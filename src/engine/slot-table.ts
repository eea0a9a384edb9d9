/**
 * The slot table: the slots, and the chains that lead to the slot of a key.
 *
 * A bucket holds the first slot of a chain and the chain's seqlock. A writer that changes an item
 * or the chain makes the bucket's version odd first and even afterwards. One word therefore shows a
 * reader that the chain did not change, which includes a slot that left for another chain.
 */

import { loadAcquire, storeBefore, storeRelease } from '../platform/index.ts'
import { CHANGE_STEP, MARK_MASK, type Segment } from '../segment/index.ts'
import type { BlockIndex } from './blocks.ts'
import { keySizeOf, versionOf } from './item-info.ts'
import type { PreparedKey } from './key.ts'
import { NeedsRebuild } from './needs-rebuild.ts'
import type { Position } from './position.ts'
import type { Room } from './room.ts'
import {
  CHANGES,
  EXPIRES_AT,
  FIRST_BLOCK,
  FIRST_FREE_SLOT,
  FIRST_SLOT,
  HASH,
  INFO,
  INLINE_KEY_WORDS,
  ITEM_COUNT,
  KEY,
  NEXT_SLOT,
  STRIDE_WORDS,
  USED_SLOT_COUNT,
  VALUE_SIZE,
} from './state.ts'

/** The position of a slot in the slot table; the first is 1. */
export type SlotIndex = Position<'slot'>
/** The position of a bucket among the buckets; the first is 0. */
export type BucketIndex = Position<'bucket'>
/** The position of a bucket's version in `segment.words`. */
export type BucketWord = Position<'bucket word'>

export const NO_SLOT: SlotIndex = 0
/** The result of `find` if the chain is broken: it changed during the walk, or it is corrupt. */
export const BROKEN_CHAIN: SlotIndex = -1

export class SlotTable {
  readonly slotCount: number
  readonly bucketCount: number
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  readonly #bucketsWord: number
  readonly #bucketMask: number
  readonly #slotsWord: number
  readonly #tailsWord: number
  readonly #tailStrideWords: number
  readonly #room: Room

  constructor(segment: Segment, room: Room) {
    this.#room = room
    const { layout, geometry } = segment
    this.slotCount = geometry.maxItems
    this.bucketCount = layout.bucketCount
    this.#words = segment.words
    this.#doubles = segment.doubles
    this.#bucketsWord = layout.bucketsOffset / 4
    this.#bucketMask = layout.bucketCount - 1
    this.#slotsWord = layout.slotsOffset / 4
    this.#tailsWord = layout.keyTailsOffset / 4
    this.#tailStrideWords = layout.keyTailStride / 4
  }

  bucketOf(hash: number): BucketWord {
    return this.#bucketsWord + ((hash & this.#bucketMask) << 1)
  }

  bucketAt(index: BucketIndex): BucketWord {
    return this.#bucketsWord + index * 2
  }

  /** An even version means that no change is under way. Later loads are not older than this one. */
  version(bucket: BucketWord): number {
    return loadAcquire(this.#words, bucket)
  }

  /** Makes the version odd, before all later stores. */
  beginChange(bucket: BucketWord): void {
    storeBefore(this.#words, bucket, this.#words[bucket] | 1)
  }

  /** Makes the version even again, after all earlier stores. */
  endChange(bucket: BucketWord): void {
    storeRelease(this.#words, bucket, (this.#words[bucket] + 1) | 0)
  }

  /** @returns the slot of a key, NO_SLOT, or BROKEN_CHAIN; the chain may change during the walk */
  find(bucket: BucketWord, key: PreparedKey): SlotIndex {
    const words = this.#words
    let slot: SlotIndex = words[bucket + FIRST_SLOT]
    for (let steps = 0; steps <= this.slotCount; steps++) {
      if (slot === NO_SLOT) return NO_SLOT
      if (slot < 0 || slot > this.slotCount) return BROKEN_CHAIN
      const at = this.#at(slot)
      if (
        words[at + HASH] === key.hash &&
        keySizeOf(words[at + INFO]) === key.size &&
        this.#keyEquals(slot, at, key)
      ) {
        return slot
      }
      slot = words[at + NEXT_SLOT]
    }
    return BROKEN_CHAIN
  }

  #keyEquals(slot: SlotIndex, at: number, key: PreparedKey): boolean {
    const words = this.#words
    const inline = Math.min((key.size + 3) >> 2, INLINE_KEY_WORDS)
    for (let i = 0; i < inline; i++) {
      if (words[at + KEY + i] !== key.words[i]) return false
    }
    return this.tailEquals(slot, key)
  }

  /** @returns whether the key's part that is not inline is equal; true if there is no such part */
  tailEquals(slot: SlotIndex, key: PreparedKey): boolean {
    const count = (key.size + 3) >> 2
    const tail = this.#tailOf(slot)
    for (let i = INLINE_KEY_WORDS; i < count; i++) {
      if (this.#words[tail + i] !== key.words[i]) return false
    }
    return true
  }

  /** @returns a free slot; NO_SLOT if there is none, or the device has no room for it */
  allocate(): SlotIndex {
    const words = this.#words
    const freed: SlotIndex = words[FIRST_FREE_SLOT]
    if (freed !== NO_SLOT) {
      this.#requireFree(freed)
      words[FIRST_FREE_SLOT] = words[this.#at(freed) + NEXT_SLOT]
      return freed
    }
    const used = words[USED_SLOT_COUNT]
    if (used >= this.#room.slotCount && !this.#room.reserveSlots()) return NO_SLOT
    this.#requireFree(used + 1)
    words[USED_SLOT_COUNT] = used + 1
    return used + 1
  }

  /** @returns whether the slot has room on the device, so that its key may be read */
  holds(slot: SlotIndex): boolean {
    return slot >= 1 && slot <= this.#room.slotCount
  }

  #requireFree(slot: SlotIndex): void {
    if (this.holds(slot) && this.info(slot) === 0) return
    throw new NeedsRebuild(`slot ${slot} is said to be free`)
  }

  free(slot: SlotIndex): void {
    this.#words[this.#at(slot) + NEXT_SLOT] = this.#words[FIRST_FREE_SLOT]
    this.#words[FIRST_FREE_SLOT] = slot
  }

  writeKey(slot: SlotIndex, key: PreparedKey): void {
    const words = this.#words
    const at = this.#at(slot)
    words[at + HASH] = key.hash
    const count = (key.size + 3) >> 2
    const inline = Math.min(count, INLINE_KEY_WORDS)
    for (let i = 0; i < inline; i++) words[at + KEY + i] = key.words[i]
    const tail = this.#tailOf(slot)
    for (let i = inline; i < count; i++) words[tail + i] = key.words[i]
  }

  /** Copies the words of a key of `size` bytes out of a slot, to `start` in the target. */
  readKey(slot: SlotIndex, size: number, target: Int32Array, start = 0): void {
    const words = this.#words
    const count = (size + 3) >> 2
    const inline = Math.min(count, INLINE_KEY_WORDS)
    const at = this.#at(slot) + KEY
    for (let i = 0; i < inline; i++) target[start + i] = words[at + i]
    const tail = this.#tailOf(slot)
    for (let i = inline; i < count; i++) target[start + i] = words[tail + i]
  }

  /** Puts a complete slot at the head of its chain. The bucket's version must be odd. */
  link(bucket: BucketWord, slot: SlotIndex): void {
    const words = this.#words
    words[this.#at(slot) + NEXT_SLOT] = words[bucket + FIRST_SLOT]
    words[bucket + FIRST_SLOT] = slot
    words[ITEM_COUNT] += 1
  }

  /** Removes a slot from its chain. The bucket's version must be odd. */
  unlink(bucket: BucketWord, slot: SlotIndex): void {
    const words = this.#words
    let from = bucket + FIRST_SLOT
    for (let steps = 0; steps <= this.slotCount; steps++) {
      const next: SlotIndex = words[from]
      if (next <= NO_SLOT || next > this.slotCount) break
      if (next === slot) {
        words[from] = words[this.#at(slot) + NEXT_SLOT]
        words[ITEM_COUNT] -= 1
        return
      }
      from = this.#at(next) + NEXT_SLOT
    }
    throw new NeedsRebuild(`slot ${slot} is not in its chain`)
  }

  firstSlot(bucket: BucketWord): SlotIndex {
    return this.#words[bucket + FIRST_SLOT]
  }

  emptyChain(bucket: BucketWord): void {
    this.#words[bucket + FIRST_SLOT] = NO_SLOT
  }

  nextSlot(slot: SlotIndex): SlotIndex {
    return this.#words[this.#at(slot) + NEXT_SLOT]
  }

  hash(slot: SlotIndex): number {
    return this.#words[this.#at(slot) + HASH]
  }

  /** @returns 0 if the slot is free */
  info(slot: SlotIndex): number {
    return this.#words[this.#at(slot) + INFO]
  }

  setInfo(slot: SlotIndex, info: number): void {
    this.#words[this.#at(slot) + INFO] = info
  }

  valueSize(slot: SlotIndex): number {
    return this.#words[this.#at(slot) + VALUE_SIZE]
  }

  setValueSize(slot: SlotIndex, size: number): void {
    this.#words[this.#at(slot) + VALUE_SIZE] = size
  }

  firstBlock(slot: SlotIndex): BlockIndex {
    return this.#words[this.#at(slot) + FIRST_BLOCK]
  }

  setFirstBlock(slot: SlotIndex, block: BlockIndex): void {
    this.#words[this.#at(slot) + FIRST_BLOCK] = block
  }

  /** @returns 0 if the item never expires */
  expiresAtMs(slot: SlotIndex): number {
    return this.#doubles[this.#at(slot) / 2 + EXPIRES_AT]
  }

  /** Makes one aligned store of 8 bytes, which is whole even if the process dies now. */
  setExpiresAtMs(slot: SlotIndex, atMs: number): void {
    this.#doubles[this.#at(slot) / 2 + EXPIRES_AT] = atMs
  }

  /** @returns the mark that the eviction policy set; 0 if it set none */
  evictionMark(slot: SlotIndex): number {
    return this.#words[this.#at(slot) + CHANGES] & MARK_MASK
  }

  setEvictionMark(slot: SlotIndex, mark: number): void {
    const at = this.#at(slot) + CHANGES
    this.#words[at] = (this.#words[at] & ~MARK_MASK) | mark
  }

  /** Completes an item: counts the change of the slot, and then stores the info. */
  commit(slot: SlotIndex, info: number): void {
    const at = this.#at(slot)
    this.#words[at + CHANGES] += CHANGE_STEP // An Int32Array wraps.
    this.#words[at + INFO] = info
  }

  /** Counts a change of the slot's item in place. The bucket's version must be odd. */
  countChange(slot: SlotIndex): void {
    this.#words[this.#at(slot) + CHANGES] += CHANGE_STEP // An Int32Array wraps.
  }

  itemVersion(slot: SlotIndex): number {
    return versionOf(slot, this.#words[this.#at(slot) + CHANGES])
  }

  /** @returns the position of a slot, in words */
  #at(slot: SlotIndex): number {
    return this.#slotsWord + (slot - 1) * STRIDE_WORDS
  }

  /** @returns the position of a slot's key, in words, as if the whole key were in the tail */
  #tailOf(slot: SlotIndex): number {
    return this.#tailsWord + (slot - 1) * this.#tailStrideWords - INLINE_KEY_WORDS
  }
}
