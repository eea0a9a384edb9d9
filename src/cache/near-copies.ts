/**
 * Near copies: decoded values of hot keys, kept by this thread.
 *
 * Finding and decoding cost more than a lookup in a `Map`. A near copy is used only while the
 * version of its chain in shared memory is what it was when the value was read, so it is never
 * stale, whoever wrote. Whether keeping them is worth it here is decided in near-worth.ts.
 */

import { VALUE_TYPE, type ValueDecoder } from '../base/index.ts'
import type { Engine, Stamps } from '../engine/index.ts'
import type { ResolvedNear } from './near-options.ts'
import { NearWorth } from './near-worth.ts'

/** What a copy takes beside its key and value: their headers, and its places in Map and lists. */
const OVERHEAD_SIZE = 120
/** No copy takes more than this part of the room. */
const LARGEST_PART = 1 / 16
/** When full, one of so many candidates is taken: a loop over more keys than fit keeps some. */
const TAKE_ONE_OF = 8

/** What near copies need of the engine. */
export interface NearSource extends Pick<Engine, 'get' | 'found'> {
  createStamps(count: number): Pick<Stamps, 'write' | 'move' | 'useAgain'>
}

export class NearCopies {
  readonly #engine: NearSource
  readonly #options: ResolvedNear
  readonly #decode: ValueDecoder<unknown>
  readonly #worth: NearWorth
  /** Where in the lists below each copy is: from 0, without gaps. */
  readonly #places = new Map<string, number>()
  // Lists, not objects: a hit among 10,000 keys is about cache misses, and takes 80 ns with the
  // words of all stamps side by side, 105 with an object for each copy.
  readonly #stamps: ReturnType<NearSource['createStamps']>
  readonly #values: unknown[] = []
  readonly #keys: string[] = []
  readonly #sizes: number[] = []
  /** 1: used since the hand came by. The hand goes around and gives up those that were not. */
  readonly #used: Uint8Array
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
    if (place !== undefined && this.#stamps.useAgain(place)) {
      this.#used[place] = 1
      worth.hits++
      return this.#values[place]
    }
    return this.#getShared(key)
  }

  /** Forgets all. */
  clear(): void {
    this.#places.clear()
    this.#values.length = 0
    this.#keys.length = 0
    this.#sizes.length = 0
    this.#hand = 0
    this.#size = 0
  }

  #getShared(key: string): unknown {
    const value = this.#engine.get(key, this.#decode)
    if (this.#worth.countRead()) this.clear()
    const place = this.#worth.isOn ? this.#places.get(key) : undefined
    if (place !== undefined) {
      this.#worth.countRenewal()
      this.#renew(place, value)
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
    const place = this.#keys.length
    this.#places.set(key, place)
    this.#keys.push(key)
    this.#values.push(value)
    this.#sizes.push(size)
    this.#size += size
    this.#used[place] = 0
    this.#stamps.write(place)
  }

  /** The item changed since; it is as hot as it was. */
  #renew(place: number, value: unknown): void {
    const size =
      value === undefined ? undefined : this.#sizeToKeep(this.#keys[place] as string, value)
    if (size === undefined) {
      this.#forget(place)
      return
    }
    this.#size += size - (this.#sizes[place] as number)
    this.#sizes[place] = size
    this.#values[place] = value
    this.#stamps.write(place)
    while (this.#size > this.#options.maxSize) this.#giveUpOne()
  }

  /** Of the value that the engine just found; undefined: it is not one to keep. */
  #sizeToKeep(key: string, value: unknown): number | undefined {
    const { found } = this.#engine
    if (!this.#isKept(value, found.type)) return undefined
    const size = OVERHEAD_SIZE + key.length + found.size
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
    return this.#keys.length < maxItems && this.#size + size <= maxSize
  }

  /** A copy that was used gets a second round, so this ends within two. */
  #giveUpOne(): void {
    for (;;) {
      if (this.#hand >= this.#keys.length) this.#hand = 0
      if (this.#used[this.#hand] === 0) {
        this.#forget(this.#hand)
        return
      }
      this.#used[this.#hand++] = 0
    }
  }

  /** The last copy takes the place. */
  #forget(place: number): void {
    this.#places.delete(this.#keys[place] as string)
    this.#size -= this.#sizes[place] as number
    const last = this.#keys.length - 1
    const key = this.#keys.pop() as string
    const value = this.#values.pop()
    const size = this.#sizes.pop() as number
    if (place === last) return
    this.#places.set(key, place)
    this.#keys[place] = key
    this.#values[place] = value
    this.#sizes[place] = size
    this.#used[place] = this.#used[last] as number
    this.#stamps.move(last, place)
  }
}
