/**
 * Which byte of a segment means what. docs/format/segment.md tells it in prose, and
 * test/segment/format.test.ts pins it: change all three together, and FORMAT_VERSION with them.
 */

import { assert } from '../base/index.ts'
import { defineRecord } from './record.ts'

/** "undercro" as two little-endian words. */
export const MAGIC_LOW = 0x65646e75
export const MAGIC_HIGH = 0x6f726372

export const FORMAT_VERSION = 1

/** Facts fixed at creation; checked by whoever attaches. */
export const HEADER = defineRecord({
  magicLow: 'i32',
  magicHigh: 'i32',
  formatVersion: 'i32',
  hash: 'i32',
  eviction: 'i32',
  bitmap: 'i32',
  maxKeySize: 'i32',
  seedLow: 'i32',
  seedHigh: 'i32',
  ignoresTtl: 'i32',
  maxItems: 'f64',
  blockSize: 'f64',
  blockCount: 'f64',
  bucketCount: 'f64',
  size: 'f64',
  checksums: 'i32', // 1: each slot has a checksum of its item
  checksum: 'i32', // CRC-32 of the header's bytes before it
})

/**
 * Whether the file can be taken as it is; see open-tracking.ts. Written by a process that is alone
 * with it.
 */
export const BOOT = defineRecord({
  id0: 'i32', // with the next three: the start of the machine since which it is open; 0: unknown
  id1: 'i32',
  id2: 'i32',
  id3: 'i32',
  inode: 'f64', // of the file: a copy of it has another
  closed: 'i32', // 1: all of it was on its device when the last attachment closed it
})

/** What processes contend for: on cache lines of its own. */
export const LOCK = defineRecord({
  owner: 'i32', // serial of the attachment inside; 0: free
  nextSerial: 'i32', // counts up by one with each attachment
  needsRecovery: 'i32', // see RECOVERY; whoever holds the lock sees to it first
  progress: 'i32', // counts up while somebody rebuilds
})

/** Values of `needsRecovery`. */
export const RECOVERY = {
  none: 0,
  /** A change was cut short: what the slots hold is good. */
  rebuild: 1,
  /** The machine went down: any page may be old, new or lost. */
  check: 2,
} as const

/** Written under the lock only. */
export const STATE = defineRecord({
  itemCount: 'i32',
  usedSlotCount: 'i32', // slots 1..usedSlotCount hold items or were freed; all others are free, too
  firstFreeSlot: 'i32', // chain of freed slots; 0: none
  freeBlockCount: 'i32',
  nextBlock: 'i32', // where the search for a run begins
  sweepSlot: 'i32', // where the last bounded sweep ended
  heapSize: 'i32',
  lastFreedBlock: 'i32', // first block of the run freed last: the next value goes there if it fits
  earliestExpiryAtMs: 'f64', // no item expires before; Infinity: none expires
  roundEarliestExpiryAtMs: 'f64', // the same, over what the current sweep has seen
  full: 'f64',
  evicted: 'f64',
  expired: 'f64',
  takeovers: 'f64',
  dropped: 'f64',
  lastModifiedAtMs: 'f64', // of the last change; 0: nobody asked for it; below 0: none since
  unsealedSlot: 'i32', // its item changes in place: its checksum may be that of before; 0: none
})

/** Ticks once for each use of an item in LRU caches; readers write it too, without a lock. */
export const USE_CLOCK = defineRecord({ ticks: 'f64' })

/** What the adaptive policy has learned, and its queues' lengths. Adaptive only, in its region. */
export const ADAPTIVE = defineRecord({
  smallCount: 'i32',
  mainCount: 'i32',
  candidates: 'i32', // ghosts that came back while few got in
  unused: 'i32',
  smallPart: 'f64', // of all items; 0: as at the start
  mainWorth: 'f64', // part of the main queue's items that were hit before they went; 0: unknown
  smallEvicted: 'f64',
  mainEvicted: 'f64',
})

