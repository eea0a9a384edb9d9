/**
 * Pins: counts the items that nothing may evict, and keeps them to a share of the cache, so that
 * there always is something to evict. All of this runs under the writer lock.
 */

import type { Segment } from '../segment/index.ts'
import { PINNED_BLOCK_COUNT, PINNED_ITEM_COUNT } from './state.ts'

/** The share of all slots, and of all blocks, that pinned items may take. */
const SHARE = 1 / 8

export class Pins {
  readonly maxItems: number
  readonly maxBlocks: number
  readonly #words: Int32Array

  constructor({ words, geometry }: Segment) {
    this.#words = words
    this.maxItems = Math.ceil(geometry.maxItems * SHARE)
    this.maxBlocks = Math.ceil(geometry.blockCount * SHARE)
  }

  get itemCount(): number {
    return this.#words[PINNED_ITEM_COUNT]
  }

  /** @returns whether there is room for more pinned items and blocks */
  fits(items: number, blocks: number): boolean {
    const words = this.#words
    return (
      words[PINNED_ITEM_COUNT] + items <= this.maxItems &&
      words[PINNED_BLOCK_COUNT] + blocks <= this.maxBlocks
    )
  }

  add(blocks: number): void {
    this.#words[PINNED_ITEM_COUNT] += 1
    this.#words[PINNED_BLOCK_COUNT] += blocks
  }

  remove(blocks: number): void {
    this.#words[PINNED_ITEM_COUNT] -= 1
    this.#words[PINNED_BLOCK_COUNT] -= blocks
  }

  clear(): void {
    this.#words[PINNED_ITEM_COUNT] = 0
    this.#words[PINNED_BLOCK_COUNT] = 0
  }
}
