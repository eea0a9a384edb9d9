/**
 * Defines the meaning of each byte of a segment. docs/format/segment.md describes the format in
 * prose, and test/segment/format.test.ts pins it. A change of the format changes all three, and
 * FORMAT_VERSION.
 */

import { assert } from '../base/index.ts'
import { defineRecord } from './record.ts'

/** The string "undercro" as two little-endian words. */
export const MAGIC_LOW = 0x65646e75
export const MAGIC_HIGH = 0x6f726372

export const FORMAT_VERSION = 3

/** Facts that are fixed at creation. Every process that attaches checks them. */
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
  maxTags: 'i32', // 0: the cache takes no tags
  eventPlaces: 'i32', // places of the event ring, a power of two; 0: the cache has none
  checksum: 'i32', // CRC-32 of the header's bytes before it
})

/**
 * Shows whether an opener must check the items of the file; see open-tracking.ts. Only a process
 * that is alone with the file writes this record.
 */
export const BOOT = defineRecord({
  id0: 'i32', // id0 to id3: the boot of the machine in which the file was opened; 0: unknown
  id1: 'i32',
  id2: 'i32',
  id3: 'i32',
  inode: 'f64', // inode of the file; a copy of the file has another one
  closed: 'i32', // 1: the device had the whole file when the last opener closed it
})

/** The writer lock. Processes contend for this record, so it has its own cache lines. */
export const LOCK = defineRecord({
  owner: 'i32', // serial of the opener that holds the lock; 0: free
  nextSerial: 'i32', // counts up by one with each opener
  needsRecovery: 'i32', // a value of RECOVERY; the owner of the lock recovers first
  progress: 'i32', // counts up while an owner rebuilds
})

/** Values of `needsRecovery`. */
export const RECOVERY = {
  none: 0,
  /** An owner died during a change. The slots are good. */
  rebuild: 1,
  /** The machine went down. Each page may be old, new or lost. */
  check: 2,
} as const

/** State that only the owner of the writer lock writes. */
export const STATE = defineRecord({
  itemCount: 'i32',
  usedSlotCount: 'i32', // slots 1..usedSlotCount hold items or were freed; the others are free
  firstFreeSlot: 'i32', // start of the chain of freed slots; 0: none
  freeBlockCount: 'i32', // free blocks among the reserved ones
  nextBlock: 'i32', // block at which the search for a run begins
  sweepSlot: 'i32', // slot at which the last bounded sweep ended
  heapSize: 'i32',
  lastFreedBlock: 'i32', // first block of the run freed last; the next value goes there if it fits
  earliestExpiryAtMs: 'f64', // no item expires before this; Infinity: no item expires
  roundEarliestExpiryAtMs: 'f64', // the same, for the slots that the current sweep has seen
  full: 'f64',
  evicted: 'f64',
  expired: 'f64',
  takeovers: 'f64',
  dropped: 'f64',
  lastModifiedAtMs: 'f64', // time of the last change; 0: not kept; below 0: kept, no change yet
  unsealedSlot: 'i32', // slot of an item that changes in place; its checksum may be old; 0: none
  reservedSlotCount: 'i32', // slots 1 to this have room on the device; it never decreases
  reservedBlockCount: 'i32', // the same for blocks
  pinnedItemCount: 'i32',
  pinnedBlockCount: 'i32',
  unused: 'i32',
  generation: 'f64', // counts up with each deletion of a tag, and each tag that takes a place over
  tagUses: 'f64', // counts the uses of tags, the clock of `lastUse`
  tagsForgottenAt: 'f64', // generation of the last deletion of any tag that lost its place
  tagsEvicted: 'f64',
  invalidated: 'f64', // items reclaimed after the deletion of a tag
  lastFencing: 'f64', // number of the last lock of the cache; it only grows
})

/**
 * One tag. A place is never freed; another tag may take it over. The moments are generations, and
 * `deletedAt` only grows.
 */
