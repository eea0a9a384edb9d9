/**
 * The adaptive policy: S3-FIFO (Yang, Zhang, Qiu, Yue, Vinayak: "FIFO queues are all you need for
 * cache eviction", SOSP 2023) with a small queue that adapts its own size.
 *
 * A new item enters the small queue. At the end of that queue, an item that was used twice moves to
 * the main queue, and any other item is evicted. The main queue gives a used item another round.
 * Items that are read once therefore never displace items that are read again. A read only counts
 * up to three in a byte of the item's own, and most reads do not even write that byte.
 *
 * An evicted item leaves a ghost, and its key enters the main queue if it returns. The small queue
 * adapts its size as in ARC (Megiddo, Modha: FAST 2003). A ghost that a larger small queue would
 * have kept makes that queue larger. A ghost that a larger main queue would have kept makes the
 * small queue smaller. A loop over more keys than fit turns the main queue over without a hit. In
 * that case only one ghost of many is admitted, so a part of the loop stays and is hit.
 *
 * Hit ratios of `npm run bench:hit-ratio`, as means of 44 cells, are 0.463 for this policy, 0.449
 * for S3-FIFO and 0.429 for LRU.
 */

import { ADAPTIVE, type Segment } from '../../segment/index.ts'
import { NO_SLOT, type SlotIndex, type SlotTable } from '../slot-table.ts'
import type { Eviction } from './eviction.ts'
import { FROM_MAIN, FROM_SMALL, Ghosts, MAX_AGE } from './ghosts.ts'
import { MAIN, Queues, SMALL } from './queues.ts'

/** The highest count of uses. */
const MAX_USES = 3
/** An item with this many uses moves from the small queue to the main one. */
const PROMOTING_USES = 2
/** The second chances in one eviction. They bound its work, regardless of what readers do. */
const CHANCES = 32

/** The small queue's part of all items: its initial value and its limits. */
const START_PART = 0.1
const MIN_PART = 0.01
const MAX_PART = 0.9
/**
 * The small queue grows only for ghosts whose age is at most this part of the items it could gain.
 */
const REACH = 0.5

/**
 * The weight of one eviction in `#worth`, the part of main items that were hit before they left.
 */
const WORTH_WEIGHT = 1 / 64
/** Below this worth, the main queue admits few ghosts and keeps its items. */
const MIN_WORTH = 0.2
/** Below `MIN_WORTH`, the main queue admits one ghost of this many. */
const ADMIT_ONE_OF = 64

/**
 * Eviction marks of a slot: the item's queue and, in the main queue, whether the item was hit
 * there.
 */
const IN_SMALL = 1
const IN_MAIN = 2
const HIT_IN_MAIN = 3

export class Adaptive implements Eviction {
  readonly #table: SlotTable
  readonly #queues: Queues
  readonly #ghosts: Ghosts
  readonly #bytes: Uint8Array
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  readonly #usesOffset: number
  readonly #partDouble: number
  readonly #worthDouble: number
  readonly #candidatesWord: number

  constructor(segment: Segment, table: SlotTable) {
    const { adaptiveOffset, useCountsOffset } = segment.layout
    const { smallPart, mainWorth, candidates } = ADAPTIVE.fields
    this.#table = table
    this.#queues = new Queues(segment)
    this.#ghosts = new Ghosts(segment)
    this.#bytes = segment.bytes
    this.#words = segment.words
    this.#doubles = segment.doubles
    this.#usesOffset = useCountsOffset - 1 // slot numbers start at 1
    this.#partDouble = (adaptiveOffset + smallPart.offset) / 8
    this.#worthDouble = (adaptiveOffset + mainWorth.offset) / 8
    this.#candidatesWord = (adaptiveOffset + candidates.offset) / 4
  }

  /** Counts a use. Two uses at the same instant may count as one. */
  use(slot: SlotIndex): void {
    const at = this.#usesOffset + slot
    const uses = this.#bytes[at]
    if (uses < MAX_USES) this.#bytes[at] = uses + 1
  }

  lastUse(): number {
    return 0
  }

  track(slot: SlotIndex): void {
    this.#bytes[this.#usesOffset + slot] = 0
    if (this.#isKnown(this.#table.hash(slot))) {
      this.#table.setEvictionMark(slot, IN_MAIN)
      this.#queues.push(MAIN, slot)
    } else {
      this.#table.setEvictionMark(slot, IN_SMALL)
      this.#queues.push(SMALL, slot)
    }
  }

  untrack(slot: SlotIndex): void {
    this.#queues.remove(this.#table.evictionMark(slot) === IN_SMALL ? SMALL : MAIN, slot)
  }

