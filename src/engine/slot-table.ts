/**
 * The slots and the chains that find them: which slot holds a key.
 *
 * A bucket is the first slot of a chain and the chain's seqlock. Whoever changes an item, or the
 * chain itself, makes the bucket's version odd first and even afterwards; so one word tells a
 * reader that nothing it saw in this chain changed, a slot that left for another chain included.
 */

import { loadAcquire, storeBefore, storeRelease } from '../platform/index.ts'
import { KEY_SIZE_MASK, type Segment, TYPE_MASK, TYPE_SHIFT } from '../segment/index.ts'
import type { PreparedKey } from './key.ts'
import { NeedsRebuild } from './needs-rebuild.ts'
import {
  EVICTION_MARK,
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
  STRIDE_DOUBLES,
  STRIDE_WORDS,
  USED_SLOT_COUNT,
  VALUE_SIZE,
} from './state.ts'

/** Position in the slot table, from 1. */
export type SlotIndex = number
/** Position of a bucket's version in `segment.words`. */
export type BucketWord = number

export const NO_SLOT = 0
/** What `find` answers when the chain makes no sense: it changed underneath, or it is corrupt. */
export const BROKEN_CHAIN = -1

export class SlotTable {
  readonly slotCount: number
  readonly bucketCount: number
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  readonly #bucketsWord: number
  readonly #bucketMask: number
  readonly #slotsWord: number
  readonly #slotsDouble: number
  readonly #tailsWord: number
  readonly #tailStrideWords: number

  constructor(segment: Segment) {
    const { layout, geometry } = segment
    this.slotCount = geometry.maxItems
    this.bucketCount = layout.bucketCount
    this.#words = segment.words
    this.#doubles = segment.doubles
    this.#bucketsWord = layout.bucketsOffset / 4
    this.#bucketMask = layout.bucketCount - 1
    this.#slotsWord = layout.slotsOffset / 4
    this.#slotsDouble = layout.slotsOffset / 8
    this.#tailsWord = layout.keyTailsOffset / 4
    this.#tailStrideWords = layout.keyTailStride / 4
  }

  bucketOf(hash: number): BucketWord {
    return this.#bucketsWord + ((hash & this.#bucketMask) << 1)
  }

  bucketAt(index: number): BucketWord {
    return this.#bucketsWord + index * 2
  }