export const TAG = defineRecord({
  fingerprintLow: 'i32', // two hashes of the tag; both 0: the place was never used
  fingerprintHigh: 'i32',
  deletedAt: 'f64', // items of an earlier generation are gone
  staleAt: 'f64', // items of an earlier generation are stale
  lastUse: 'f64', // `tagUses` at the last store or deletion
})

/** The tags that share a group, in which a tag is searched for. */
export const TAG_GROUP_SIZE = 8

/**
 * The end of the stored bytes of an item with INFO_TRAILER. The value comes first, then, each
 * padded to 8 bytes: the names of the tags (a byte of length, then UTF-8), and their places as i32.
 */
export const TRAILER = defineRecord({
  freshUntilMs: 'f64', // the item is stale from then on; 0: it is fresh as long as it lives
  generation: 'f64', // of the cache, when the item was stored
  valueSize: 'i32', // bytes of the value alone
  tagCount: 'i32',
})

/**
 * The start of the event ring. Positions count places; they wrap at 2^32, and the place of a
 * position is its remainder. Writers change all of it under the lock, and so do listeners.
 */
export const EVENT_RING = defineRecord({
  end: 'i32', // position after the last whole event
  waiting: 'i32', // 1: a listener sleeps, and the next writer wakes it
  eventCount: 'i32', // events ever written; it wraps at 2^32
  wakeUp: 'i32', // a write to this word through the file wakes the listeners; its value is 0
})

/** One event. The key, or the tag, follows the record, and may reach into the next places. */
export const EVENT = defineRecord({
  info: 'i32', // key size, and from bit 16 on a value of EVENT_KIND; EVENT_SOFT and EVENT_FULL
  position: 'i32',
  slot: 'i32', // of the item; 0: the event concerns no single item
  changes: 'i32', // of the slot after the change
})

/** Bytes of a place: one cache line. */
export const EVENT_STRIDE = 64

/** Kinds of events, from bit EVENT_KIND_SHIFT of `info` on. */
export const EVENT_KIND = {
  set: 1,
  delete: 2,
  expire: 3,
  evict: 4,
  clear: 5,
  invalidate: 6,
  gap: 7,
} as const

export const EVENT_KIND_SHIFT = 16
/** A mark above the kind: the tag was deleted softly. */
export const EVENT_SOFT = 1 << 24
/** A mark above the kind: the cache was cleared because it was full. */
export const EVENT_FULL = 1 << 25

/** Counts the uses of items in LRU caches. Readers write it too, without a lock. */
export const USE_CLOCK = defineRecord({ ticks: 'f64' })

/** What the adaptive policy has learned, and the lengths of its queues, in the adaptive region. */
export const ADAPTIVE = defineRecord({
  smallCount: 'i32',
  mainCount: 'i32',
  candidates: 'i32', // ghosts whose keys returned while few were admitted
  unused: 'i32',
  smallPart: 'f64', // part of all items that the small queue holds; 0: the initial part
  mainWorth: 'f64', // part of the main queue's items that were hit before eviction; 0: unknown
  smallEvicted: 'f64',
  mainEvicted: 'f64',
})

/** The hit counters of one opener, on a cache line of their own. */
export const CELL = defineRecord({
  hits: 'f64', // reads of shared memory that found a live item
  misses: 'f64',
  nearHits: 'f64', // reads of near copies
  staleHits: 'f64', // reads that returned a stale value
})

/** Counts of rare events. Every opener adds to them atomically, without the lock. */
export const METRICS = defineRecord({
  loadFailures: 'i64',
  loadWaits: 'i64', // callers that waited for the load of another
})

/**
 * Durations, in HISTOGRAM_BUCKETS buckets of i64 behind the record. Every opener adds to them
 * atomically.
 */
export const HISTOGRAM = defineRecord({
  sumNs: 'i64',
})

/** The first slot of a chain, and the seqlock over all slots of that chain. */
export const BUCKET = defineRecord({
  version: 'i32', // odd: a slot of the chain is changing
  firstSlot: 'i32', // 0: the chain is empty
})

