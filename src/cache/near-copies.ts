/**
 * Keeps near copies: decoded values of hot keys, in this thread.
 *
 * Finding and decoding a value cost more than a lookup in a `Map`. A near copy is used only while
 * its chain in shared memory has the version from which the value was read. So a copy is never
 * stale, regardless of the writer. A copy also knows the slot of its item, so a set of its
 * key need not search for the item. near-worth.ts decides whether near copies are worth their cost.
 */

import { VALUE_TYPE, type ValueSource } from '../base/index.ts'
import { StoredBytes, type ValueCodec } from '../codecs/index.ts'
import type { Engine, Stamps, StoreOutcome } from '../engine/index.ts'
import type { ResolvedNear } from './near-options.ts'
import { NearWorth } from './near-worth.ts'

/** Bytes of a copy in addition to its key and value: their headers, and places in Map and lists. */
const OVERHEAD_SIZE = 120
/** Largest part of the room that one copy takes. */
const LARGEST_PART = 1 / 16
/**
 * When full, one of 8 candidates is admitted, so that a loop over too many keys keeps some.
 */
const TAKE_ONE_OF = 8

/** The part of the engine that near copies use. */
export interface NearSource extends Pick<Engine, 'get' | 'found' | 'overwriteIfUnchanged'> {
  createStamps(count: number): NearStamps
}

type NearStamps = Pick<Stamps, keyof Stamps>

/** What is known of a value that was just read. */
interface ValueFacts {
  readonly hash: number
  readonly type: number
  /** Bytes of the value when it is not compressed. */
  readonly size: number
  /** The place that has its stamp. Undefined: the engine found it last, and can stamp it. */
  readonly stampedAt?: number
}

export class NearCopies {
  readonly #engine: NearSource
  readonly #options: ResolvedNear
  readonly #codec: ValueCodec
  readonly #worth: NearWorth
  /**
   * The place of each copy in the lists below: from 0, without gaps. The map leads to a place only
   * after the whole place is written, and a value is written before its stamp. A call that is cut
   * short in between, for example by a time limit of `vm`, leaves an unused copy, and never a wrong
   * one.
   */
  readonly #places = new Map<string, number>()
  // Lists, and not objects: cache misses dominate a hit among 10,000 keys. A hit takes 80 ns if the
  // words of all stamps are adjacent, and 105 ns with an object for each copy.
  readonly #stamps: NearStamps
  readonly #values: unknown[] = []
  readonly #keys: string[] = []
  readonly #sizes: number[] = []
  /** 1: the copy was used since the hand passed it. The hand goes round and drops unused copies. */
  readonly #used: Uint8Array
  #count = 0
  #hand = 0
  #size = 0
  #candidates = 0
  /** A codec or a schema is at work, and its own reads of this cache are not kept. */
  #isFinishing = false

  constructor(engine: NearSource, options: ResolvedNear, codec: ValueCodec) {
    this.#engine = engine
    this.#options = options
    this.#codec = codec
    this.#worth = new NearWorth(options.maxItems)
    this.#stamps = engine.createStamps(options.maxItems + 1)
    this.#used = new Uint8Array(options.maxItems)
  }

  /** Gets a value as the engine does, but from the near copy if the copy is still valid. */
  get(key: string): unknown {
    const worth = this.#worth
    const place = worth.isOn ? this.#places.get(key) : undefined
    if (place !== undefined && this.#stamps.validate(place)) {
      this.#used[place] = 1
      worth.hits++
      return this.#values[place]
    }
    return this.#getShared(key)
  }

  /**
   * Stores a value without circumstances as the engine does, in the slot that a copy knows, and
   * updates the copy.
   *
   * @returns undefined if no copy knows the slot of the item; the value is not stored then
   */
  set(
    key: string,
    value: unknown,
    source: ValueSource,
    expiresAtMs: number,
  ): StoreOutcome | undefined {
    const place = this.#worth.isOn ? this.#places.get(key) : undefined
    if (place === undefined) return undefined
    const outcome = this.#engine.overwriteIfUnchanged(this.#stamps, place, source, expiresAtMs)
    if (outcome === 'stored') this.#follow(place, key, value, source, expiresAtMs)
    return outcome
  }

  /** Drops all copies. */
  clear(): void {
    this.#places.clear()
    this.#values.length = 0
    this.#keys.length = 0
    this.#sizes.length = 0
    this.#count = 0
    this.#hand = 0
    this.#size = 0
  }

  #getShared(key: string): unknown {
    const raw = this.#engine.get(key, this.#codec.read)
    if (!this.#codec.mustFinish(raw)) {
      this.#consider(key, raw, this.#engine.found)
      return raw
    }
    if (this.#isFinishing) return this.#codec.finish(raw)
    return this.#finish(key, raw)
  }

