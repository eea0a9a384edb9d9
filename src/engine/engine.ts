/**
 * The engine: all operations on one segment. It decides which part acquires the lock, when recovery
 * runs, and what is counted.
 *
 * Keys arrive as callers pass them. Values are written by sources and read by decoders. Times are
 * Unix milliseconds, and 0 means never.
 */

import type {
  CacheKey,
  CacheStats,
  CounterOperation,
  ValueDecoder,
  ValueSource,
  VerifyReport,
} from '../base/index.ts'
import { maxValueSize, type Segment } from '../segment/index.ts'
import { createEngineContext, type EngineContext, type EngineOptions } from './engine-context.ts'
import { changesUnderLock, valueTooLarge } from './failures.ts'
import { HitCounters } from './hit-counters.ts'
import { PreparedKey } from './key.ts'
import { WriterLock } from './lock.ts'
import {
  CHANGED,
  FOUND,
  type FoundItem,
  type ItemView,
  MISS,
  NO_ITEM,
  RETRY,
  Reader,
} from './reader.ts'
import { deleteAll } from './recovery.ts'
import { keySizeOf, NO_SLOT, type SlotIndex, valueTypeOf } from './slot-table.ts'
import { Stamps } from './stamps.ts'
import { usedSlotCount } from './state.ts'
import { readStats } from './stats.ts'
import { Upkeep } from './upkeep.ts'
import { verify } from './verify.ts'
import {
  type CountOutcome,
  type FreshCounter,
  type StoreMode,
  type StoreOutcome,
  Writer,
} from './writer.ts'
import { WriterSection } from './writer-section.ts'

/** The attempts of a reader before it waits for the lock: some 10 us of a writer's work. */
const LOCK_FREE_ATTEMPTS = 200

export class Engine {
  readonly segment: Segment
  readonly maxValueSize: number
  readonly upkeep: Upkeep
  readonly #context: EngineContext
  readonly #lock: WriterLock
  readonly #section: WriterSection
  readonly #reader: Reader
  readonly #writer: Writer
  readonly #counters: HitCounters
  readonly #key: PreparedKey
  readonly #recoveryKey: PreparedKey
  readonly #scanKey: PreparedKey

