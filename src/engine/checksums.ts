/**
 * A checksum for each item of a store, which tells after a power loss whether its key, its value
 * and its facts are of one moment: pages of a file reach the disk one by one, in any order.
 *
 * It is the CRC-32 of the key in whole words, `info`, the value's size, the value, and the moment
 * the item ends. What changes in place stands at the end, because the difference that a change
 * makes to the checksum then follows from the change alone: a touch need not read the value.
 */

import type { Segment } from '../segment/index.ts'
import type { Blocks } from './blocks.ts'
import { addBytes, addRun, addWords, CRC_START } from './crc32.ts'
import { keySizeOf, type SlotIndex } from './slot-table.ts'
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
  /** Of the item that was unsealed. */
  #expiryLow = 0
  #expiryHigh = 0

  constructor(segment: Segment, blocks: Blocks) {
    const { layout } = segment
    this.#words = segment.words
    this.#bytes = segment.bytes
    this.#blocks = blocks
    this.#checksumsWord = layout.checksumsOffset / 4 - 1 // slots count from 1
    this.#slotsWord = layout.slotsOffset / 4
    this.#tailsWord = layout.keyTailsOffset / 4
    this.#tailStrideWords = layout.keyTailStride / 4
  }

  /** Writes the checksum of an item of which all but the `info` is in place. */
  seal(slot: SlotIndex, info: number): void {
    this.#words[this.#checksumsWord + slot] = this.#compute(slot, info)
  }

  /** Whether an item, whose sizes and blocks are in range, is as it was sealed. */
  matches(slot: SlotIndex, info: number): boolean {
    return this.#words[this.#checksumsWord + slot] === this.#compute(slot, info)
  }

  /**
   * Comes before a change in place. Killed from here on until it is sealed: recovery, which knows
   * the memory to be good, seals what it finds.
   */
  unseal(slot: SlotIndex): void {
    const words = this.#words
    const at = this.#expiryOf(slot)
    this.#expiryLow = words[at]
    this.#expiryHigh = words[at + 1]
    words[UNSEALED_SLOT] = slot
  }

  /** Comes after another end was stored. */
  sealExpiry(slot: SlotIndex): void {
    const words = this.#words
    const at = this.#expiryOf(slot)
    const low = this.#expiryLow ^ words[at]
    const high = this.#expiryHigh ^ words[at + 1]
    this.#change(slot, addWords(0, low, high))
  }

  /** Comes after another number was stored over that of a counter. */
  sealNumber(slot: SlotIndex, before: bigint, after: bigint): void {
    scratch[0] = before ^ after
    const change = addWords(0, scratchWords[0], scratchWords[1])
    this.#change(slot, addWords(change, 0, 0)) // the end comes behind, unchanged
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

  /** Where a slot begins, in words. */
  #at(slot: SlotIndex): number {
    return this.#slotsWord + (slot - 1) * STRIDE_WORDS
  }

  #expiryOf(slot: SlotIndex): number {
    return this.#at(slot) + EXPIRES_AT * 2
  }
}
