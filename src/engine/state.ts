/**
 * The counts and positions that writers keep for all, read and written under the writer lock.
 *
 * All of it can be rebuilt from the slots (recovery.ts), but for the counters and the moment of the
 * last change.
 */

import { type Segment, STATE, STATE_OFFSET } from '../segment/index.ts'

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
    | 'unsealedSlot',
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
    | 'lastModifiedAtMs',
) => (STATE_OFFSET + STATE.fields[name].offset) / 8

/** Positions in `segment.words`. */
export const ITEM_COUNT = word('itemCount')
export const USED_SLOT_COUNT = word('usedSlotCount')
export const FIRST_FREE_SLOT = word('firstFreeSlot')
export const FREE_BLOCK_COUNT = word('freeBlockCount')
export const NEXT_BLOCK = word('nextBlock')
export const SWEEP_SLOT = word('sweepSlot')
export const HEAP_SIZE = word('heapSize')
export const LAST_FREED_BLOCK = word('lastFreedBlock')
export const UNSEALED_SLOT = word('unsealedSlot')

/** Positions in `segment.doubles`. */
export const EARLIEST_EXPIRY = double('earliestExpiryAtMs')
export const ROUND_EARLIEST_EXPIRY = double('roundEarliestExpiryAtMs')
export const FULL = double('full')
export const EVICTED = double('evicted')
export const EXPIRED = double('expired')
export const TAKEOVERS = double('takeovers')
export const DROPPED = double('dropped')
export const LAST_MODIFIED = double('lastModifiedAtMs')

/** Slots in use or freed: all others are free, too. Clamped, as anyone may have written it. */
export function usedSlotCount(segment: Segment): number {
  const count = segment.words[USED_SLOT_COUNT]
  return Math.max(0, Math.min(count, segment.geometry.maxItems))
}