  constructor(segment: Segment, options: EngineOptions) {
    this.segment = segment
    this.maxValueSize = maxValueSize(segment.geometry)
    this.#context = createEngineContext(segment, options.clock)
    this.#lock = new WriterLock(segment, options.clock, options.lockTimeoutMs)
    this.#reader = new Reader(this.#context)
    this.#writer = new Writer(this.#context)
    this.#counters = new HitCounters(segment)
    this.#key = new PreparedKey(segment)
    this.#recoveryKey = new PreparedKey(segment)
    this.#section = new WriterSection(this.#context, this.#lock, this.#recoveryKey)
    this.upkeep = new Upkeep(
      this.#context,
      this.#section,
      this.#writer.reclaimer,
      this.#reader.order,
    )
    this.#scanKey = new PreparedKey(segment)
    // Readers take no lock, so they would return items that no process has checked.
    if (this.#lock.isCheckDue()) this.#section.run(() => {})
    if (options.lastModified === true) this.#section.run(() => this.#context.lastChange.keep())
  }

  /** @returns the item that the last successful `get` or `has` found */
  get found(): Readonly<FoundItem> {
    return this.#reader.found
  }

  /** Creates stamps for `count` items whose values the caller keeps. */
  createStamps(count: number): Stamps {
    return new Stamps(count, this.#context, this.#reader, this.#counters)
  }

  /** Reads a value, counts a hit or a miss, and notes the use. The decoder must copy the bytes. */
  get<T>(key: CacheKey, decode: ValueDecoder<T>): T | undefined {
    const reader = this.#reader
    const { found } = reader
    this.#key.prepare(key)
    for (let attempt = 0; attempt < LOCK_FREE_ATTEMPTS; attempt++) {
      const outcome = reader.locate(this.#key)
      if (outcome === MISS) return this.#countMiss()
      if (outcome === RETRY) continue
      let value: T
      try {
        value = decode(this.segment.bytes, found.offset, found.size, found.type)
      } catch (error) {
        if (!reader.confirm()) continue // the decoder read bytes that were changing
        throw error
      }
      if (!reader.confirm()) continue
      this.#context.eviction?.use(found.slot)
      this.#counters.countHit()
      return value
    }
    return this.#settled(() => {
      if (reader.locate(this.#key) !== FOUND) return this.#countMiss()
      this.#context.eviction?.use(found.slot)
      this.#counters.countHit()
      return decode(this.segment.bytes, found.offset, found.size, found.type)
    })
  }

  /** Checks for a live item. It notes no use and counts neither a hit nor a miss. */
  has(key: CacheKey): boolean {
    this.#key.prepare(key)
    for (let attempt = 0; attempt < LOCK_FREE_ATTEMPTS; attempt++) {
      const outcome = this.#reader.locate(this.#key)
      if (outcome === MISS) return false
      if (outcome === FOUND && this.#reader.confirm()) return true
    }
    return this.#settled(() => this.#reader.locate(this.#key) === FOUND)
  }

  /**
   * Reads a value as `get` does, but notes no use and counts nothing. It takes the lock, so it
   * suits rare calls only.
   */
  peek<T>(key: CacheKey, decode: ValueDecoder<T>): T | undefined {
    const { found } = this.#reader
    this.#key.prepare(key)
    return this.#section.run(() => {
      if (this.#reader.locate(this.#key) !== FOUND) return undefined
      return decode(this.segment.bytes, found.offset, found.size, found.type)
    })
  }

  store(key: CacheKey, value: ValueSource, expiresAtMs: number, mode: StoreMode): StoreOutcome {
    this.#key.prepare(key)
    this.#requireFitting(value)
    // `WriterSection.run` would need a closure for each set: 400 ns instead of 300 for 100 bytes.
    const needsRecovery = this.#lock.acquire()
    try {
      if (needsRecovery) this.#section.recover()
      return this.#writer.store(this.#key, value, expiresAtMs, mode)
    } catch (error) {
      return this.#section.tryAgain(error, () =>
        this.#writer.store(this.#key, value, expiresAtMs, mode),
      )
    } finally {
      this.#lock.release()
    }
  }

  /**
   * Stores a value for an item that has a stamp. It does not search for the slot, because the stamp
   * is valid as long as the item's chain has not changed.
   *
   * @returns undefined if the chain has changed; then nothing was stored
   */
  overwriteIfUnchanged(
    stamps: Pick<Stamps, 'unchangedSlot' | 'noteVersion'>,
    place: number,
    value: ValueSource,
    expiresAtMs: number,
  ): StoreOutcome | undefined {
    this.#requireFitting(value)
    const needsRecovery = this.#lock.acquire()
    try {
      const slot = needsRecovery ? NO_SLOT : stamps.unchangedSlot(place)
      if (slot === NO_SLOT) return undefined
      const outcome = this.#writer.overwrite(slot, value, expiresAtMs)
      if (outcome === 'stored') stamps.noteVersion(place)
      return outcome
    } catch (error) {
      return this.#section.tryAgain(error, () => undefined)
    } finally {
      this.#lock.release()
    }
  }

  delete(key: CacheKey): boolean {
    this.#key.prepare(key)
    return this.#section.run(() => this.#writer.delete(this.#key))
  }

  touch(key: CacheKey, expiresAtMs: number): boolean {
    this.#key.prepare(key)
    return this.#section.run(() => this.#writer.touch(this.#key, expiresAtMs))
  }

  count(
    key: CacheKey,
    operation: CounterOperation,
    by: bigint,
    fresh: FreshCounter | undefined,
    limit?: bigint,
  ): CountOutcome {
    this.#key.prepare(key)
    return this.#section.run(() => this.#writer.count(this.#key, operation, by, fresh, limit))
  }

  /**
   * Deletes all items. The time it takes is proportional to the number of slots used.
   *
   * @returns the number of items deleted
   */
  clear(): number {
    return this.#section.run(() => deleteAll(this.#context))
  }

  /**
   * The number of slots that may hold items. An iteration runs from 1 to this number, and an item
   * never changes its slot.
   */
  get slotCount(): number {
    return usedSlotCount(this.segment)
  }

  /**
   * @returns the result of `make` for the item in a slot, or undefined if the slot holds no live
   *   item
   */
  readSlot<T>(slot: SlotIndex, make: (key: Buffer, value: ItemView) => T): T | undefined {
    const { table, blocks, eviction } = this.#context
    const attempt = () =>
      this.#reader.readSlot(slot, found => {
        const info = table.info(found)
        const block = table.firstBlock(found)
        const size = table.valueSize(found)
        if (!blocks.holds(block, size)) return CHANGED
        const offset = blocks.offset(block)
        const keySize = Math.min(keySizeOf(info), this.segment.geometry.maxKeySize)
        table.readKey(found, keySize, this.#scanKey.words)
        const key = Buffer.from(this.#scanKey.bytes.subarray(0, keySize))
        const lastUse = eviction?.lastUse(found) ?? 0
        const expiresAtMs = table.expiresAtMs(found)
        return make(key, { offset, size, type: valueTypeOf(info), expiresAtMs, lastUse })
      })
    for (let turn = 0; turn < LOCK_FREE_ATTEMPTS; turn++) {
      const result = attempt()
      if (result === NO_ITEM) return undefined
      if (result !== CHANGED) return result
    }
    return this.#section.run(() => {
      let result = attempt()
      if (result === CHANGED) {
        this.#section.recover() // no other thread writes, so the slot is damaged
        result = attempt()
      }
      if (result === CHANGED) throw changesUnderLock(this.segment)
      return result === NO_ITEM ? undefined : result
    })
  }

  stats(): Omit<CacheStats, 'name'> {
    return readStats(this.#context, this.#counters)
  }

  verify(): VerifyReport {
    return this.#section.run(() => verify(this.#context, this.#recoveryKey))
  }

  /** Reads the prepared key's item under the lock, after too many attempts met a changing chain. */
  #settled<T>(read: () => T): T {
    const { table } = this.#context
    return this.#section.run(() => {
      // No other thread writes, so a writer that made the version odd died without a trace.
      if ((table.version(table.bucketOf(this.#key.hash)) & 1) !== 0) this.#section.recover()
      return read()
    })
  }

  #requireFitting({ size }: ValueSource): void {
    if (size > this.maxValueSize) throw valueTooLarge(this.segment, size, this.maxValueSize)
  }

  #countMiss(): undefined {
    this.#counters.countMiss()
  }
}