/** Counters of one attachment, on a cache line of its own. */
export const CELL = defineRecord({ hits: 'f64', misses: 'f64' })

/** The first slot of a chain, and the seqlock over all slots of that chain. */
export const BUCKET = defineRecord({
  version: 'i32', // odd: a slot of the chain is changing
  firstSlot: 'i32', // 0: the chain is empty
})

/**
 * One item. The key's first bytes follow the record, the rest is in the key tails; padded with
 * zeros to whole words.
 */
export const SLOT = defineRecord({
  hash: 'i32',
  nextSlot: 'i32', // in the chain, or in the chain of freed slots
  info: 'i32', // 0: free; see KEY_SIZE_MASK
  valueSize: 'i32',
  firstBlock: 'i32',
  evictionMark: 'i32', // what the eviction policy knows of the item; 0: nothing
  expiresAtMs: 'f64', // Unix time; 0: never
})

/** Key bytes beside the record: a short key is compared without touching another cache line. */
export const INLINE_KEY_SIZE = 32
export const SLOT_STRIDE = 64

/** Checksums of items, one a slot, have this many bytes. */
export const CHECKSUM_SIZE = 4

/** Offsets in bytes of the fixed parts, each on a cache line that no other part shares. */
export const HEADER_OFFSET = 0
export const BOOT_OFFSET = 192
export const LOCK_OFFSET = 256
export const STATE_OFFSET = 384
export const USE_CLOCK_OFFSET = 512
export const CELLS_OFFSET = 640
export const CELL_STRIDE = 64
/** The first cell is common to all attachments that found no free one. */
export const CELL_COUNT = 256
export const FIXED_SIZE = CELLS_OFFSET + CELL_COUNT * CELL_STRIDE

assert(HEADER.size <= BOOT_OFFSET, 'the header ends before the record of the boot')
assert(BOOT_OFFSET + BOOT.size <= LOCK_OFFSET, 'the record of the boot ends before the lock')
assert(LOCK_OFFSET + LOCK.size <= STATE_OFFSET - 64, 'the lock has its own cache line')
assert(STATE_OFFSET + STATE.size <= USE_CLOCK_OFFSET, 'the state ends before the clock')
assert(SLOT.size + INLINE_KEY_SIZE === SLOT_STRIDE, 'a slot and its inline key fill a cache line')
assert(CELL.size <= CELL_STRIDE, 'a cell fits its stride')

/** The file locks of a segment by number. See each holder's file for what the lock says. */
export const FILE_LOCK = {
  /** Held on a new file by the process that is making it. */
  creator: 0,
  /** One for each process or thread that has the segment open, by its serial. */
  firstSerial: 1,
  lastSerial: 2 ** 31 - 1,
  /** One for each cell of hit counters. */
  firstCell: 2 ** 32,
  /** Held by the process that sweeps. */
  sweeper: 2 ** 33,
  /** Shared by all that have the segment open; held by one that is alone with it. */
  presence: 2 ** 33 + 1,
} as const

assert(FILE_LOCK.creator < FILE_LOCK.firstSerial, 'no opener has the lock of the creator')
assert(FILE_LOCK.lastSerial < FILE_LOCK.firstCell, 'serials end before the cells')
assert(FILE_LOCK.firstCell + CELL_COUNT <= FILE_LOCK.sweeper, 'cells end before the sweeper')
assert(FILE_LOCK.sweeper < FILE_LOCK.presence, 'the sweeper has a lock of its own')

/** Bits of a slot's `info`. */
export const KEY_SIZE_MASK = 0xffff
export const TYPE_SHIFT = 16
export const TYPE_MASK = 0xff
/** Set while the value is written in place: recovery drops the item. */
export const INFO_WRITING = 1 << 24
export const INFO_KNOWN_BITS = KEY_SIZE_MASK | (TYPE_MASK << TYPE_SHIFT) | INFO_WRITING
