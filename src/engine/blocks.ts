/**
 * The block map: which blocks are free, and where the bytes of a block lie.
 *
 * Only the reserved blocks are searched. Where they have no room, more are reserved (room.ts).
 *
 * Single-block mode needs no map, because each slot owns the block of its number. Bitmap mode keeps
 * one bit for each block and allocates runs of neighbouring blocks. Recovery rebuilds the map from
 * the slots, so the order of writes does not matter here.
 */

import type { Segment } from '../segment/index.ts'
import { NeedsRebuild } from './needs-rebuild.ts'
import type { Position } from './position.ts'
import type { Room } from './room.ts'
import { FREE_BLOCK_COUNT, LAST_FREED_BLOCK, NEXT_BLOCK } from './state.ts'

/** The position of a block; the first is 0. */
export type BlockIndex = Position<'block'>

export const NO_BLOCK: BlockIndex = -1

const FULL_WORD = -1

export class Blocks {
  readonly bitmap: boolean
  readonly #room: Room
  readonly #words: Int32Array
  readonly #mapWord: number
  readonly #mapWordCount: number
  readonly #blockSize: number
  readonly #blocksOffset: number
  readonly #stride: number
  #reservedEnd = 0

  constructor(segment: Segment, room: Room) {
    this.#room = room
    this.bitmap = segment.geometry.bitmap
    this.#words = segment.words
    this.#mapWord = segment.layout.blockMapOffset / 4
    this.#mapWordCount = Math.ceil(segment.geometry.blockCount / 32)
    this.#blockSize = segment.geometry.blockSize
    this.#blocksOffset = segment.layout.blocksOffset
    this.#stride = segment.layout.blockStride
  }

  /** The number of blocks that have room on the device, so that they may be touched. */
  get blockCount(): number {
    return this.#room.blockCount
  }

