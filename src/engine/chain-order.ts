/**
 * Which items belong in front of their chains: those that are asked for more often than the first.
 *
 * Readers note a sample of their hits here, in memory of their own. A place looks at one item that
 * is not the first of its chain: its hits vote for it, those of the first against it. So a chain in
 * good order stays as it is. There are few places, each for many chains: an item that is asked for
 * little loses its place to one that is asked for more.
 *
 * Moving the winners is upkeep.ts's business.
 */

import { type BucketWord, NO_SLOT, type SlotIndex } from './slot-table.ts'

const PLACE_COUNT = 1024
/** Votes that it takes to move an item: fewer may be chance. */
const VOTES_TO_WIN = 4
/** More are not counted, so that an item that nobody wants any more loses its place soon. */
const MOST_VOTES = 64

/**
 * One hit of 128 is noted, on average. Noting one of 16 made a get of 100 bytes 3 ns slower; this
 * cannot be told from none. The interval varies, or a loop over few keys would show the same of
 * them for ever.
 */
const SHORTEST_INTERVAL = 64
const INTERVAL_BITS = 7

export interface Winner {
  readonly bucket: BucketWord
  readonly slot: SlotIndex
}

export class ChainOrder {
  readonly #buckets = new Int32Array(PLACE_COUNT)
  readonly #slots = new Int32Array(PLACE_COUNT)
  readonly #votes = new Int32Array(PLACE_COUNT)
  #random = 1

  /** Notes a hit. Tells which hit to note next: the how manieth from now. */
  note(bucket: BucketWord, slot: SlotIndex, isFirst: boolean): number {
    const place = (bucket >> 1) & (PLACE_COUNT - 1)
    const votes = this.#votes[place]
    const isWeak = votes <= 1
    if (this.#buckets[place] !== bucket) {
      if (!isFirst) this.#voteAgainst(place, bucket, slot)
    } else if (this.#slots[place] === slot) {
      this.#votes[place] = Math.min(votes + 1, MOST_VOTES)
    } else if (isFirst || isWeak) {
      this.#voteAgainst(place, bucket, isFirst ? NO_SLOT : slot)
    }
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) | 0
    return SHORTEST_INTERVAL + (this.#random >>> (32 - INTERVAL_BITS))
  }

  /** The items that won since it was last asked. */
  takeWinners(): Winner[] {
    const winners: Winner[] = []
    for (let place = 0; place < PLACE_COUNT; place++) {
      if (this.#votes[place] < VOTES_TO_WIN) continue
      winners.push({ bucket: this.#buckets[place], slot: this.#slots[place] })
      this.#votes[place] = 0
    }
    return winners
  }

  /** One vote less for who has the place; without any, it is the other's. */
  #voteAgainst(place: number, bucket: BucketWord, other: SlotIndex): void {
    const votes = this.#votes[place] - 1
    this.#votes[place] = votes
    if (votes > 0) return
    this.#buckets[place] = bucket
    this.#slots[place] = other
    this.#votes[place] = other === NO_SLOT ? 0 : 1
  }
}