/**
 * One item. The first bytes of the key follow the record, and the key tails hold the rest. Zeros
 * pad both parts to whole words.
 */
export const SLOT = defineRecord({
  hash: 'i32',
  nextSlot: 'i32', // next slot of the chain, or of the chain of freed slots
  info: 'i32', // 0: free; see KEY_SIZE_MASK
  valueSize: 'i32',
  firstBlock: 'i32',
  changes: 'i32', // low 2 bits: mark of the eviction policy; the others count changes of the slot
  expiresAtMs: 'f64', // Unix time; 0: never
})

/** Key bytes next to the record. Comparing a short key touches no other cache line. */
export const INLINE_KEY_SIZE = 32
export const SLOT_STRIDE = 64

/** Bytes of an item's checksum. Each slot has one. */
export const CHECKSUM_SIZE = 4

/** Offsets of the fixed regions in bytes. No two regions share a cache line. */
export const HEADER_OFFSET = 0
export const BOOT_OFFSET = 192
export const LOCK_OFFSET = 256
export const STATE_OFFSET = 384
export const USE_CLOCK_OFFSET = 640
export const CELLS_OFFSET = 768
export const CELL_STRIDE = 64
/** Number of cells. All openers that found no free cell share the first one. */
export const CELL_COUNT = 256
export const METRICS_OFFSET = CELLS_OFFSET + CELL_COUNT * CELL_STRIDE
export const LOAD_HISTOGRAM_OFFSET = METRICS_OFFSET + 64
export const HISTOGRAM_BUCKETS = 127
export const HISTOGRAM_SIZE = HISTOGRAM.size + HISTOGRAM_BUCKETS * 8
export const LOCK_WAIT_HISTOGRAM_OFFSET = LOAD_HISTOGRAM_OFFSET + HISTOGRAM_SIZE
export const FIXED_SIZE = LOCK_WAIT_HISTOGRAM_OFFSET + HISTOGRAM_SIZE

assert(HEADER.size <= BOOT_OFFSET, 'the header ends before the record of the boot')
assert(BOOT_OFFSET + BOOT.size <= LOCK_OFFSET, 'the record of the boot ends before the lock')
assert(LOCK_OFFSET + LOCK.size <= STATE_OFFSET - 64, 'the lock has its own cache line')
assert(STATE_OFFSET + STATE.size <= USE_CLOCK_OFFSET, 'the state ends before the clock')
assert(SLOT.size + INLINE_KEY_SIZE === SLOT_STRIDE, 'a slot and its inline key fill a cache line')
assert(CELL.size <= CELL_STRIDE, 'a cell fits its stride')
assert(EVENT_RING.size <= EVENT_STRIDE, 'the state of the event ring fits one place')
assert(METRICS.size <= 64, 'the metrics end before the histograms')

/** The numbers of a segment's file locks. The source file of each holder explains its lock. */
export const FILE_LOCK = {
  /** The process that creates a file holds this lock. */
  creator: 0,
  /** Each opener holds the lock of its serial. */
  firstSerial: 1,
  lastSerial: 2 ** 31 - 1,
  /** Each cell of hit counters has a lock. */
  firstCell: 2 ** 32,
  /** The process that sweeps holds this lock. */
  sweeper: 2 ** 33,
  /** All openers share this lock. An opener that holds it is alone with the segment. */
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
/** Set while a writer changes the value in place. Recovery drops such an item. */
export const INFO_WRITING = 1 << 24
/** The stored bytes end with a trailer, which holds the item's circumstances; see TRAILER. */
export const INFO_TRAILER = 1 << 25
/** Nothing evicts the item while it lives. */
export const INFO_PINNED = 1 << 26
export const INFO_KNOWN_BITS =
  KEY_SIZE_MASK | (TYPE_MASK << TYPE_SHIFT) | INFO_WRITING | INFO_TRAILER | INFO_PINNED

/** Bits of a slot's `changes`. */
export const MARK_MASK = 3
export const CHANGE_STEP = 4
