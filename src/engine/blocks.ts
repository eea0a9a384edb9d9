/**
 * Room for values: which blocks are free, and where the bytes of a block lie.
 *
 * Single-block mode needs no map: each slot owns the block of its number. Bitmap mode keeps one bit
 * a block and gives out runs of neighbouring blocks. Recovery rebuilds the map from the slots, so
 * no order of writes matters here.
 */

import type { Segment } from '../segment/index.ts'
import { NeedsRebuild } from './needs-rebuild.ts'
import { FREE_BLOCK_COUNT, LAST_FREED_BLOCK, NEXT_BLOCK } from './state.ts'

/** Position of a block, from 0. */
export type BlockIndex = number

export const NO_BLOCK = -1

const FULL_WORD = -1

export class Blocks {
  readonly bitmap: boolean
  readonly blockCount: number
  readonly #words: Int32Array
  readonly #mapWord: number
  readonly #blockSize: number
  readonly #blocksOffset: number
  readonly #stride: number

  constructor(segment: Segment) {
    this.bitmap = segment.geometry.bitmap
    this.blockCount = segment.geometry.blockCount
    this.#words = segment.words
    this.#mapWord = segment.layout.blockMapOffset / 4
    this.#blockSize = segment.geometry.blockSize
    this.#blocksOffset = segment.layout.blocksOffset
    this.#stride = segment.layout.blockStride
  }

  /** Bytes from the start of the segment. */
  offset(block: BlockIndex): number {
    return this.#blocksOffset + block * this.#stride
  }

  /** Blocks that a value takes; an empty one takes one, too. */
  runLength(size: number): number {
    return size <= this.#blockSize || !this.bitmap ? 1 : Math.ceil(size / this.#blockSize)
  }

  /** Whether `size` bytes from this block on lie inside the block region. */
  holds(block: BlockIndex, size: number): boolean {
    if (block < 0 || size < 0 || (!this.bitmap && size > this.#blockSize)) return false
    return block + this.runLength(size) <= this.blockCount
  }

  /**
   * A free run, marked used; or NO_BLOCK.
   *
   * First what was freed last: updates go back and forth between few blocks then, which the
   * processor's caches hold, instead of wandering over all of them. Else next fit, as in uWSGI; but
   * then the whole map is searched before the answer is that there is none (uWSGI gives up too
   * early).
   */
  allocate(count: number): BlockIndex {
    const words = this.#words
    if ((words[FREE_BLOCK_COUNT] as number) < count) return NO_BLOCK
    const freed = words[LAST_FREED_BLOCK] as number
    if (freed >= 0 && freed + count <= this.blockCount && this.isRunFree(freed, count)) {
      this.take(freed, count)
      return freed
    }
    const from = Math.max(0, Math.min(words[NEXT_BLOCK] as number, this.blockCount))
    let first = this.#findRun(from, this.blockCount, count)
    if (first === NO_BLOCK) first = this.#findRun(0, this.blockCount, count)
    if (first === NO_BLOCK) return NO_BLOCK
    this.take(first, count)
    words[NEXT_BLOCK] = first + count
    return first
  }

  /** A free run that holds or touches the blocks just freed; or NO_BLOCK. Cheaper than a search. */
  allocateAround(block: BlockIndex, length: number, count: number): BlockIndex {
    let first = block
    let end = block + length
    while (first > 0 && end - first < count && !this.isUsed(first - 1)) first--
    while (end < this.blockCount && end - first < count && !this.isUsed(end)) end++
    if (end - first < count) return NO_BLOCK
    this.take(first, count)
    return first
  }

  take(first: BlockIndex, count: number): void {
    this.#mark(first, count, true)
    ;(this.#words[FREE_BLOCK_COUNT] as number) -= count
  }

  free(first: BlockIndex, count: number): void {
    if (first < 0 || first + count > this.blockCount) {
      throw new NeedsRebuild(`blocks from ${first} on, ${count} of them, are not there`)
    }
    this.#mark(first, count, false)
    this.#words[LAST_FREED_BLOCK] = first
    ;(this.#words[FREE_BLOCK_COUNT] as number) += count
  }

  /** For recovery: everything is free. */
  clear(): void {
    this.#words[FREE_BLOCK_COUNT] = this.blockCount
    this.#words[NEXT_BLOCK] = 0
    this.#words[LAST_FREED_BLOCK] = 0
    if (!this.bitmap) return
    const wordCount = Math.ceil(this.blockCount / 32)
    this.#words.fill(0, this.#mapWord, this.#mapWord + wordCount)
  }

  isUsed(block: BlockIndex): boolean {
    return (((this.#words[this.#mapWord + (block >> 5)] as number) >> (block & 31)) & 1) === 1
  }

  isRunFree(first: BlockIndex, count: number): boolean {
    const words = this.#words
    const last = first + count - 1
    const firstWord = this.#mapWord + (first >> 5)
    const lastWord = this.#mapWord + (last >> 5)
    if (firstWord === lastWord) return ((words[firstWord] as number) & bits(first, last)) === 0
    if (((words[firstWord] as number) & bits(first, 31)) !== 0) return false
    for (let at = firstWord + 1; at < lastWord; at++) if (words[at] !== 0) return false
    return ((words[lastWord] as number) & bits(0, last)) === 0
  }

  #findRun(from: BlockIndex, end: BlockIndex, count: number): BlockIndex {
    let run = 0
    for (let block = from; block < end; block++) {
      const word = this.#words[this.#mapWord + (block >> 5)] as number
      if ((block & 31) === 0 && block + 32 <= end) {
        // Whole words at a time where they are all used or all free.
        if (word === FULL_WORD) {
          run = 0
          block += 31
          continue
        }
        if (word === 0 && run + 32 <= count) {
          run += 32
          block += 31
          if (run === count) return block + 1 - count
          continue
        }
      }
      if (((word >> (block & 31)) & 1) === 1) run = 0
      else if (++run === count) return block + 1 - count
    }
    return NO_BLOCK
  }

  /** A word at a time: a long run would keep the writer lock for milliseconds bit by bit. */
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
    const word = this.#words[at] as number
    this.#words[at] = used ? word | mask : word & ~mask
  }
}

/** The bits of a word from that of one block to that of another, both included. */
function bits(first: BlockIndex, last: BlockIndex): number {
  return (FULL_WORD << (first & 31)) & (FULL_WORD >>> (31 - (last & 31)))
}
