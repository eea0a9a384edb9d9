/**
 * Lookups: reads items by key or by slot, without the lock as long as that succeeds.
 *
 * A reader that met a changing chain too often waits for the lock. So it never waits for a writer
 * that died, and no number of writers can keep it from its item.
 */

import { type CacheKey, type ItemCircumstances, NEVER, type ValueDecoder } from '../base/index.ts'
import type { Segment } from '../segment/index.ts'
import type { EngineContext } from './engine-context.ts'
import { brokenTrailer, changesUnderLock } from './failures.ts'
import type { HitCounters } from './hit-counters.ts'
import { hasTrailer, isPinned, keySizeOf, valueTypeOf } from './item-info.ts'
import type { ItemEntry, ItemView } from './item-views.ts'
import { PreparedKey } from './key.ts'
import { CHANGED, FOUND, MISS, NO_ITEM, RETRY, type Reader } from './reader.ts'
import type { SlotIndex } from './slot-table.ts'
import type { Trailer } from './trailer.ts'
import type { WriterSection } from './writer-section.ts'

/** The attempts of a reader before it waits for the lock: some 10 us of a writer's work. */
const LOCK_FREE_ATTEMPTS = 200

const NO_TAGS: readonly string[] = []

export class Lookups {
  readonly #segment: Segment
  readonly #context: EngineContext
  readonly #section: WriterSection
  readonly #reader: Reader
  readonly #counters: HitCounters
  readonly #key: PreparedKey
  readonly #scanKey: PreparedKey

  constructor(
    context: EngineContext,
    section: WriterSection,
    reader: Reader,
    counters: HitCounters,
    key: PreparedKey,
  ) {
    this.#segment = context.segment
    this.#context = context
    this.#section = section
    this.#reader = reader
    this.#counters = counters
    this.#key = key
    this.#scanKey = new PreparedKey(context.segment)
  }

