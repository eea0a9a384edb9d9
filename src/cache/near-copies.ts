/**
 * Near copies: decoded values of hot keys, kept by this thread.
 *
 * Finding and decoding cost more than a lookup in a `Map`. A near copy is used only while the
 * version of its chain in shared memory is what it was when the value was read, so it is never
 * stale, whoever wrote. A copy also tells which slot its item is in, so a set of its key need not
 * look for it. Whether keeping them is worth it here is decided in near-worth.ts.
 */

import { VALUE_TYPE, type ValueDecoder, type ValueSource } from '../base/index.ts'
import type { Engine, Stamps, StoreOutcome } from '../engine/index.ts'
import type { ResolvedNear } from './near-options.ts'
import { NearWorth } from './near-worth.ts'

/** What a copy takes beside its key and value: their headers, and its places in Map and lists. */
const OVERHEAD_SIZE = 120
/** No copy takes more than this part of the room. */
const LARGEST_PART = 1 / 16
/** When full, one of so many candidates is taken: a loop over more keys than fit keeps some. */
const TAKE_ONE_OF = 8

/** What near copies need of the engine. */
export interface NearSource extends Pick<Engine, 'get' | 'found' | 'overwriteIfUnchanged'> {
  createStamps(count: number): NearStamps
}

type NearStamps = Pick<Stamps, keyof Stamps>

export class NearCopies {
  readonly #engine: NearSource
  readonly #options: ResolvedNear
  readonly #decode: ValueDecoder<unknown>
  readonly #worth: NearWorth
  /**
   * Where in the lists below each copy is: from 0, without gaps. A place is led to only when all of
   * it is written, and a value is there before its stamp: whoever is torn out in between, by a time
   * limit of `vm` say, leaves a copy that is not used, not one that is wrong.
   */
  readonly #places = new Map<string, number>()
  // Lists, not objects: a hit among 10,000 keys is about cache misses, and takes 80 ns with the
  // words of all stamps side by side, 105 with an object for each copy.
  readonly #stamps: NearStamps
  readonly #values: unknown[] = []
  readonly #keys: string[] = []
  readonly #sizes: number[] = []
  /** 1: used since the hand came by. The hand goes around and gives up those that were not. */
  readonly #used: Uint8Array
  #count = 0
  #hand = 0
  #size = 0
  #candidates = 0

  constructor(engine: NearSource, options: ResolvedNear, decode: ValueDecoder<unknown>) {
    this.#engine = engine
    this.#options = options
    this.#decode = decode
    this.#worth = new NearWorth(options.maxItems)
    this.#stamps = engine.createStamps(options.maxItems)
    this.#used = new Uint8Array(options.maxItems)
  }

  /** As the engine's get, from the near copy where that is still what the cache holds. */
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
   * As the engine's store, where a copy tells in which slot the item is; the copy becomes that of
   * the new value. Undefined: it does not, and nothing was done.
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

  /** Forgets all. */
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
    const value = this.#engine.get(key, this.#decode)
    if (this.#worth.countRead()) this.clear()
    const place = this.#worth.isOn ? this.#places.get(key) : undefined
    if (place !== undefined) {
      this.#worth.countRenewal()
      this.#renew(place, key, value)
    } else if (value !== undefined && this.#worth.isRepeat(this.#engine.found.hash)) {
      this.#admit(key, value)
    }
    return value
  }

  #admit(key: string, value: unknown): void {
    const size = this.#sizeToKeep(key, value)
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
    this.#stamps.write(place)
    this.#count = place + 1
    this.#places.set(key, place)
  }

  /** The item changed since; it is as hot as it was. */
  #renew(place: number, key: string, value: unknown): void {
    const size = value === undefined ? undefined : this.#sizeToKeep(key, value)
    if (size === undefined) {
      this.#forget(place)
      return
    }
    this.#keep(place, value, size)
    this.#stamps.write(place)
    this.#giveUpToFit()
  }

  /** The item was just stored; without a new stamp the next get reads it again. */
  #follow(
    place: number,
    key: string,
    value: unknown,
    source: ValueSource,
    expiresAtMs: number,
  ): void {
    // Only of these it is certain that a get gives the very value that was stored.
    const isSame = source.type === VALUE_TYPE.integer || typeof value === 'string'
    const size = isSame ? this.#sizeOf(key, source.size) : undefined
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

  /** Of the value that the engine just found; undefined: it is not one to keep. */
  #sizeToKeep(key: string, value: unknown): number | undefined {
    const { found } = this.#engine
    return this.#isKept(value, found.type) ? this.#sizeOf(key, found.size) : undefined
  }

  /** Undefined: more than a copy may take. */
  #sizeOf(key: string, valueSize: number): number | undefined {
    const size = OVERHEAD_SIZE + key.length + valueSize
    return size > this.#options.maxSize * LARGEST_PART ? undefined : size
  }

  /** Nobody can change a text or a number; what can be changed is kept only if asked for. */
  #isKept(value: unknown, type: number): boolean {
    if (typeof value !== 'object' || value === null) return true
    if (type === VALUE_TYPE.json) return this.#options.objects
    return this.#options.buffers && (type === VALUE_TYPE.buffer || type === VALUE_TYPE.uint8Array)
  }

  #hasRoom(size: number): boolean {
    const { maxItems, maxSize } = this.#options
    return this.#count < maxItems && this.#size + size <= maxSize
  }

  /** A copy that was used gets a second round, so this ends within two. */
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

  /** The last copy takes the place. */
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
