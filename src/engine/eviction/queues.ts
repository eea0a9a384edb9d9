/**
 * Two queues of slots, as rings of links in a region next to the slots: 8 bytes an item.
 */

import { ADAPTIVE, type Segment } from '../../segment/index.ts'
import { NeedsRebuild } from '../needs-rebuild.ts'
import { NO_SLOT, type SlotIndex } from '../slot-table.ts'

export const SMALL = 0
export const MAIN = 1

export type Queue = typeof SMALL | typeof MAIN

/** A node is a slot or one of two heads. The heads are 0 and the number after the last slot. */
const NODE_WORDS = 2
const OLDER = 0
const NEWER = 1

export class Queues {
  readonly #words: Int32Array
  readonly #slotCount: number
  readonly #linksWord: number
  readonly #heads: readonly [number, number]
  readonly #counts: readonly [number, number]

  constructor(segment: Segment) {
    const { layout, geometry } = segment
    const { smallCount, mainCount } = ADAPTIVE.fields
    this.#words = segment.words
    this.#slotCount = geometry.maxItems
    this.#linksWord = layout.queuesOffset / 4
    this.#heads = [0, geometry.maxItems + 1]
    this.#counts = [
      (layout.adaptiveOffset + smallCount.offset) / 4,
      (layout.adaptiveOffset + mainCount.offset) / 4,
    ]
  }

  count(queue: Queue): number {
    const count = this.#words[this.#counts[queue]]
    return Math.max(0, Math.min(count, this.#slotCount))
  }

  /** @returns the slot that was pushed first, or NO_SLOT if the queue is empty */
  last(queue: Queue): SlotIndex {
    if (this.count(queue) === 0) return NO_SLOT
    const head = this.#heads[queue]
    // The ring closes at the head, so the node after the head is the oldest slot.
    const slot: SlotIndex = this.#words[this.#at(head) + NEWER]
    if (!this.#isSlot(slot)) throw new NeedsRebuild(`a queue begins with slot ${slot}`)
    return slot
  }

  push(queue: Queue, slot: SlotIndex): void {
    const words = this.#words
    const head = this.#heads[queue]
    // The links of an empty queue may not be valid: those of an unused queue are zeros, and `clear`
    // resets only the count.
    const isEmpty = this.count(queue) === 0
    const newest = isEmpty ? head : words[this.#at(head) + OLDER]
    if (newest !== head && !this.#isSlot(newest)) {
      throw new NeedsRebuild(`a queue ends with slot ${newest}`)
    }
    words[this.#at(slot) + OLDER] = newest
    words[this.#at(slot) + NEWER] = head
    words[this.#at(newest) + NEWER] = slot
    words[this.#at(head) + OLDER] = slot
    words[this.#counts[queue]] += 1
  }

  remove(queue: Queue, slot: SlotIndex): void {
    const words = this.#words
    const older = words[this.#at(slot) + OLDER]
    const newer = words[this.#at(slot) + NEWER]
    const head = this.#heads[queue]
    const fits =
      this.count(queue) > 0 &&
      (older === head || this.#isSlot(older)) &&
      (newer === head || this.#isSlot(newer)) &&
      words[this.#at(older) + NEWER] === slot &&
      words[this.#at(newer) + OLDER] === slot
    if (!fits) throw new NeedsRebuild(`slot ${slot} is not in its queue`)
    words[this.#at(older) + NEWER] = newer
    words[this.#at(newer) + OLDER] = older
    words[this.#counts[queue]] -= 1
  }

  clear(): void {
    for (const word of this.#counts) this.#words[word] = 0
  }

  /** Walks from the oldest slot to the newest, and takes no more steps than there are slots. */
  *walk(queue: Queue): Generator<SlotIndex> {
    const head = this.#heads[queue]
    let node = this.count(queue) === 0 ? head : this.#words[this.#at(head) + NEWER]
    for (let steps = 0; steps < this.#slotCount && this.#isSlot(node); steps++) {
      yield node
      node = this.#words[this.#at(node) + NEWER]
    }
  }

  *problems(queue: Queue, name: string): Generator<string> {
    let length = 0
    let before: number = this.#heads[queue]
    for (const slot of this.walk(queue)) {
      length++
      if (this.#words[this.#at(slot) + OLDER] !== before) {
        yield `slot ${slot} in the ${name} queue does not lead back to ${before}`
      }
      before = slot
    }
    const count = this.#words[this.#counts[queue]]
    if (length !== count) yield `the ${name} queue has ${length} items, its count says ${count}`
  }

  #isSlot(node: number): boolean {
    return node >= 1 && node <= this.#slotCount
  }

  #at(node: number): number {
    return this.#linksWord + node * NODE_WORDS
  }
}
