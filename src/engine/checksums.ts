/**
 * Checksums: a store keeps a checksum of each item. After a power loss, the checksum shows whether
 * the key, the value and the facts of an item belong together, because the pages of a file reach
 * the disk one by one and in any order.
 *
 * The checksum is the CRC-32 of these parts, in this order: the key in whole words, `info`, the
 * stored size, the stored bytes, and the expiry of the item. What changes in place comes last,
 * because the change to the checksum then follows from the change of the field alone. A touch
 * therefore does not read the value.
 */

import { COUNTER_SIZE } from '../base/index.ts'
import type { Segment } from '../segment/index.ts'
import type { Blocks } from './blocks.ts'
import { addBytes, addRun, addWords, CRC_START } from './crc32.ts'
import { keySizeOf } from './item-info.ts'
import type { SlotIndex } from './slot-table.ts'
import {
  EXPIRES_AT,
  FIRST_BLOCK,
  INLINE_KEY_WORDS,
  KEY,
  STRIDE_WORDS,
  UNSEALED_SLOT,
  VALUE_SIZE,
} from './state.ts'

const scratch = new BigInt64Array(1)
const scratchWords = new Int32Array(scratch.buffer)

export class Checksums {
  readonly #words: Int32Array
  readonly #bytes: Buffer
  readonly #blocks: Blocks
  readonly #checksumsWord: number
  readonly #slotsWord: number
  readonly #tailsWord: number
  readonly #tailStrideWords: number
  /** The expiry of the unsealed item, as it was before the change. */
  #expiryLow = 0
  #expiryHigh = 0

  constructor(segment: Segment, blocks: Blocks) {
    const { layout } = segment
    this.#words = segment.words
    this.#bytes = segment.bytes
    this.#blocks = blocks
    this.#checksumsWord = layout.checksumsOffset / 4 - 1 // slot numbers start at 1
    this.#slotsWord = layout.slotsOffset / 4
    this.#tailsWord = layout.keyTailsOffset / 4
    this.#tailStrideWords = layout.keyTailStride / 4
  }

  /** Writes the checksum of an item. Everything except its `info` must be in place. */
  seal(slot: SlotIndex, info: number): void {
    this.#words[this.#checksumsWord + slot] = this.#compute(slot, info)
  }

  /**
   * The item's sizes and blocks must be in range.
   *
   * @returns whether the item is as it was sealed
   */
  matches(slot: SlotIndex, info: number): boolean {
    return this.#words[this.#checksumsWord + slot] === this.#compute(slot, info)
  }

  /**
   * Marks an item as unsealed. The writer calls it before a change in place.
   *
   * If the process is killed between this call and the next seal, recovery seals the item as it is.
   * The memory is good in that case, because the machine did not go down.
   */
  unseal(slot: SlotIndex): void {
    const words = this.#words
    const at = this.#expiryOf(slot)
    this.#expiryLow = words[at]
    this.#expiryHigh = words[at + 1]
    words[UNSEALED_SLOT] = slot
  }

  /** Adjusts the checksum to a new expiry. The writer calls it after it has stored that expiry. */
  sealExpiry(slot: SlotIndex): void {
    const words = this.#words
    const at = this.#expiryOf(slot)
    const low = this.#expiryLow ^ words[at]
    const high = this.#expiryHigh ^ words[at + 1]
    this.#change(slot, addWords(0, low, high))
  }

  /**
   * Adjusts the checksum to a counter's new number. The writer calls it after it has stored that
   * number.
   */
  sealNumber(slot: SlotIndex, before: bigint, after: bigint): void {
    scratch[0] = before ^ after
    let change = addWords(0, scratchWords[0], scratchWords[1])
    // What follows the number is unchanged: the trailer, if there is one, and the expiry.
    const size = this.#words[this.#at(slot) + VALUE_SIZE]
    for (let rest = size; rest >= COUNTER_SIZE; rest -= COUNTER_SIZE) {
      change = addWords(change, 0, 0)
    }
    this.#change(slot, change)
  }

  /** Computes the checksum of an unsealed item again. */
  reseal(slot: SlotIndex, info: number): void {
    this.seal(slot, info)
    this.#words[UNSEALED_SLOT] = 0
  }

  #change(slot: SlotIndex, change: number): void {
    const words = this.#words
    words[this.#checksumsWord + slot] ^= change
    words[UNSEALED_SLOT] = 0
  }

  #compute(slot: SlotIndex, info: number): number {
    const words = this.#words
    const at = this.#at(slot)
    const keyWords = (keySizeOf(info) + 3) >> 2
    let crc = addRun(CRC_START, words, at + KEY, Math.min(keyWords, INLINE_KEY_WORDS))
    if (keyWords > INLINE_KEY_WORDS) {
      const tail = this.#tailsWord + (slot - 1) * this.#tailStrideWords
      crc = addRun(crc, words, tail, keyWords - INLINE_KEY_WORDS)
    }
    const size = words[at + VALUE_SIZE]
    const offset = this.#blocks.offset(words[at + FIRST_BLOCK])
    crc = addWords(crc, info, size)
    crc = addBytes(crc, words, this.#bytes, offset, size)
    const end = this.#expiryOf(slot)
    return ~addWords(crc, words[end], words[end + 1])
  }

  /** @returns the position of a slot, in words */
  #at(slot: SlotIndex): number {
    return this.#slotsWord + (slot - 1) * STRIDE_WORDS
  }

  #expiryOf(slot: SlotIndex): number {
    return this.#at(slot) + EXPIRES_AT * 2
  }
}
