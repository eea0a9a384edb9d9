/**
 * Ghosts: which keys were evicted lately, and how long ago, in 8 bytes an item.
 *
 * A table of small groups; a key's hash chooses the group, 16 of its bits recognize it there. In a
 * full group the oldest gives way. Age is counted in evictions from the same queue, in steps of a
 * thousandth of the cache, and goes around after 32 times its size: a ghost so old looks young
 * again, which costs a wrong guess and nothing else. Whatever these bytes are, they are safe.
 */

import { ADAPTIVE, GHOST_GROUP_SIZE, type Segment } from '../../segment/index.ts'

/** The queue a ghost was evicted from. */
export const FROM_SMALL = 0
export const FROM_MAIN = 1

export type Origin = typeof FROM_SMALL | typeof FROM_MAIN

/** Ages up to which ghosts count, in items of the cache. */
export const MAX_AGE = { [FROM_SMALL]: 4, [FROM_MAIN]: 2 } as const

const STEPS_A_CACHE = 1024
const STAMP_MASK = 0x7fff
const ORIGIN_SHIFT = 15
const KEY_SHIFT = 16
const NO_GHOST = 0

export class Ghosts {
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  readonly #firstWord: number
  readonly #groupCount: number
  /** Evictions that make the stamp go one further. */
  readonly #step: number
  /** Where the evictions from each queue are counted. */
  readonly #counts: readonly [number, number]

  /** Of the ghost that the last `take` found. */
  origin: Origin = FROM_SMALL
  /** In evictions from its queue since its own. */
  age = 0

  constructor(segment: Segment) {
    const { layout, geometry } = segment
    this.#words = segment.words
    this.#doubles = segment.doubles
    this.#firstWord = layout.ghostsOffset / 4
    this.#groupCount = layout.ghostGroupCount
    this.#step = Math.ceil(geometry.maxItems / STEPS_A_CACHE)
    const { smallEvicted, mainEvicted } = ADAPTIVE.fields
    this.#counts = [
      (layout.adaptiveOffset + smallEvicted.offset) / 8,
      (layout.adaptiveOffset + mainEvicted.offset) / 8,
    ]
  }

  /** Evictions from that queue so far. */
  evicted(origin: Origin): number {
    const count = this.#doubles[this.#counts[origin]]
    return count >= 0 && count <= Number.MAX_SAFE_INTEGER ? count : 0
  }

  add(hash: number, origin: Origin): void {
    const words = this.#words
    const count = this.evicted(origin)
    this.#doubles[this.#counts[origin]] = count + 1
    const first = this.#groupOf(hash)
    let place = first
    let oldest = -1
    for (let at = first; at < first + GHOST_GROUP_SIZE; at++) {
      const ghost = words[at]
      const age = ghost === NO_GHOST ? Infinity : this.#ageOf(ghost) / MAX_AGE[originOf(ghost)]
      if (age <= oldest) continue
      oldest = age
      place = at
    }
    words[place] =
      (hash << KEY_SHIFT) | (origin << ORIGIN_SHIFT) | (this.#stampAt(count) & STAMP_MASK)
  }

  /** Whether that key was evicted lately; then the ghost is gone, and its facts are here. */
  take(hash: number): boolean {
    const words = this.#words
    const first = this.#groupOf(hash)
    for (let at = first; at < first + GHOST_GROUP_SIZE; at++) {
      const ghost = words[at]
      if (ghost === NO_GHOST || ghost >>> KEY_SHIFT !== (hash & 0xffff)) continue
      words[at] = NO_GHOST
      this.origin = originOf(ghost)
      this.age = this.#ageOf(ghost)
      return true
    }
    return false
  }

  #ageOf(ghost: number): number {
    const now = this.#stampAt(this.evicted(originOf(ghost)))
    return ((now - ghost) & STAMP_MASK) * this.#step
  }

  #stampAt(count: number): number {
    return Math.floor(count / this.#step)
  }

  /** By the high bits: those that buckets and the 16 bits of a ghost use least. */
  #groupOf(hash: number): number {
    const group = Math.floor(((hash >>> 0) / 2 ** 32) * this.#groupCount)
    return this.#firstWord + group * GHOST_GROUP_SIZE
  }
}

function originOf(ghost: number): Origin {
  return ((ghost >> ORIGIN_SHIFT) & 1) as Origin
}
