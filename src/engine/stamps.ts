/**
 * Stamps: a stamp shows later, with one load, whether an item that was read is unchanged.
 *
 * Stamps serve callers that keep decoded values. A stamp holds the version of the item's chain, the
 * position of that version, and the item's slot. The slot lets a set skip the search. An item that
 * ends by time or by its tags costs a second load, of the clock or of the cache's generation.
 */

import { type Clock, NEVER } from '../base/index.ts'
import { loadAcquire, loadAfterReads } from '../platform/index.ts'
import type { EngineContext } from './engine-context.ts'
import type { Eviction } from './eviction/eviction.ts'
import type { HitCounters } from './hit-counters.ts'
import { LIVE, type LivenessCheck } from './liveness.ts'
import type { Reader } from './reader.ts'
import { NO_SLOT, type SlotIndex, type SlotTable } from './slot-table.ts'
import { isSettled, NO_GENERATION, type TagTable } from './tag-table.ts'

/**
 * The words of a stamp. The stamps of all items are contiguous, because cache misses dominate a
 * hit.
 */
const STRIDE = 4
const BUCKET = 0
const VERSION = 1
/** Negative if the item can end without a change of its chain: by its expiry, or by its tags. */
const SLOT = 2
const HASH = 3

/** The numbers of a stamp whose SLOT is negative. */
const ENDS_STRIDE = 2
/** NEVER, or the moment at which the item ends or becomes stale. */
const ENDS_AT = 0
/** A generation at which no tag of the item was deleted, or one of the numbers below. */
const CHECKED_AT = 1
/** There is no such generation: a tag was being deleted when the item was read. */
const UNCHECKED = NO_GENERATION
const NO_TRAILER = -1

export class Stamps {
  readonly #reader: Reader
  readonly #table: SlotTable
  readonly #eviction: Eviction | undefined
  readonly #counters: HitCounters
  readonly #liveness: LivenessCheck
  readonly #tags: TagTable
  readonly #clock: Clock
  readonly #words: Int32Array
  readonly #stamps: Int32Array
  readonly #ends: Float64Array
  /** The version that `noteVersion` noted for the next `renew`. */
  #notedVersion = 0

  constructor(count: number, context: EngineContext, reader: Reader, counters: HitCounters) {
    const { segment } = context
    this.#reader = reader
    this.#table = context.table
    this.#eviction = context.eviction
    this.#counters = counters
    this.#liveness = context.liveness
    this.#tags = context.tags
    this.#clock = context.clock
    this.#words = segment.words
    this.#stamps = new Int32Array(count * STRIDE)
    this.#ends = new Float64Array(count * ENDS_STRIDE)
  }

  /** Stamps the item that the last successful `get` found. */
  write(place: number): void {
    const { found, bucket, version } = this.#reader
    const at = place * STRIDE
    this.#stamps[at + BUCKET] = bucket
    this.#stamps[at + VERSION] = version
    this.#stamps[at + HASH] = found.hash
    const checkedAt = found.hasTrailer ? settled(found.checkedAt) : NO_TRAILER
    this.#writeEnd(place, found.slot, found.expiresAtMs, checkedAt)
  }

  #writeEnd(place: number, slot: SlotIndex, endsAtMs: number, checkedAt: number): void {
    const ends = endsAtMs !== NEVER || checkedAt !== NO_TRAILER
    this.#stamps[place * STRIDE + SLOT] = ends ? -slot : slot
    if (!ends) return
    this.#ends[place * ENDS_STRIDE + ENDS_AT] = endsAtMs
    this.#ends[place * ENDS_STRIDE + CHECKED_AT] = checkedAt
  }

  /**
   * Finds the slot of an item whose chain has not changed since its stamp. It runs under the lock.
   * It compares the hash as well, because a version repeats after 2^31 changes, and a writer would
   * then write into another item.
   *
   * @returns NO_SLOT if the chain has changed
   */
  unchangedSlot(place: number): SlotIndex {
    const at = place * STRIDE
    const bucket = this.#stamps[at + BUCKET]
    const slot: SlotIndex = Math.abs(this.#stamps[at + SLOT])
    const isUnchanged =
      this.#words[bucket] === this.#stamps[at + VERSION] &&
      this.#table.hash(slot) === this.#stamps[at + HASH]
    return isUnchanged ? slot : NO_SLOT
  }

  /** Notes the current version after an overwrite, for `renew`. It runs under the lock. */
  noteVersion(place: number): void {
    this.#notedVersion = this.#words[this.#stamps[place * STRIDE + BUCKET]]
  }

  /** Stamps the item that was just overwritten in its slot, without circumstances. */
  renew(place: number, expiresAtMs: number): void {
    const at = place * STRIDE
    const slot: SlotIndex = Math.abs(this.#stamps[at + SLOT])
    this.#writeEnd(place, slot, expiresAtMs, NO_TRAILER)
    this.#stamps[at + VERSION] = this.#notedVersion
  }

  move(from: number, to: number): void {
    this.#stamps.copyWithin(to * STRIDE, from * STRIDE, (from + 1) * STRIDE)
    this.#ends.copyWithin(to * ENDS_STRIDE, from * ENDS_STRIDE, (from + 1) * ENDS_STRIDE)
  }

  /**
   * If an item is live and its chain unchanged, counts a near hit and notes the use, as `get` does,
   * but leaves only the slot in `found`. A version repeats after 2^31 changes of one chain.
   *
   * @returns whether the item is live and its chain has not changed since its stamp
   */
  validate(place: number): boolean {
    const stamps = this.#stamps
    const at = place * STRIDE
    const bucket = stamps[at + BUCKET]
    const version = stamps[at + VERSION]
    const ends = stamps[at + SLOT] < 0
    const slot: SlotIndex = Math.abs(stamps[at + SLOT])
    if (loadAcquire(this.#words, bucket) !== version) return false
    if (ends && !this.#isLive(place, slot)) return false
    this.#reader.found.slot = slot
    this.#eviction?.use(slot)
    this.#counters.countNearHit()
    return true
  }

  /** @returns whether an item that ends is live; its chain has not changed since its stamp */
  #isLive(place: number, slot: SlotIndex): boolean {
    const at = place * ENDS_STRIDE
    const endsAtMs = this.#ends[at + ENDS_AT]
    if (endsAtMs !== NEVER && endsAtMs <= this.#clock.nowMs()) return false
    const checkedAt = this.#ends[at + CHECKED_AT]
    if (checkedAt === this.#tags.unsettledGeneration || checkedAt === NO_TRAILER) return true
    return this.#isLiveByTrailer(place, slot)
  }

  /** Looks at the tags of an item again, because a tag was deleted. */
  #isLiveByTrailer(place: number, slot: SlotIndex): boolean {
    const liveness = this.#liveness
    if (liveness.of(slot) !== LIVE) return false
    // All of it was read from shared memory, so it is valid only if the chain did not change
    // meanwhile.
    const at = place * STRIDE
    const version = loadAfterReads(this.#words, this.#stamps[at + BUCKET])
    if (version !== this.#stamps[at + VERSION]) return false
    this.#ends[place * ENDS_STRIDE + CHECKED_AT] = settled(liveness.checkedAt)
    return true
  }
}

function settled(generation: number): number {
  return isSettled(generation) ? generation : UNCHECKED
}
