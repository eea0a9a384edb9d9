/**
 * The positions of a segment's fields in its views, and the counts and positions that writers keep
 * for all processes. Writers read and write them under the writer lock.
 *
 * Recovery rebuilds all of them from the slots, except the counters, the moment of the last change,
 * the counts of what is reserved, and what concerns tags.
 */

import { type Clock, NEVER } from '../base/index.ts'
import {
  BUCKET,
  INLINE_KEY_SIZE,
  type Segment,
  SLOT,
  SLOT_STRIDE,
  STATE,
  STATE_OFFSET,
} from '../segment/index.ts'

/** The fields of a bucket and of a slot, in words from the start of either. */
export const FIRST_SLOT = BUCKET.fields.firstSlot.offset / 4
export const HASH = SLOT.fields.hash.offset / 4
export const NEXT_SLOT = SLOT.fields.nextSlot.offset / 4
export const INFO = SLOT.fields.info.offset / 4
export const VALUE_SIZE = SLOT.fields.valueSize.offset / 4
export const FIRST_BLOCK = SLOT.fields.firstBlock.offset / 4
export const CHANGES = SLOT.fields.changes.offset / 4
export const KEY = SLOT.size / 4
export const INLINE_KEY_WORDS = INLINE_KEY_SIZE / 4
export const STRIDE_WORDS = SLOT_STRIDE / 4
export const STRIDE_DOUBLES = SLOT_STRIDE / 8
/** The position in doubles. */
export const EXPIRES_AT = SLOT.fields.expiresAtMs.offset / 8

const word = (
  name:
    | 'itemCount'
    | 'usedSlotCount'
    | 'firstFreeSlot'
    | 'freeBlockCount'
    | 'nextBlock'
    | 'sweepSlot'
    | 'heapSize'
    | 'lastFreedBlock'
    | 'unsealedSlot'
    | 'reservedSlotCount'
    | 'reservedBlockCount'
    | 'pinnedItemCount'
    | 'pinnedBlockCount',
) => (STATE_OFFSET + STATE.fields[name].offset) / 4
const double = (
  name:
    | 'earliestExpiryAtMs'
    | 'roundEarliestExpiryAtMs'
    | 'full'
    | 'evicted'
    | 'expired'
    | 'takeovers'
    | 'dropped'
    | 'lastModifiedAtMs'
    | 'generation'
    | 'tagUses'
    | 'tagsForgottenAt'
    | 'tagsEvicted'
    | 'invalidated'
    | 'lastFencing',
) => (STATE_OFFSET + STATE.fields[name].offset) / 8

/** The positions in `segment.words`. */
export const ITEM_COUNT = word('itemCount')
export const USED_SLOT_COUNT = word('usedSlotCount')
export const FIRST_FREE_SLOT = word('firstFreeSlot')
export const FREE_BLOCK_COUNT = word('freeBlockCount')
export const NEXT_BLOCK = word('nextBlock')
export const SWEEP_SLOT = word('sweepSlot')
export const HEAP_SIZE = word('heapSize')
export const LAST_FREED_BLOCK = word('lastFreedBlock')
export const UNSEALED_SLOT = word('unsealedSlot')
export const RESERVED_SLOT_COUNT = word('reservedSlotCount')
export const RESERVED_BLOCK_COUNT = word('reservedBlockCount')
export const PINNED_ITEM_COUNT = word('pinnedItemCount')
export const PINNED_BLOCK_COUNT = word('pinnedBlockCount')

/** The positions in `segment.doubles`. */
export const EARLIEST_EXPIRY = double('earliestExpiryAtMs')
export const ROUND_EARLIEST_EXPIRY = double('roundEarliestExpiryAtMs')
export const FULL = double('full')
export const EVICTED = double('evicted')
export const EXPIRED = double('expired')
export const TAKEOVERS = double('takeovers')
export const DROPPED = double('dropped')
export const LAST_MODIFIED = double('lastModifiedAtMs')
export const GENERATION = double('generation')
export const TAG_USES = double('tagUses')
export const TAGS_FORGOTTEN_AT = double('tagsForgottenAt')
export const TAGS_EVICTED = double('tagsEvicted')
export const INVALIDATED = double('invalidated')
export const LAST_FENCING = double('lastFencing')

/**
 * Counts the slots that are in use or were freed; all other slots are free as well. The result is
 * clamped, because any process may have written the count.
 */
export function usedSlotCount(segment: Segment): number {
  return clamped(segment.words[USED_SLOT_COUNT], reservedSlotCount(segment))
}

/**
 * Counts the slots that have room on the device. No process touches the keys of the others. A store
 * has room for all, even where a power loss took the count.
 */
export function reservedSlotCount({ words, geometry }: Segment): number {
  if (geometry.checksums) return geometry.maxItems
  return clamped(words[RESERVED_SLOT_COUNT], geometry.maxItems)
}

/** Counts the blocks that have room on the device. No process touches the others. */
export function reservedBlockCount({ words, geometry }: Segment): number {
  if (geometry.checksums) return geometry.blockCount
  return clamped(words[RESERVED_BLOCK_COUNT], geometry.blockCount)
}

function clamped(count: number, max: number): number {
  return Math.max(0, Math.min(count, max))
}

/** Notes that an item expires at this moment, so that the sweep knows when to look. */
export function noteExpiry(doubles: Float64Array, expiresAtMs: number): void {
  if (expiresAtMs === NEVER) return
  if (expiresAtMs < doubles[EARLIEST_EXPIRY]) doubles[EARLIEST_EXPIRY] = expiresAtMs
  if (expiresAtMs < doubles[ROUND_EARLIEST_EXPIRY]) doubles[ROUND_EARLIEST_EXPIRY] = expiresAtMs
}

/** Makes a sweep due, because items ended that have no expiry. */
export function noteEnded(doubles: Float64Array): void {
  doubles[EARLIEST_EXPIRY] = 0
  doubles[ROUND_EARLIEST_EXPIRY] = 0
}

const NOT_KEPT = 0
const NO_CHANGE_YET = -1

/**
 * The moment of the last change. All processes keep it as soon as one of them asks for it, because
 * reading the clock costs a set 50 ns.
 *
 * Only a change by a caller counts. An expired item was gone before it was swept, and an eviction
 * is part of the set that needs the room.
 */
export class LastChange {
  readonly #doubles: Float64Array
  readonly #clock: Clock

  constructor(segment: Segment, clock: Clock) {
    this.#doubles = segment.doubles
    this.#clock = clock
  }

  /** @returns 0 if there was no change, or if no process has asked for the moment */
  get atMs(): number {
    const atMs = this.#doubles[LAST_MODIFIED]
    return atMs > 0 && atMs < Infinity ? atMs : NOT_KEPT
  }

  /** Keeps the moment of the last change from now on. It runs under the lock. */
  keep(): void {
    if (this.#doubles[LAST_MODIFIED] === NOT_KEPT) this.#doubles[LAST_MODIFIED] = NO_CHANGE_YET
  }

  /** Notes a change. It runs under the lock. */
  note(): void {
    if (this.#doubles[LAST_MODIFIED] === NOT_KEPT) return
    this.#doubles[LAST_MODIFIED] = this.#clock.nowMs()
  }
}