  /** Finishes a value. Meanwhile a codec or a schema may use the same cache, and change `found`. */
  #finish(key: string, raw: unknown): unknown {
    const { found } = this.#engine
    const { hash } = found
    const { type, plainSize: size } =
      raw instanceof StoredBytes ? raw : { ...found, plainSize: found.size }
    const stampedAt = this.#options.maxItems
    this.#stamps.write(stampedAt)
    this.#isFinishing = true
    let value: unknown
    try {
      value = this.#codec.finish(raw)
    } finally {
      this.#isFinishing = false
    }
    this.#consider(key, value, { hash, type, size, stampedAt })
    return value
  }

  /** Keeps or renews the copy of a value that was just read. */
  #consider(key: string, value: unknown, facts: ValueFacts): void {
    if (this.#worth.countRead()) this.clear()
    const place = this.#worth.isOn ? this.#places.get(key) : undefined
    if (place !== undefined) {
      this.#worth.countRenewal()
      this.#renew(place, key, value, facts)
    } else if (value !== undefined && this.#worth.isRepeat(facts.hash)) {
      this.#admit(key, value, facts)
    }
  }

  #admit(key: string, value: unknown, facts: ValueFacts): void {
    const size = this.#sizeToKeep(key, value, facts)
    if (size === undefined) return
    if (!this.#hasRoom(size)) {
      this.#worth.isFull = true
      if (++this.#candidates % TAKE_ONE_OF !== 0) return
      while (!this.#hasRoom(size)) this.#giveUpOne()
    }
    const place = this.#count
    this.#keys[place] = key
    this.#sizes[place] = 0
    this.#keep(place, value, size)
    this.#used[place] = 0
    this.#stamp(place, facts)
    this.#count = place + 1
    this.#places.set(key, place)
  }

  /** Renews a copy whose item changed. Its key is as hot as before. */
  #renew(place: number, key: string, value: unknown, facts: ValueFacts): void {
    const size = value === undefined ? undefined : this.#sizeToKeep(key, value, facts)
    if (size === undefined) {
      this.#forget(place)
      return
    }
    this.#keep(place, value, size)
    this.#stamp(place, facts)
    this.#giveUpToFit()
  }

  #stamp(place: number, { stampedAt }: ValueFacts): void {
    if (stampedAt === undefined) this.#stamps.write(place)
    else this.#stamps.move(stampedAt, place)
  }

  /** Updates the copy of an item that was just stored; else the next get reads the item again. */
  #follow(
    place: number,
    key: string,
    value: unknown,
    source: ValueSource,
    expiresAtMs: number,
  ): void {
    const size = this.#codec.returnsAsSet(source) ? this.#sizeOf(key, source.size) : undefined
    if (size === undefined) return
    this.#keep(place, value, size)
    this.#stamps.renew(place, expiresAtMs)
    this.#giveUpToFit()
  }

  #keep(place: number, value: unknown, size: number): void {
    this.#size += size - this.#sizes[place]
    this.#sizes[place] = size
    this.#values[place] = value
  }

  #giveUpToFit(): void {
    while (this.#size > this.#options.maxSize) this.#giveUpOne()
  }

  /** @returns the size of a value; undefined if it is not kept */
  #sizeToKeep(key: string, value: unknown, { type, size }: ValueFacts): number | undefined {
    return this.#isKept(value, type) ? this.#sizeOf(key, size) : undefined
  }

  /** @returns the bytes of a copy; undefined if they exceed what a copy may take */
  #sizeOf(key: string, valueSize: number): number | undefined {
    const size = OVERHEAD_SIZE + key.length + valueSize
    return size > this.#options.maxSize * LARGEST_PART ? undefined : size
  }

  /**
   * No caller can change a string or a number. Other values are kept only if the options say so.
   */
  #isKept(value: unknown, type: number): boolean {
    if (typeof value !== 'object' || value === null) return true
    if (type === VALUE_TYPE.json || type === VALUE_TYPE.custom) return this.#options.objects
    return this.#options.buffers && (type === VALUE_TYPE.buffer || type === VALUE_TYPE.uint8Array)
  }

  #hasRoom(size: number): boolean {
    const { maxItems, maxSize } = this.#options
    return this.#count < maxItems && this.#size + size <= maxSize
  }

  /** Drops one copy. The hand passes a used copy once, so this ends within two rounds. */
  #giveUpOne(): void {
    for (;;) {
      if (this.#hand >= this.#count) this.#hand = 0
      if (this.#used[this.#hand] === 0) {
        this.#forget(this.#hand)
        return
      }
      this.#used[this.#hand++] = 0
    }
  }

  /** Drops a copy. The last copy moves to its place. */
  #forget(place: number): void {
    this.#places.delete(this.#keys[place])
    this.#size -= this.#sizes[place]
    const last = this.#count - 1
    if (place !== last) {
      const key = this.#keys[last]
      this.#keys[place] = key
      this.#values[place] = this.#values[last]
      this.#sizes[place] = this.#sizes[last]
      this.#used[place] = this.#used[last]
      this.#stamps.move(last, place)
      this.#places.set(key, place)
    }
    this.#values[last] = undefined
    this.#count = last
  }
}