  victim(except: SlotIndex): SlotIndex {
    const queues = this.#queues
    const items = queues.count(SMALL) + queues.count(MAIN)
    const target = Math.max(1, Math.floor(items * this.#part))
    let slot = NO_SLOT
    if (queues.count(SMALL) >= target) slot = this.#victimOfSmall(except)
    if (slot === NO_SLOT) slot = this.#victimOfMain(except)
    if (slot === NO_SLOT) slot = this.#victimOfSmall(except)
    return slot
  }

  clear(): void {
    this.#queues.clear()
    this.#doubles[this.#partDouble] = this.#part
    this.#doubles[this.#worthDouble] = this.#worth
  }

  /** Restores items in the order of their slots, because the order of the queues is lost. */
  restore(slot: SlotIndex, mark: number): void {
    const isMain = mark === IN_MAIN || mark === HIT_IN_MAIN
    this.#table.setEvictionMark(slot, isMain ? mark : IN_SMALL)
    this.#queues.push(isMain ? MAIN : SMALL, slot)
  }

  *problems(items: ReadonlySet<SlotIndex>): Generator<string> {
    const seen = new Set<SlotIndex>()
    for (const queue of [SMALL, MAIN] as const) {
      const name = queue === SMALL ? 'small' : 'main'
      for (const slot of this.#queues.walk(queue)) {
        if (seen.has(slot)) yield `slot ${slot} is queued twice`
        seen.add(slot)
        if (!items.has(slot)) yield `slot ${slot} is in the ${name} queue and holds no item`
        const mark = this.#table.evictionMark(slot)
        if ((mark === IN_SMALL) !== (queue === SMALL)) {
          yield `slot ${slot} is in the ${name} queue, its mark says ${mark}`
        }
      }
      yield* this.#queues.problems(queue, name)
    }
    for (const slot of items) if (!seen.has(slot)) yield `slot ${slot} is in no queue`
  }

  /**
   * Chooses a victim in the small queue. Items that were used twice move to the main queue.
   *
   * @returns NO_SLOT if `except` is the only item left
   */
  #victimOfSmall(except: SlotIndex): SlotIndex {
    const queues = this.#queues
    let chances = CHANCES
    for (let left = queues.count(SMALL); left > 0; left--) {
      const slot = queues.last(SMALL)
      if (slot === NO_SLOT) break
      if (slot === except) {
        queues.remove(SMALL, slot)
        queues.push(SMALL, slot)
      } else if (this.#bytes[this.#usesOffset + slot] >= PROMOTING_USES && chances > 0) {
        chances--
        queues.remove(SMALL, slot)
        this.#bytes[this.#usesOffset + slot] = 0
        this.#table.setEvictionMark(slot, IN_MAIN)
        queues.push(MAIN, slot)
      } else {
        this.#ghosts.add(this.#table.hash(slot), FROM_SMALL)
        return slot
      }
    }
    return NO_SLOT
  }

  /**
   * Chooses a victim in the main queue. An item that was used since its last round gets another
   * round. If all chances are spent, the least used of these items is the victim.
   *
   * @returns NO_SLOT if there is no other item
   */
  #victimOfMain(except: SlotIndex): SlotIndex {
    const queues = this.#queues
    let leastUsed = NO_SLOT
    let leastUses = Infinity
    // The loop passes over the items that get a chance, and once over `except`.
    for (let left = Math.min(queues.count(MAIN), CHANCES + 1); left > 0; left--) {
      const slot = queues.last(MAIN)
      const at = this.#usesOffset + slot
      const uses = Math.min(this.#bytes[at], MAX_USES)
      if (slot !== except && uses === 0) return this.#evictFromMain(slot)
      if (slot !== except) {
        this.#bytes[at] = uses - 1
        this.#table.setEvictionMark(slot, HIT_IN_MAIN)
        if (uses < leastUses) {
          leastUses = uses
          leastUsed = slot
        }
      }
      queues.remove(MAIN, slot)
      queues.push(MAIN, slot)
    }
    return leastUsed === NO_SLOT ? NO_SLOT : this.#evictFromMain(leastUsed)
  }

  #evictFromMain(slot: SlotIndex): SlotIndex {
    this.#noteWorth(this.#table.evictionMark(slot) === HIT_IN_MAIN)
    this.#ghosts.add(this.#table.hash(slot), FROM_MAIN)
    return slot
  }

  /**
   * Looks for the ghost of a new key and adapts the sizes of the queues.
   *
   * @returns whether the key was evicted recently, so that its item enters the main queue
   */
  #isKnown(hash: number): boolean {
    const ghosts = this.#ghosts
    if (!ghosts.take(hash)) return false
    const { origin, age } = ghosts.taken
    const items = Math.max(1, this.#queues.count(SMALL) + this.#queues.count(MAIN))
    if (age > items * MAX_AGE[origin]) return false
    const small = Math.min(ghosts.evicted(FROM_SMALL), items * MAX_AGE[FROM_SMALL])
    const main = Math.min(ghosts.evicted(FROM_MAIN), items * MAX_AGE[FROM_MAIN])
    const part = this.#part
    if (origin === FROM_SMALL) {
      if (age <= (1 - part) * items * REACH) this.#setPart(part + step(main, small) / items)
    } else if (age <= part * items + 1) {
      this.#setPart(part - step(small, main) / items)
    }
    if (this.#worth > MIN_WORTH) return true
    const candidates = (this.#words[this.#candidatesWord] + 1) | 0
    this.#words[this.#candidatesWord] = candidates
    return candidates % ADMIT_ONE_OF === 0
  }

  #noteWorth(wasHit: boolean): void {
    const worth = this.#worth
    this.#doubles[this.#worthDouble] = worth + ((wasHit ? 1 : 0) - worth) * WORTH_WEIGHT
  }

  /** @returns the part in shared memory if it is within its limits, or else the initial one */
  get #part(): number {
    const part = this.#doubles[this.#partDouble]
    return part >= MIN_PART && part <= MAX_PART ? part : START_PART
  }

  #setPart(part: number): void {
    this.#doubles[this.#partDouble] = Math.min(MAX_PART, Math.max(MIN_PART, part))
  }

  /** @returns the part of main items that were hit before they left; 1 until the first has left */
  get #worth(): number {
    const worth = this.#doubles[this.#worthDouble]
    return worth > 0 && worth <= 1 ? worth : 1
  }
}

/**
 * Computes a step as ARC does: the rarer the ghosts of a queue are, the more one of them counts.
 */
function step(others: number, own: number): number {
  return Math.max(1, others / Math.max(1, own))
}
