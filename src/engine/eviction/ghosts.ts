/**
 * Ghosts: which keys were evicted recently, and how long ago, in 8 bytes an item.
 *
 * The ghosts lie in a table of small groups. A key's hash chooses the group, and 16 bits of the
 * hash identify the key within the group. In a full group, a new ghost replaces the oldest one.
 *
 * Age is the number of evictions from the same queue, in steps of a thousandth of the cache. It
 * wraps after 32 times the size of the cache. A ghost that old looks young again, which costs a
 * wrong guess and nothing else. Any content of these bytes is safe.
 */

import { ADAPTIVE, GHOST_GROUP_SIZE, type Segment } from '../../segment/index.ts'

/** The queue that a ghost was evicted from. */
export const FROM_SMALL = 0
export const FROM_MAIN = 1

export type Origin = typeof FROM_SMALL | typeof FROM_MAIN

/** The age up to which a ghost counts, as a multiple of the items in the cache. */
export const MAX_AGE = { [FROM_SMALL]: 4, [FROM_MAIN]: 2 } as const

const STEPS_A_CACHE = 1024
const STAMP_MASK = 0x7fff
const ORIGIN_SHIFT = 15
const KEY_SHIFT = 16
const NO_GHOST = 0

/** The ghost that the last successful `take` removed. */
export interface TakenGhost {
  /** The queue that the ghost's item was evicted from. */
  origin: Origin
  /** The number of evictions from that queue since then. */
  age: number
}

export class Ghosts {
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  readonly #firstWord: number
  readonly #groupCount: number
  /** The number of evictions that advance the stamp by one. */
  readonly #step: number
  /** The positions of the counts of evictions from each queue. */
  readonly #counts: readonly [number, number]

  /** Where `take` leaves the ghost that it found: an answer in a field. */
  readonly taken: TakenGhost = { origin: FROM_SMALL, age: 0 }

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

  /** @returns the number of evictions from that queue so far */
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

  /**
   * Removes the ghost of a key, and leaves its facts in `taken`.
   *
   * @returns whether the key was evicted recently
   */
  take(hash: number): boolean {
    const words = this.#words
    const first = this.#groupOf(hash)
    for (let at = first; at < first + GHOST_GROUP_SIZE; at++) {
      const ghost = words[at]
      if (ghost === NO_GHOST || ghost >>> KEY_SHIFT !== (hash & 0xffff)) continue
      words[at] = NO_GHOST
      this.taken.origin = originOf(ghost)
      this.taken.age = this.#ageOf(ghost)
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

  /**
   * Chooses the group by the high bits of the hash. The buckets and the 16 bits of a ghost use
   * these bits least.
   */
  #groupOf(hash: number): number {
    const group = Math.floor(((hash >>> 0) / 2 ** 32) * this.#groupCount)
    return this.#firstWord + group * GHOST_GROUP_SIZE
  }
}

function originOf(ghost: number): Origin {
  return ((ghost >> ORIGIN_SHIFT) & 1) as Origin
}
