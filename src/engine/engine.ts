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
import { EVENT_KIND, EVENT_SOFT, maxValueSize, type Segment } from '../segment/index.ts'
import { type Circumstances, CircumstancesSource } from './circumstances.ts'
import { createEngineContext, type EngineContext, type EngineOptions } from './engine-context.ts'
import { EventReader } from './events/event-reader.ts'
import { valueTooLarge } from './failures.ts'
import { HitCounters } from './hit-counters.ts'
import { CounterSource } from './int64-arithmetic.ts'
import type { FoundItem, ItemEntry, ItemView } from './item-views.ts'
import { PreparedKey } from './key.ts'
import { WriterLock } from './lock.ts'
import { Lookups } from './lookups.ts'
import type { Metrics } from './metrics.ts'
import { Reader } from './reader.ts'
import { deleteAll } from './recovery.ts'
import { NO_SLOT, type SlotIndex } from './slot-table.ts'
import { Stamps } from './stamps.ts'
import { ITEM_COUNT, usedSlotCount } from './state.ts'
import { readStats } from './stats.ts'
import { TagNames } from './tag-names.ts'
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
  readonly #lookups: Lookups
  readonly #withCircumstances: CircumstancesSource
  readonly #tagNames: TagNames

  constructor(segment: Segment, options: EngineOptions) {
    this.segment = segment
    this.maxValueSize = maxValueSize(segment.geometry)
    this.#context = createEngineContext(segment, options.clock)
    this.#lock = new WriterLock(
      segment,
      options.clock,
      options.lockTimeoutMs,
      this.#context.metrics,
    )
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
    this.#lookups = new Lookups(
      this.#context,
      this.#section,
      this.#reader,
      this.#counters,
      this.#key,
    )
    this.#withCircumstances = new CircumstancesSource(segment)
    this.#tagNames = new TagNames(segment)
    // Readers take no lock, so they would return items that no process has checked.
    if (this.#lock.isCheckDue()) this.#section.run(() => {})
    if (options.lastModified === true) this.#section.run(() => this.#context.lastChange.keep())
  }

  /** @returns the item that the last successful `get` or `has` found */
  get found(): Readonly<FoundItem> {
    return this.#reader.found
  }

  /** The metrics that callers count. */
  get metrics(): Metrics {
    return this.#context.metrics
  }

  /** Counts a stale value that a caller got without `getEntry`. */
  countStaleHit(): void {
    this.#counters.countStaleHit()
  }

  /** When the item that a `get` or a stamp found last becomes a miss, unless it has changed. */
  get foundEndsAtMs(): number {
    return this.#context.liveness.endOf(this.#reader.found.slot)
  }

  /** Creates stamps for `count` items whose values the caller keeps. */
  createStamps(count: number): Stamps {
    return new Stamps(count, this.#context, this.#reader, this.#counters)
  }

  /**
   * Reads a value, counts a hit or a miss, and notes the use. The decoder must copy the bytes.
   *
   * @param allowStale - whether a stale item is a hit
   */
  get<T>(key: CacheKey, decode: ValueDecoder<T>, allowStale = false): T | undefined {
    return this.#lookups.get(key, decode, allowStale)
  }

  /** Reads a value as `get` does, with what is known of its item. */
  getEntry<T>(
    key: CacheKey,
    decode: ValueDecoder<T>,
    allowStale: boolean,
  ): ItemEntry<T> | undefined {
    return this.#lookups.getEntry(key, decode, allowStale)
  }

  /** Reads a value that can be stale as `getEntry` does, but notes no use and counts nothing. */
  peekEntry<T>(key: CacheKey, decode: ValueDecoder<T>): ItemEntry<T> | undefined {
    return this.#lookups.peekEntry(key, decode)
  }

  /** Reads a value as `get` does, but notes no use and counts nothing. */
  peek<T>(key: CacheKey, decode: ValueDecoder<T>): T | undefined {
    return this.#lookups.peek(key, decode, false)
  }

  /** Reads the tags of a live item. It counts nothing. */
  tagsOf(key: CacheKey): readonly string[] | undefined {
    return this.#lookups.tagsOf(key)
  }

  /** Checks for a live item. It notes no use and counts neither a hit nor a miss. */
  has(key: CacheKey): boolean {
    return this.#lookups.has(key)
  }

  store(
    key: CacheKey,
    value: ValueSource,
    expiresAtMs: number,
    mode: StoreMode,
    circumstances?: Circumstances,
    version?: number,
  ): StoreOutcome {
    if (circumstances !== undefined || version !== undefined) {
      return this.#storeWith(key, value, expiresAtMs, mode, circumstances, version)
    }
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
   * Kept out of `store`, and `Writer.storeWith` out of `Writer.store`: V8 inlines a path only up to
   * a size, and with these parts in it a plain set took a third longer.
   */
  #storeWith(
    key: CacheKey,
    given: ValueSource,
    expiresAtMs: number,
    mode: StoreMode,
    circumstances: Circumstances | undefined,
    version: number | undefined,
  ): StoreOutcome {
    this.#key.prepare(key)
    const value = circumstances === undefined ? given : this.#wrap(given, circumstances)
    this.#requireFitting(value)
    return this.#section.run(() =>
      this.#writer.storeWith(this.#key, value, expiresAtMs, mode, version),
    )
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

  /** @param version - if given, deletes only an item that has this version */
  delete(key: CacheKey, version?: number): boolean {
    this.#key.prepare(key)
    return this.#section.run(() => this.#writer.delete(this.#key, version))
  }

  /** @param version - if given, changes only an item that has this version */
  touch(key: CacheKey, expiresAtMs: number, version?: number): boolean {
    this.#key.prepare(key)
    return this.#section.run(() => this.#writer.touch(this.#key, expiresAtMs, version))
  }

  count(
    key: CacheKey,
    operation: CounterOperation,
    by: bigint,
    fresh: FreshCounter | undefined,
    limit?: bigint,
    circumstances?: Circumstances,
  ): CountOutcome {
    if (fresh !== undefined && circumstances !== undefined) {
      return this.#countWith(key, operation, by, fresh, limit, circumstances)
    }
    this.#key.prepare(key)
    return this.#section.run(() => this.#writer.count(this.#key, operation, by, fresh, limit))
  }

  #countWith(
    key: CacheKey,
    operation: CounterOperation,
    by: bigint,
    fresh: FreshCounter,
    limit: bigint | undefined,
    circumstances: Circumstances,
  ): CountOutcome {
    this.#key.prepare(key)
    const source = this.#wrap(new CounterSource(fresh.type, fresh.initial), circumstances)
    this.#requireFitting(source)
    return this.#section.run(() =>
      this.#writer.count(this.#key, operation, by, fresh, limit, source),
    )
  }

  /**
   * Deletes a tag: all items that have it are gone at once, in all processes, in the same time for
   * any number of items.
   *
   * @param soft - the items become stale instead
   * @throws UndercroftError - UNDERCROFT_TAGS_INVALID
   */
  deleteTag(tag: string, soft: boolean): void {
    const names = this.#tagNames
    names.prepare([tag])
    this.#section.run(() => {
      this.#context.tags.delete(names.low[0], names.high[0], soft)
      this.#context.lastChange.note()
      this.#context.events?.publishForAll(EVENT_KIND.invalidate, soft ? EVENT_SOFT : 0, tag)
    })
  }

  /**
   * The number of deletions of tags so far, and of tags that lost their place. A value that is
   * loaded from here on may be stored with this number as its `madeAt`.
   */
  get generation(): number {
    return this.#context.tags.generation
  }

  /** Deletes all items, in a time proportional to the slots used, and returns their number. */
  clear(): number {
    return this.#section.run(() => deleteAll(this.#context))
  }

  /** The number of items, including those that are gone and not swept yet. */
  get itemCount(): number {
    return this.segment.words[ITEM_COUNT]
  }

  /**
   * The number of slots that may hold items. An iteration runs from 1 to this number, and an item
   * never changes its slot.
   */
  get slotCount(): number {
    return usedSlotCount(this.segment)
  }

  /** @returns the result of `make` for the live item in a slot; undefined if there is none */
  readSlot<T>(slot: SlotIndex, make: (key: Buffer, value: ItemView) => T): T | undefined {
    return this.#lookups.readSlot(slot, make)
  }

  /**
   * Begins to read the events that follow.
   *
   * @returns undefined if the cache publishes none
   */
  readEvents(): EventReader | undefined {
    if (this.#context.events === undefined) return undefined
    return new EventReader(this.#context, this.#section)
  }

  stats(): Omit<CacheStats, 'name'> {
    return readStats(this.#context, this.#counters)
  }

  verify(): VerifyReport {
    return this.#section.run(() => verify(this.#context, this.#recoveryKey))
  }

  #wrap(value: ValueSource, circumstances: Circumstances): CircumstancesSource {
    this.#withCircumstances.prepare(circumstances)
    return this.#withCircumstances.wrap(value)
  }

  #requireFitting({ size }: ValueSource): void {
    if (size > this.maxValueSize) throw valueTooLarge(this.segment, size, this.maxValueSize)
  }
}
