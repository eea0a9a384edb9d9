/**
 * Stamps: a stamp shows later, with one load, whether an item that was read is unchanged.
 *
 * Stamps serve callers that keep decoded values. A stamp holds the version of the item's chain, the
 * position of that version, and the item's slot. The slot lets a set skip the search.
 */

import { NEVER } from '../base/index.ts'
import { loadAcquire, loadAfterReads } from '../platform/index.ts'
import type { EngineContext } from './engine-context.ts'
import type { Eviction } from './eviction/eviction.ts'
import type { HitCounters } from './hit-counters.ts'
import { LIVE, type LivenessCheck } from './liveness.ts'
import type { Reader } from './reader.ts'
import { NO_SLOT, type SlotIndex, type SlotTable } from './slot-table.ts'

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

export class Stamps {
  readonly #reader: Reader
  readonly #table: SlotTable
  readonly #eviction: Eviction | undefined
  readonly #counters: HitCounters
  readonly #liveness: LivenessCheck
  readonly #words: Int32Array
  readonly #stamps: Int32Array
  /** The version that `noteVersion` noted for the next `renew`. */
  #notedVersion = 0

  constructor(count: number, context: EngineContext, reader: Reader, counters: HitCounters) {
    const { segment } = context
    this.#reader = reader
    this.#table = context.table
    this.#eviction = context.eviction
    this.#counters = counters
    this.#liveness = context.liveness
    this.#words = segment.words
    this.#stamps = new Int32Array(count * STRIDE)
  }

  /** Stamps the item that the last successful `get` found. */
  write(place: number): void {
    const { found, bucket, version } = this.#reader
    const at = place * STRIDE
    this.#stamps[at + BUCKET] = bucket
    this.#stamps[at + VERSION] = version
    const ends = found.expiresAtMs !== NEVER || found.hasTrailer
    this.#stamps[at + SLOT] = ends ? -found.slot : found.slot
    this.#stamps[at + HASH] = found.hash
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
    this.#stamps[at + SLOT] = expiresAtMs === NEVER ? slot : -slot
    this.#stamps[at + VERSION] = this.#notedVersion
  }

  move(from: number, to: number): void {
    this.#stamps.copyWithin(to * STRIDE, from * STRIDE, (from + 1) * STRIDE)
  }

  /**
   * If an item is live and its chain unchanged, counts a hit and notes the use, as `get` does, but
   * leaves only the slot in `found`. A version repeats after 2^31 changes of one chain.
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
    if (ends) {
      if (this.#liveness.of(slot) !== LIVE) return false
      // All of it was read from shared memory, so it is valid only if the chain did not change
      // meanwhile.
      if (loadAfterReads(this.#words, bucket) !== version) return false
    }
    this.#reader.found.slot = slot
    this.#eviction?.use(slot)
    this.#counters.countHit()
    return true
  }
}
