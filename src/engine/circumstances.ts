/**
 * The circumstances of an item: what a caller may give with a value in addition to its end.
 *
 * Tags and freshness are a trailer behind the value, in the same bytes. So everything that stores,
 * moves and checks bytes does the same with them, and items without circumstances cost nothing.
 */

import { NEVER, type ValueSource } from '../base/index.ts'
import {
  INFO_PINNED,
  INFO_TRAILER,
  MAX_TAG_SIZE,
  type Segment,
  TRAILER,
  TYPE_MASK,
  TYPE_SHIFT,
} from '../segment/index.ts'
import { GONE, LIVE, type Liveness, STALE } from './liveness.ts'
import { MAX_TAGS_AN_ITEM, TagNames } from './tag-names.ts'
import { NO_PLACE, type TagTable } from './tag-table.ts'
import {
  FRESH_UNTIL,
  GENERATION_STORED,
  PLACE_SIZE,
  padded,
  TAG_COUNT,
  TRAILER_ALIGNMENT,
  VALUE_SIZE,
} from './trailer.ts'

export interface Circumstances {
  /** @default none */
  readonly tags?: readonly string[] | undefined
  /** The moment from which the item is stale. @default NEVER: it is fresh as long as it lives */
  readonly freshUntilMs?: number | undefined
  /** Nothing evicts the item while it lives. @default false */
  readonly pinned?: boolean | undefined
  /**
   * The generation of the cache before the value was made. The item is not stored if one of its
   * tags was deleted since. @default the generation now
   */
  readonly madeAt?: number | undefined
}

/** The moment from which an item is stale that never was fresh. */
const LONG_AGO_MS = 1

/** The room for the padding of the value, which precedes the trailer. */
const LEAD = 8
const ROOM = LEAD + padded(MAX_TAGS_AN_ITEM * (1 + MAX_TAG_SIZE + PLACE_SIZE)) + TRAILER.size

/** Up to this size, a loop is faster than a copy by a view. */
const LOOP_LIMIT = 128

const NO_TAGS: readonly string[] = []
const NO_VALUE: ValueSource = { type: 0, size: 0, writeTo() {} }

/**
 * The source of a value together with its circumstances. In `type`, the bits above the value's type
 * are marks of `info`. A thread reuses one object for all operations.
 */
export class CircumstancesSource implements ValueSource {
  type = 0
  size = 0
  #value = NO_VALUE
  #marks = 0
  #freshUntilMs = NEVER
  #madeAt: number | undefined
  /** 0 if the item needs no trailer. */
  #trailerSize = 0
  readonly #names: TagNames
  readonly #bytes = Buffer.from(new ArrayBuffer(ROOM))
  readonly #words = new Int32Array(this.#bytes.buffer)
  readonly #doubles = new Float64Array(this.#bytes.buffer)

  constructor(segment: Segment) {
    this.#names = new TagNames(segment)
  }

  /**
   * Takes circumstances. It needs no lock.
   *
   * @throws UndercroftError - UNDERCROFT_TAGS_INVALID
   */
  prepare(circumstances: Circumstances): void {
    const { tags = NO_TAGS, freshUntilMs = NEVER, pinned = false, madeAt } = circumstances
    const names = this.#names
    names.prepare(tags)
    this.#freshUntilMs = freshUntilMs
    this.#madeAt = madeAt
    const hasTrailer = names.count > 0 || freshUntilMs !== NEVER
    this.#trailerSize = hasTrailer
      ? padded(names.size) + padded(names.count * PLACE_SIZE) + TRAILER.size
      : 0
    this.#marks = ((pinned ? INFO_PINNED : 0) | (hasTrailer ? INFO_TRAILER : 0)) >> TYPE_SHIFT
  }

  /** Takes the value. It needs no lock, and may be called again with another value. */
  wrap(value: ValueSource): this {
    this.#value = value
    this.type = value.type | this.#marks
    this.size = this.#trailerSize === 0 ? value.size : padded(value.size) + this.#trailerSize
    return this
  }

  /**
   * Finds the places of the tags, and completes the trailer. It runs under the lock, right before
   * the item is stored.
   *
   * @returns false if a tag was deleted since the value was made; the item must not be stored then
   */
  settle(tags: TagTable): boolean {
    if (this.#trailerSize === 0) return true
    const liveness = this.#madeAt === undefined ? LIVE : this.#livenessSince(tags, this.#madeAt)
    if (liveness === GONE) return false
    const names = this.#names
    const placesAt = LEAD + padded(names.size)
    const tailAt = placesAt + padded(names.count * PLACE_SIZE)
    const words = this.#words
    const since = tags.useCount
    for (let i = 0; i < names.size / 4; i++) words[LEAD / 4 + i] = names.words[i]
    for (let i = LEAD + names.size; i < placesAt; i++) this.#bytes[i] = 0
    for (let i = 0; i < names.count; i++) {
      words[placesAt / PLACE_SIZE + i] = tags.use(names.low[i], names.high[i], since)
    }
    if ((names.count & 1) !== 0) words[placesAt / PLACE_SIZE + names.count] = 0
    this.#doubles[tailAt / 8 + FRESH_UNTIL] = liveness === STALE ? LONG_AGO_MS : this.#freshUntilMs
    // Last, because a tag that takes over a place counts the generation up.
    this.#doubles[tailAt / 8 + GENERATION_STORED] = tags.generation
    words[tailAt / 4 + VALUE_SIZE] = this.#value.size
    words[tailAt / 4 + TAG_COUNT] = names.count
    return true
  }

  writeTo(target: Buffer, offset: number): void {
    const value = this.#value
    value.writeTo(target, offset)
    if (this.#trailerSize === 0) return
    const padding = padded(value.size) - value.size
    const from = LEAD - padding
    const size = padding + this.#trailerSize
    if (size > LOOP_LIMIT) {
      target.set(this.#bytes.subarray(from, from + size), offset + value.size)
      return
    }
    for (let i = 0; i < size; i++) target[offset + value.size + i] = this.#bytes[from + i]
  }

  /** @returns what the tags' deletions since a generation make of an item that was made then */
  #livenessSince(tags: TagTable, generation: number): Liveness {
    const { low, high, count } = this.#names
    let liveness: Liveness = LIVE
    for (let i = 0; i < count; i++) {
      const place = tags.find(low[i], high[i])
      if (place === NO_PLACE) {
        if (tags.mayBeDeletedSince(low[i], generation)) return GONE
      } else {
        if (tags.deletedAt(place) > generation) return GONE
        if (tags.staleAt(place) > generation) liveness = STALE
      }
    }
    return liveness
  }
}

/** @returns false for all sources that have no marks of `info`, at the cost of one comparison */
export function hasCircumstances(source: ValueSource): source is CircumstancesSource {
  return source.type > TYPE_MASK
}

/** @returns the largest value of an item with these tags, if its stored bytes can be `maxSize` */
export function maxValueSizeWith(tags: readonly string[], maxSize: number): number {
  if (tags.length === 0) return maxSize
  const namesSize = tags.reduce((sum, tag) => sum + 1 + Buffer.byteLength(tag), 0)
  const trailerSize = padded(namesSize) + padded(tags.length * PLACE_SIZE) + TRAILER.size
  const room = Math.max(0, maxSize - trailerSize)
  return room - (room % TRAILER_ALIGNMENT)
}
