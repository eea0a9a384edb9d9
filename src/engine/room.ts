/**
 * The room of a segment on its device: how many slots and blocks are reserved, and the reservation
 * of more. segment/reservation.ts says why.
 *
 * A step runs under the writer lock. It reserves first and counts afterwards. Killed in between:
 * the room is taken, and the next step takes it again at no cost.
 */

import { type Clock, UndercroftError } from '../base/index.ts'
import {
  blocksInStep,
  reserveBlocks,
  reserveSlots,
  type Segment,
  slotsInStep,
} from '../segment/index.ts'
import {
  FREE_BLOCK_COUNT,
  RESERVED_BLOCK_COUNT,
  RESERVED_SLOT_COUNT,
  reservedBlockCount,
  reservedSlotCount,
} from './state.ts'

/** After the device was full, this thread evicts or refuses for as long before it asks again. */
const RETRY_MS = 1000

export class Room {
  readonly #segment: Segment
  readonly #clock: Clock
  readonly #slotsInStep: number
  readonly #blocksInStep: number
  /** The smallest step that the device refused, in slots or blocks. */
  #refusedCount = Infinity
  #retryAtMs = 0

  constructor(segment: Segment, clock: Clock) {
    this.#segment = segment
    this.#clock = clock
    this.#slotsInStep = slotsInStep(segment)
    this.#blocksInStep = blocksInStep(segment)
  }

  /** The number of slots that are reserved. */
  get slotCount(): number {
    return reservedSlotCount(this.#segment)
  }

  /** The number of blocks that are reserved. */
  get blockCount(): number {
    return reservedBlockCount(this.#segment)
  }

  /**
   * Reserves more slots.
   *
   * @returns false if all are reserved or the device is full
   */
  reserveSlots(): boolean {
    const { words, geometry } = this.#segment
    const reserved = this.slotCount
    const left = geometry.maxItems - reserved
    if (left === 0) return false
    const count = this.#reserve(1, this.#slotsInStep, left, step => {
      reserveSlots(this.#segment, reserved, step)
    })
    if (count === 0) return false
    if (!geometry.bitmap) words[RESERVED_BLOCK_COUNT] = reserved + count
    words[RESERVED_SLOT_COUNT] = reserved + count
    return true
  }

  /**
   * Reserves `wanted` blocks or more; fewer if fewer are left. Only bitmap mode calls it.
   *
   * @returns false if all are reserved or the device is full
   */
  reserveBlocks(wanted: number): boolean {
    const { words, geometry } = this.#segment
    const reserved = this.blockCount
    const left = geometry.blockCount - reserved
    if (left === 0) return false
    const count = this.#reserve(wanted, this.#blocksInStep, left, step => {
      reserveBlocks(this.#segment, reserved, step)
    })
    if (count === 0) return false
    words[RESERVED_BLOCK_COUNT] = reserved + count
    words[FREE_BLOCK_COUNT] += count
    return true
  }

  /** @returns how many were reserved: a whole step, what is wanted, or none */
  #reserve(wanted: number, inStep: number, left: number, reserve: (count: number) => void): number {
    const least = Math.min(wanted, left)
    for (const count of new Set([Math.min(Math.max(wanted, inStep), left), least])) {
      if (this.#isGranted(count, reserve)) return count
    }
    return 0
  }

  #isGranted(count: number, reserve: (count: number) => void): boolean {
    if (count >= this.#refusedCount && this.#clock.elapsedMs() < this.#retryAtMs) return false
    try {
      reserve(count)
      this.#refusedCount = Infinity
      return true
    } catch (error) {
      if (!(error instanceof UndercroftError && error.code === 'UNDERCROFT_NO_SPACE')) throw error
      this.#refusedCount = count
      this.#retryAtMs = this.#clock.elapsedMs() + RETRY_MS
      return false
    }
  }
}
