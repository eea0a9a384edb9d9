/**
 * Liveness: whether an item may be returned.
 *
 * An item is gone after its end, or after the deletion of one of its tags. Before that it can be
 * stale: past its freshness, or after a soft deletion of a tag. Everything that reads, changes or
 * reclaims items asks here.
 */

import { type Clock, NEVER } from '../base/index.ts'
import { keepOrder } from '../platform/index.ts'
import type { Segment } from '../segment/index.ts'
import type { Blocks } from './blocks.ts'
import { hasTrailer } from './item-info.ts'
import type { SlotIndex } from './slot-table.ts'
import {
  EXPIRES_AT,
  FIRST_BLOCK,
  GENERATION,
  INFO,
  STRIDE_DOUBLES,
  STRIDE_WORDS,
  VALUE_SIZE,
} from './state.ts'
import {
  DELETED_AT,
  NO_GENERATION,
  NO_PLACE,
  STALE_AT,
  TAG_DOUBLES,
  type TagPlace,
  type TagTable,
} from './tag-table.ts'
import { Trailer } from './trailer.ts'

export const LIVE = 0
/** Only callers that ask for stale items get it. For all others it is a miss. */
export const STALE = 1
export const GONE = 2
/** The trailer is none: the bytes are changing, or the item is corrupt. */
export const BROKEN = 3

export type Liveness = typeof LIVE | typeof STALE | typeof GONE | typeof BROKEN

export class LivenessCheck {
  /** The trailer that was checked last. */
  readonly trailer: Trailer
  /**
   * The generation before the last check of a trailer. If it is even and the item was live, no tag
   * of the item is deleted until the cache has another generation.
   */
  checkedAt = NO_GENERATION
  readonly #clock: Clock
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  /** The positions of slot 0, which does not exist. */
  readonly #slotsWord: number
  readonly #slotsDouble: number
  readonly #blocksOffset: number
  readonly #blockStride: number
  readonly #blocks: Blocks
  readonly #placeCount: number
  readonly #tagsDouble: number

  constructor(segment: Segment, blocks: Blocks, tags: TagTable, clock: Clock) {
    const { words, doubles, layout } = segment
    this.trailer = new Trailer(segment)
    this.#clock = clock
    this.#words = words
    this.#doubles = doubles
    this.#slotsWord = layout.slotsOffset / 4 - STRIDE_WORDS
    this.#slotsDouble = layout.slotsOffset / 8 - STRIDE_DOUBLES
    this.#blocksOffset = layout.blocksOffset
    this.#blockStride = layout.blockStride
    this.#blocks = blocks
    this.#placeCount = tags.placeCount
    this.#tagsDouble = layout.tagsOffset / 8 - TAG_DOUBLES
  }

  /**
   * Checks the item of a slot. Its bytes may be changing.
   *
   * @param nowMs - the current time, if the caller knows it
   */
  of(slot: SlotIndex, nowMs?: number): Liveness {
    const at = this.#slotsWord + slot * STRIDE_WORDS
    const expiresAtMs = this.#doubles[this.#slotsDouble + slot * STRIDE_DOUBLES + EXPIRES_AT]
    if (expiresAtMs !== NEVER && expiresAtMs <= (nowMs ?? this.#clock.nowMs())) return GONE
    return hasTrailer(this.#words[at + INFO]) ? this.#ofTrailerAt(at, nowMs) : LIVE
  }

  /**
   * @returns when the item of a slot becomes a miss; NEVER: at no time. Its bytes may be changing.
   */
  endOf(slot: SlotIndex): number {
    const at = this.#slotsWord + slot * STRIDE_WORDS
    const isFresh = hasTrailer(this.#words[at + INFO]) && this.of(slot) === LIVE
    if (isFresh && this.trailer.freshUntilMs !== NEVER) return this.trailer.freshUntilMs
    return this.#doubles[this.#slotsDouble + slot * STRIDE_DOUBLES + EXPIRES_AT]
  }

  /** Checks an item by its trailer alone. The stored bytes must lie within the reserved blocks. */
  ofTrailer(offset: number, size: number, nowMs?: number): Liveness {
    const { trailer } = this
    if (!trailer.read(offset, size)) return BROKEN
    const now = this.#doubles[GENERATION]
    this.checkedAt = now
    const { freshUntilMs, generation } = trailer
    let liveness: Liveness = LIVE
    if (freshUntilMs !== NEVER && freshUntilMs <= (nowMs ?? this.#clock.nowMs())) liveness = STALE
    keepOrder()
    const { places, tagCount } = trailer
    for (let i = 0; i < tagCount; i++) {
      const place: TagPlace = this.#words[places + i]
      if (place < 0 || place > this.#placeCount) return BROKEN
      if (place === NO_PLACE) {
        if (now > generation) return GONE
      } else {
        const tag = this.#tagsDouble + place * TAG_DOUBLES
        if (this.#doubles[tag + DELETED_AT] > generation) return GONE
        if (this.#doubles[tag + STALE_AT] > generation) liveness = STALE
      }
    }
    return liveness
  }

  #ofTrailerAt(at: number, nowMs: number | undefined): Liveness {
    const size = this.#words[at + VALUE_SIZE]
    const offset = this.#blocksOffset + this.#words[at + FIRST_BLOCK] * this.#blockStride
    if (offset < this.#blocksOffset || !this.#blocks.isReserved(offset + size)) return BROKEN
    return this.ofTrailer(offset, size, nowMs)
  }
}