  /** Reads a value, counts a hit or a miss, and notes the use. */
  get<T>(key: CacheKey, decode: ValueDecoder<T>, allowStale: boolean): T | undefined {
    const value = this.peek(key, decode, allowStale)
    if (value === undefined) {
      this.#counters.countMiss()
    } else {
      this.#context.eviction?.use(this.#reader.found.slot)
      this.#counters.countHit()
      if (allowStale && this.#reader.found.isStale) this.#counters.countStaleHit()
    }
    return value
  }

  /** Reads a value, and neither counts nor notes anything. The decoder must copy the bytes. */
  peek<T>(key: CacheKey, decode: ValueDecoder<T>, allowStale: boolean): T | undefined {
    const reader = this.#reader
    const { found } = reader
    this.#key.prepare(key)
    for (let attempt = 0; attempt < LOCK_FREE_ATTEMPTS; attempt++) {
      const outcome = reader.locate(this.#key, allowStale)
      if (outcome === MISS) return undefined
      if (outcome === RETRY) continue
      let value: T
      try {
        value = decode(this.#segment.bytes, found.offset, found.size, found.type)
      } catch (error) {
        if (!reader.confirm()) continue // the decoder read bytes that were changing
        throw error
      }
      if (reader.confirm()) return value
    }
    return this.#settled(() => {
      if (reader.locate(this.#key, allowStale) !== FOUND) return undefined
      return decode(this.#segment.bytes, found.offset, found.size, found.type)
    })
  }

  /** Reads a value as `get` does, with what is known of its item. */
  getEntry<T>(
    key: CacheKey,
    decode: ValueDecoder<T>,
    allowStale: boolean,
  ): ItemEntry<T> | undefined {
    return this.get(key, this.#entryDecoder(decode), allowStale)
  }

  /** Reads a value that can be stale as `peek` does, with what is known of its item. */
  peekEntry<T>(key: CacheKey, decode: ValueDecoder<T>): ItemEntry<T> | undefined {
    return this.peek(key, this.#entryDecoder(decode), true)
  }

  /** Reads the tags of a live item. It counts nothing. */
  tagsOf(key: CacheKey): readonly string[] | undefined {
    return this.peek(key, () => this.#tagsIn(this.#trailerOfFound()), false)
  }

  /** Checks for a live item. It notes no use and counts neither a hit nor a miss. */
  has(key: CacheKey): boolean {
    this.#key.prepare(key)
    for (let attempt = 0; attempt < LOCK_FREE_ATTEMPTS; attempt++) {
      const outcome = this.#reader.locate(this.#key, false)
      if (outcome === MISS) return false
      if (outcome === FOUND && this.#reader.confirm()) return true
    }
    return this.#settled(() => this.#reader.locate(this.#key, false) === FOUND)
  }

  /**
   * @returns the result of `make` for the item in a slot, or undefined if the slot holds no live
   *   item
   */
  readSlot<T>(slot: SlotIndex, make: (key: Buffer, value: ItemView) => T): T | undefined {
    const { table, blocks, eviction, liveness } = this.#context
    const attempt = () =>
      this.#reader.readSlot(slot, found => {
        const info = table.info(found)
        const block = table.firstBlock(found)
        const storedSize = table.valueSize(found)
        if (!blocks.holds(block, storedSize)) return CHANGED
        const offset = blocks.offset(block)
        const size = hasTrailer(info) ? liveness.trailer.valueSize : storedSize
        const keySize = Math.min(keySizeOf(info), this.#segment.geometry.maxKeySize)
        table.readKey(found, keySize, this.#scanKey.words)
        const key = Buffer.from(this.#scanKey.bytes.subarray(0, keySize))
        const lastUse = eviction?.lastUse(found) ?? 0
        const expiresAtMs = table.expiresAtMs(found)
        const circumstances = () => this.#circumstancesOf(info)
        const type = valueTypeOf(info)
        return make(key, { offset, size, type, expiresAtMs, lastUse, circumstances })
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
      if (result === CHANGED) throw changesUnderLock(this.#segment)
      return result === NO_ITEM ? undefined : result
    })
  }

  /** Decodes a value together with what is known of its item, which the reader just found. */
  #entryDecoder<T>(decode: ValueDecoder<T>): ValueDecoder<ItemEntry<T>> {
    const { table } = this.#context
    const { found } = this.#reader
    return (bytes, offset, size, type) => {
      const trailer = this.#trailerOfFound()
      return {
        tags: this.#tagsIn(trailer),
        freshUntilMs: trailer?.freshUntilMs ?? NEVER,
        expiresAtMs: table.expiresAtMs(found.slot),
        isStale: found.isStale,
        version: table.itemVersion(found.slot),
        value: decode(bytes, offset, size, type),
      }
    }
  }

  /** @returns undefined if the item that was found has no trailer */
  #trailerOfFound(): Trailer | undefined {
    const { table, liveness } = this.#context
    const { hasTrailer, offset, slot } = this.#reader.found
    if (!hasTrailer) return undefined
    const { trailer } = liveness
    if (!trailer.read(offset, table.valueSize(slot))) throw brokenTrailer(this.#segment)
    return trailer
  }

  #tagsIn(trailer: Trailer | undefined): readonly string[] {
    const tags = trailer === undefined ? NO_TAGS : trailer.names()
    if (tags === undefined) throw brokenTrailer(this.#segment)
    return tags
  }

  /** Tells what the item has whose trailer was read last. */
  #circumstancesOf(info: number): ItemCircumstances | undefined {
    const pinned = isPinned(info)
    if (!hasTrailer(info)) {
      return pinned ? { tags: NO_TAGS, freshUntilMs: NEVER, pinned } : undefined
    }
    const { trailer } = this.#context.liveness
    return { tags: this.#tagsIn(trailer), freshUntilMs: trailer.freshUntilMs, pinned }
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
}