  /** Even: nothing changes. What is read after it is not older. */
  version(bucket: BucketWord): number {
    return loadAcquire(this.#words, bucket)
  }

  /** Makes the version odd, before all that follows. */
  beginChange(bucket: BucketWord): void {
    storeBefore(this.#words, bucket, this.#words[bucket] | 1)
  }

  /** Makes it even again, after all that went before. */
  endChange(bucket: BucketWord): void {
    storeRelease(this.#words, bucket, (this.#words[bucket] + 1) | 0)
  }

  /** The slot of a key, NO_SLOT, or BROKEN_CHAIN. Safe on a chain that changes underneath. */
  find(bucket: BucketWord, key: PreparedKey): SlotIndex {
    const words = this.#words
    let slot = words[bucket + FIRST_SLOT]
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
    const wanted = key.words
    const inline = Math.min((key.size + 3) >> 2, INLINE_KEY_WORDS)
    for (let i = 0; i < inline; i++) {
      if (words[at + KEY + i] !== wanted[i]) return false
    }
    return this.tailEquals(slot, key)
  }

  /** Whether the part of the key that is not inline is the same; true when there is none. */
  tailEquals(slot: SlotIndex, key: PreparedKey): boolean {
    const words = this.#words
    const wanted = key.words
    const count = (key.size + 3) >> 2
    const tail = this.#tailOf(slot)
    for (let i = INLINE_KEY_WORDS; i < count; i++) {
      if (words[tail + i] !== wanted[i]) return false
    }
    return true
  }

  /** A slot that is free, taken off the free chain; or NO_SLOT. */
  allocate(): SlotIndex {
    const words = this.#words
    const freed = words[FIRST_FREE_SLOT]
    if (freed !== NO_SLOT) {
      this.#requireFree(freed)
      words[FIRST_FREE_SLOT] = words[this.#at(freed) + NEXT_SLOT]
      return freed
    }
    const used = words[USED_SLOT_COUNT]
    if (used >= this.slotCount) return NO_SLOT
    this.#requireFree(used + 1)
    words[USED_SLOT_COUNT] = used + 1
    return used + 1
  }

  #requireFree(slot: SlotIndex): void {
    if (slot < 1 || slot > this.slotCount || this.info(slot) !== 0) {
      throw new NeedsRebuild(`slot ${slot} is said to be free`)
    }
  }

  free(slot: SlotIndex): void {
    const words = this.#words
    words[this.#at(slot) + NEXT_SLOT] = words[FIRST_FREE_SLOT]
    words[FIRST_FREE_SLOT] = slot
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

  /** Copies the words of a key of that size out of a slot. */
  readKey(slot: SlotIndex, size: number, target: Int32Array): void {
    const words = this.#words
    const count = (size + 3) >> 2
    const inline = Math.min(count, INLINE_KEY_WORDS)
    const at = this.#at(slot) + KEY
    for (let i = 0; i < inline; i++) target[i] = words[at + i]
    const tail = this.#tailOf(slot)
    for (let i = inline; i < count; i++) target[i] = words[tail + i]
  }

  /** Puts a complete slot at the head of its chain. The bucket must be changing. */
  link(bucket: BucketWord, slot: SlotIndex): void {
    const words = this.#words
    words[this.#at(slot) + NEXT_SLOT] = words[bucket + FIRST_SLOT]
    words[bucket + FIRST_SLOT] = slot
    words[ITEM_COUNT] += 1
  }

  /** Takes a slot out of its chain. The bucket must be changing. */
  unlink(bucket: BucketWord, slot: SlotIndex): void {
    const words = this.#words
    let from = bucket + FIRST_SLOT
    for (let steps = 0; steps <= this.slotCount; steps++) {
      const next = words[from]
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

  /** 0: the slot is free. */
  info(slot: SlotIndex): number {
    return this.#words[this.#at(slot) + INFO]
  }

  setInfo(slot: SlotIndex, info: number): void {
    this.#words[this.#at(slot) + INFO] = info
  }

  /** Whether the slot ever held an item: its key and hash stay behind. For recovery. */
  wasUsed(slot: SlotIndex): boolean {
    return this.info(slot) !== 0 || this.hash(slot) !== 0
  }

  valueSize(slot: SlotIndex): number {
    return this.#words[this.#at(slot) + VALUE_SIZE]
  }

  setValueSize(slot: SlotIndex, size: number): void {
    this.#words[this.#at(slot) + VALUE_SIZE] = size
  }

  firstBlock(slot: SlotIndex): number {
    return this.#words[this.#at(slot) + FIRST_BLOCK]
  }

  setFirstBlock(slot: SlotIndex, block: number): void {
    this.#words[this.#at(slot) + FIRST_BLOCK] = block
  }

  /** 0: never. */
  expiresAtMs(slot: SlotIndex): number {
    return this.#doubles[this.#slotsDouble + (slot - 1) * STRIDE_DOUBLES + EXPIRES_AT]
  }

  /** One aligned store of 8 bytes: whole even if the process dies beside it. */
  setExpiresAtMs(slot: SlotIndex, atMs: number): void {
    this.#doubles[this.#slotsDouble + (slot - 1) * STRIDE_DOUBLES + EXPIRES_AT] = atMs
  }

  /** What the eviction policy noted; 0: nothing. */
  evictionMark(slot: SlotIndex): number {
    return this.#words[this.#at(slot) + EVICTION_MARK]
  }

  setEvictionMark(slot: SlotIndex, mark: number): void {
    this.#words[this.#at(slot) + EVICTION_MARK] = mark
  }

  /** Where a slot begins, in words. */
  #at(slot: SlotIndex): number {
    return this.#slotsWord + (slot - 1) * STRIDE_WORDS
  }

  /** Where a slot's key would begin if all of it were in the tail, in words. */
  #tailOf(slot: SlotIndex): number {
    return this.#tailsWord + (slot - 1) * this.#tailStrideWords - INLINE_KEY_WORDS
  }
}

export function packInfo(keySize: number, valueType: number): number {
  return keySize | (valueType << TYPE_SHIFT)
}

export function keySizeOf(info: number): number {
  return info & KEY_SIZE_MASK
}

export function valueTypeOf(info: number): number {
  return (info >> TYPE_SHIFT) & TYPE_MASK
}