  /**
   * A reader checks where a value ends before it touches the value. The known end is kept, because
   * its word is next to words that every set changes. A reader has loaded a version before, so the
   * word is not older than the item.
   *
   * @returns whether the bytes up to this offset are reserved
   */
  isReserved(end: number): boolean {
    if (end <= this.#reservedEnd) return true
    this.#reservedEnd = this.offset(this.blockCount)
    return end <= this.#reservedEnd
  }

  /** @returns the block's offset in bytes from the start of the segment */
  offset(block: BlockIndex): number {
    return this.#blocksOffset + block * this.#stride
  }

  /** @returns the number of blocks that a value takes; an empty value takes one block */
  runLength(size: number): number {
    return size <= this.#blockSize || !this.bitmap ? 1 : Math.ceil(size / this.#blockSize)
  }

  /** @returns whether `size` bytes that begin with this block lie inside the reserved blocks */
  holds(block: BlockIndex, size: number): boolean {
    if (block < 0 || size < 0 || (!this.bitmap && size > this.#blockSize)) return false
    return block + this.runLength(size) <= this.blockCount
  }

  /**
   * Takes a free run and marks it used.
   *
   * The run that was freed last is tried first. Updates then alternate between few blocks, which
   * stay in the processor's caches, instead of wandering over all blocks. Otherwise the search is
   * next fit, as in uWSGI. This search covers the whole map before it fails, while that of uWSGI
   * gives up too early. Blocks are reserved last, so memory grows only where nothing else helps.
   *
   * @returns NO_BLOCK if there is no such run
   */
  allocate(count: number): BlockIndex {
    const first = this.#allocateReserved(count)
    if (first !== NO_BLOCK) return first
    const { blockCount } = this
    if (!this.#room.reserveBlocks(count)) return NO_BLOCK
    // Free blocks at the end of those that were reserved before may begin the run.
    return this.#takeRun(Math.max(0, blockCount - count + 1), this.blockCount, count)
  }

  #allocateReserved(count: number): BlockIndex {
    const words = this.#words
    const { blockCount } = this
    if (words[FREE_BLOCK_COUNT] < count) return NO_BLOCK
    const freed: BlockIndex = words[LAST_FREED_BLOCK]
    if (freed >= 0 && freed + count <= blockCount && this.isRunFree(freed, count)) {
      this.take(freed, count)
      return freed
    }
    const from = Math.max(0, Math.min(words[NEXT_BLOCK], blockCount))
    const first = this.#takeRun(from, blockCount, count)
    if (first !== NO_BLOCK) return first
    // The first search found every run that begins at `from` or later.
    return this.#takeRun(0, Math.min(blockCount, from + count - 1), count)
  }

  #takeRun(from: BlockIndex, end: BlockIndex, count: number): BlockIndex {
    const first = this.#findRun(from, end, count)
    if (first === NO_BLOCK) return NO_BLOCK
    this.take(first, count)
    this.#words[NEXT_BLOCK] = first + count
    return first
  }

  /**
   * Takes a free run that contains or touches the run just freed. This is cheaper than a search.
   *
   * @returns NO_BLOCK if there is no such run
   */
  allocateAround(block: BlockIndex, length: number, count: number): BlockIndex {
    let first = block
    let end = block + length
    while (first > 0 && end - first < count && !this.isUsed(first - 1)) first--
    const { blockCount } = this
    while (end < blockCount && end - first < count && !this.isUsed(end)) end++
    if (end - first < count) return NO_BLOCK
    this.take(first, count)
    return first
  }

  /**
   * Finds the stretch of `count` blocks with the most free blocks. A stretch begins with a word of
   * the map, and does not overlap the run to keep.
   *
   * @returns the first block of the stretch, or NO_BLOCK if there is none
   */
  emptiestStretch(count: number, keptFirst: BlockIndex, keptCount: number): BlockIndex {
    const wordCount = this.blockCount >> 5 // counts whole words, as later bits have no meaning
    const length = Math.ceil(count / 32)
    let free = 0
    let most = -1
    let best = NO_BLOCK
    for (let end = 1; end <= wordCount; end++) {
      free += this.#freeInWord(end - 1)
      if (end > length) free -= this.#freeInWord(end - 1 - length)
      if (end < length || free <= most) continue
      const first = (end - length) << 5
      if (first < keptFirst + keptCount && keptFirst < first + count) continue
      most = free
      best = first
    }
    return best
  }

  /** Marks the free blocks of a stretch used. */
  takeGaps(first: BlockIndex, count: number): void {
    for (let block = first; block < first + count; block++) {
      if (!this.isUsed(block)) this.take(block, 1)
    }
  }

  take(first: BlockIndex, count: number): void {
    this.#mark(first, count, true)
    this.#words[FREE_BLOCK_COUNT] -= count
  }

  free(first: BlockIndex, count: number): void {
    if (first < 0 || first + count > this.blockCount) {
      throw new NeedsRebuild(`blocks from ${first} on, ${count} of them, are not there`)
    }
    this.#mark(first, count, false)
    this.#words[LAST_FREED_BLOCK] = first
    this.#words[FREE_BLOCK_COUNT] += count
  }

  /** Marks all blocks free. Recovery calls it. */
  clear(): void {
    this.#words[FREE_BLOCK_COUNT] = this.blockCount
    this.#words[NEXT_BLOCK] = 0
    this.#words[LAST_FREED_BLOCK] = 0
    if (!this.bitmap) return
    this.#words.fill(0, this.#mapWord, this.#mapWord + this.#mapWordCount)
  }

  isUsed(block: BlockIndex): boolean {
    return ((this.#words[this.#mapWord + (block >> 5)] >> (block & 31)) & 1) === 1
  }

  isRunFree(first: BlockIndex, count: number): boolean {
    const words = this.#words
    const last = first + count - 1
    const firstWord = this.#mapWord + (first >> 5)
    const lastWord = this.#mapWord + (last >> 5)
    if (firstWord === lastWord) return (words[firstWord] & bits(first, last)) === 0
    if ((words[firstWord] & bits(first, 31)) !== 0) return false
    for (let at = firstWord + 1; at < lastWord; at++) if (words[at] !== 0) return false
    return (words[lastWord] & bits(0, last)) === 0
  }

  #freeInWord(index: number): number {
    let bits = ~this.#words[this.#mapWord + index]
    bits -= (bits >>> 1) & 0x5555_5555
    bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333)
    bits = (bits + (bits >>> 4)) & 0x0f0f_0f0f
    return Math.imul(bits, 0x0101_0101) >>> 24
  }

  /**
   * Searches from gap to gap and not from block to block: a full map has many words and few gaps.
   */
  #findRun(from: BlockIndex, end: BlockIndex, count: number): BlockIndex {
    let block = from
    while (block + count <= end) {
      const first = this.#next(0, block, end)
      const limit = first + count
      if (limit > end) return NO_BLOCK
      block = this.#next(1, first, limit)
      if (block === limit) return first
    }
    return NO_BLOCK
  }

  /**
   * @returns the first block from `block` on whose bit is `bit`, or `end` if there is none before
   *   `end`
   */
  #next(bit: 0 | 1, block: BlockIndex, end: BlockIndex): BlockIndex {
    const words = this.#words
    const flip = bit - 1 // all ones if the search is for zeros
    let at = block >> 5
    const last = (end - 1) >> 5
    let found = (words[this.#mapWord + at] ^ flip) & (FULL_WORD << (block & 31))
    while (found === 0 && at < last) found = words[this.#mapWord + ++at] ^ flip
    if (found === 0) return end
    return Math.min(end, (at << 5) + 31 - Math.clz32(found & -found))
  }

  /** Marks a word at a time. Bit by bit, a long run would keep the writer lock for milliseconds. */
  #mark(first: BlockIndex, count: number, used: boolean): void {
    if (!this.bitmap) return
    const last = first + count - 1
    const firstWord = this.#mapWord + (first >> 5)
    const lastWord = this.#mapWord + (last >> 5)
    if (firstWord === lastWord) {
      this.#markBits(firstWord, bits(first, last), used)
      return
    }
    this.#markBits(firstWord, bits(first, 31), used)
    const full = used ? FULL_WORD : 0
    for (let at = firstWord + 1; at < lastWord; at++) this.#words[at] = full
    this.#markBits(lastWord, bits(0, last), used)
  }

  #markBits(at: number, mask: number, used: boolean): void {
    const word = this.#words[at]
    this.#words[at] = used ? word | mask : word & ~mask
  }
}

/**
 * @returns a mask with the bits of a word from the first block's to the last block's, both included
 */
function bits(first: BlockIndex, last: BlockIndex): number {
  return (FULL_WORD << (first & 31)) & (FULL_WORD >>> (31 - (last & 31)))
}
