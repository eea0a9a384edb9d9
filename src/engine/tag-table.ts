/**
 * The tag table: when each tag was deleted last.
 *
 * Moments are generations. The cache's generation counts up with each deletion of a tag, and each
 * item with tags holds the generation at which it was stored, and the places of its tags in this
 * table. An item is gone if one of its tags was deleted at a later generation. So one store deletes
 * a tag, regardless of the number of its items, and every process sees that at its next read.
 *
 * A tag has a place within the group that its hash chooses. In a full group, a new tag takes over
 * the place that was used least recently, as if the tag there was deleted: a tag that loses its
 * place invalidates its items. Places are never freed, not even by a clear, because a value that is
 * being loaded may be stored later. The table holds two hashes of a tag and not its name, so two
 * tags are taken for one only if 64 bits are equal, and then a deletion invalidates both.
 *
 * Readers need no lock. They look only at the generations of a place, which are stores of 8 bytes,
 * and `deletedAt` only grows. So a reader may look at a place while another tag takes it over.
 *
 * The cache's generation is also a seqlock over the table: it is odd while a place changes. A
 * reader that found an even generation and then no deleted tag in an item need not look at the
 * item's tags again until the generation is another one.
 */

import { keepOrder } from '../platform/index.ts'
import { type Segment, TAG, TAG_GROUP_SIZE } from '../segment/index.ts'
import { NeedsRebuild } from './needs-rebuild.ts'
import type { Position } from './position.ts'
import { GENERATION, noteEnded, TAG_USES, TAGS_EVICTED, TAGS_FORGOTTEN_AT } from './state.ts'

/** The position of a tag in the table; the first is 1. */
export type TagPlace = Position<'tag'>

/**
 * The place of a tag that has none, because the other tags of its item fill its group. Such an item
 * is gone at the next generation, because no place would show that the tag was deleted.
 */
export const NO_PLACE: TagPlace = 0

/** No cache has this generation. It is a fraction, so that V8 keeps it as a double. */
export const NO_GENERATION = -0.5

/** Both hashes of a place that was never used. */
const NEVER_USED = 0

/** Far beyond what deletions can reach. Above it, adding one would change nothing. */
const GENERATION_LIMIT = 2 ** 52

const TAG_WORDS = TAG.size / 4
export const TAG_DOUBLES = TAG.size / 8
const LOW = TAG.fields.fingerprintLow.offset / 4
const HIGH = TAG.fields.fingerprintHigh.offset / 4
export const DELETED_AT = TAG.fields.deletedAt.offset / 8
export const STALE_AT = TAG.fields.staleAt.offset / 8
const LAST_USE = TAG.fields.lastUse.offset / 8

export class TagTable {
  readonly placeCount: number
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  /** The positions of place 0, which does not exist. */
  readonly #firstWord: number
  readonly #firstDouble: number
  readonly #groupCount: number

  constructor({ words, doubles, layout }: Segment) {
    this.#words = words
    this.#doubles = doubles
    this.#firstWord = layout.tagsOffset / 4 - TAG_WORDS
    this.#firstDouble = layout.tagsOffset / 8 - TAG_DOUBLES
    this.#groupCount = layout.tagGroupCount
    this.placeCount = layout.tagGroupCount * TAG_GROUP_SIZE
  }

  /** The generation after the last complete deletion. Reading it needs no lock. */
  get generation(): number {
    const generation = this.#doubles[GENERATION]
    return isGeneration(generation) ? generation - (generation % 2) : 0
  }

  /**
   * The generation as it is in memory: odd during a deletion, and any number if the segment is
   * corrupt.
   */
  get unsettledGeneration(): number {
    return this.#doubles[GENERATION]
  }

  /** Counts the uses of tags by stores and deletions. */
  get useCount(): number {
    return this.#doubles[TAG_USES]
  }

  /** @returns the generation of the last deletion of the tag at a place, which must exist */
  deletedAt(place: TagPlace): number {
    return this.#doubles[this.#firstDouble + place * TAG_DOUBLES + DELETED_AT]
  }

  /** @returns the generation at which the items of the tag became stale last */
  staleAt(place: TagPlace): number {
    return this.#doubles[this.#firstDouble + place * TAG_DOUBLES + STALE_AT]
  }

  holds(place: TagPlace, low: number, high: number): boolean {
    const at = this.#firstWord + place * TAG_WORDS
    return this.#words[at + LOW] === low && this.#words[at + HIGH] === high
  }

  /** @returns the place of a tag, or NO_PLACE if it has none */
  find(low: number, high: number): TagPlace {
    return this.#findFrom(this.#firstOf(low), low, high)
  }

  /** @returns whether a tag that has no place may have been deleted after a generation */
  mayBeDeletedSince(low: number, generation: number): boolean {
    // No tag lost its place in a group that still has an empty place.
    const empty = this.#findFrom(this.#firstOf(low), NEVER_USED, NEVER_USED)
    return empty === NO_PLACE && this.#doubles[TAGS_FORGOTTEN_AT] > generation
  }

  /**
   * Finds the place of a tag, or takes one for it, and notes the use. It runs under the lock, as
   * all methods below.
   *
   * @param since - places that were used later are not taken: they belong to the same item
   * @returns NO_PLACE if there are no other places
   */
  use(low: number, high: number, since: number): TagPlace {
    const found = this.find(low, high)
    const place = found === NO_PLACE ? this.#take(low, high, since) : found
    if (place !== NO_PLACE) {
      this.#doubles[TAG_USES] += 1
      this.#doubles[this.#double(place) + LAST_USE] = this.#doubles[TAG_USES]
    }
    return place
  }

  /**
   * Deletes a tag, in this order of writes:
   * 1. The generation becomes odd, and readers look at the tags of each item. Killed here: nothing
   *    is deleted, and no caller was notified.
   * 2. The tag's place gets the odd generation. From here on, all its items are gone or stale.
   * 3. The generation becomes even.
   *
   * Killed before the last step: recovery makes the generation even.
   *
   * A tag that has no place gets one, because an item with this tag may be stored later whose value
   * was loaded before.
   */
  delete(low: number, high: number, soft: boolean): void {
    const place = this.use(low, high, Infinity)
    this.#changeAt(this.#double(place) + (soft ? STALE_AT : DELETED_AT))
    if (!soft) noteEnded(this.#doubles)
  }

  /** Forgets everything. No item with tags may be left, and no value that is being loaded. */
  clear(): void {
    const { placeCount } = this
    const doubles = this.#doubles
    doubles.fill(0, this.#double(1), this.#double(placeCount + 1))
    for (const at of [GENERATION, TAG_USES, TAGS_FORGOTTEN_AT]) doubles[at] = 0
  }

  /**
   * Sets numbers that cannot be generations to the latest generation, so that what they concern is
   * gone. Recovery calls it.
   */
  repair(): void {
    const doubles = this.#doubles
    if (!(doubles[TAG_USES] >= 0 && doubles[TAG_USES] <= GENERATION_LIMIT)) doubles[TAG_USES] = 0
    let latest = this.generation
    for (const at of this.#moments()) {
      if (isGeneration(doubles[at]) && doubles[at] > latest) latest = doubles[at]
    }
    doubles[GENERATION] = latest + (latest % 2)
    for (const at of this.#moments()) if (!isGeneration(doubles[at])) doubles[at] = latest
  }

  /** @returns one sentence for each broken invariant */
  *problems(): Generator<string> {
    const generation = this.#doubles[GENERATION]
    if (!isGeneration(generation) || !isSettled(generation)) {
      yield `the generation says ${generation}`
    }
    for (const at of this.#moments()) {
      const moment = this.#doubles[at]
      if (!(isGeneration(moment) && moment <= generation)) {
        yield `a tag was deleted at generation ${moment}, and the last one is ${generation}`
      }
    }
  }

  /** The positions of all generations except the cache's own, in doubles. */
  *#moments(): Generator<number> {
    yield TAGS_FORGOTTEN_AT
    for (let place: TagPlace = 1; place <= this.placeCount; place++) {
      yield this.#double(place) + DELETED_AT
      yield this.#double(place) + STALE_AT
    }
  }

  /** Takes a place that was never used, or the one that was used least recently. */
  #take(low: number, high: number, since: number): TagPlace {
    const first = this.#firstOf(low)
    let place = this.#findFrom(first, NEVER_USED, NEVER_USED)
    if (place === NO_PLACE) {
      place = this.#leastRecentlyUsed(first, since)
      if (place === NO_PLACE) return NO_PLACE
      this.#evict(place)
    }
    const at = this.#firstWord + place * TAG_WORDS
    this.#words[at + LOW] = low
    this.#words[at + HIGH] = high
    return place
  }

  #leastRecentlyUsed(first: TagPlace, since: number): TagPlace {
    let place: TagPlace = NO_PLACE
    let least = since
    for (let other: TagPlace = first; other < first + TAG_GROUP_SIZE; other++) {
      const lastUse = this.#doubles[this.#double(other) + LAST_USE]
      if (lastUse > least) continue
      least = lastUse
      place = other
    }
    return place
  }

  /**
   * Invalidates the items of a tag that loses its place, in this order of writes:
   * 1. The moment of its last deletion is remembered for all forgotten tags together. Killed here
   *    or later: some values that are being loaded now are not stored.
   * 2. The place is deleted, as in `delete`. Killed here: the items of the tag are gone.
   * 3. The caller writes the hashes of another tag. Killed between them: the place belongs to no
   *    tag, and is taken over in its turn.
   */
  #evict(place: TagPlace): void {
    const doubles = this.#doubles
    const forgotten = Math.max(this.deletedAt(place), this.staleAt(place))
    if (forgotten > doubles[TAGS_FORGOTTEN_AT]) doubles[TAGS_FORGOTTEN_AT] = forgotten
    this.#changeAt(this.#double(place) + DELETED_AT)
    doubles[TAGS_EVICTED] += 1
    noteEnded(doubles)
  }

  /** Makes the next generation the moment at a position. */
  #changeAt(position: number): void {
    const doubles = this.#doubles
    const generation = doubles[GENERATION]
    if (!isGeneration(generation) || !isSettled(generation)) {
      throw new NeedsRebuild(`the generation says ${generation}`)
    }
    doubles[GENERATION] = generation + 1
    keepOrder()
    doubles[position] = generation + 1
    keepOrder()
    doubles[GENERATION] = generation + 2
  }

  #findFrom(first: TagPlace, low: number, high: number): TagPlace {
    for (let place: TagPlace = first; place < first + TAG_GROUP_SIZE; place++) {
      if (this.holds(place, low, high)) return place
    }
    return NO_PLACE
  }

  /** @returns the first place of a tag's group */
  #firstOf(low: number): TagPlace {
    return Math.floor(((low >>> 0) / 2 ** 32) * this.#groupCount) * TAG_GROUP_SIZE + 1
  }

  #double(place: TagPlace): number {
    return this.#firstDouble + place * TAG_DOUBLES
  }
}

/** @returns whether no tag was being deleted at a generation */
export function isSettled(generation: number): boolean {
  return generation % 2 === 0
}

/** @returns whether a number from shared memory can be a generation */
export function isGeneration(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < GENERATION_LIMIT
}
