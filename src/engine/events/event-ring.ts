/**
 * The event ring, as writers use it: a record of each change, for the listeners of all processes.
 *
 * A position counts places and wraps at 2^32; an event takes one place, or more if its key is long.
 * A writer holds the writer lock, and publishes after the change itself is complete:
 * 1. `reserved` moves on. From here on, a listener no longer trusts the places that it covers.
 * 2. The event. Killed here or before: the event does not exist, and its places are used again.
 * 3. `eventCount`, and then `end`. Now listeners see the event.
 * A writer that is killed between a change and its event takes the event with it. The recovery that
 * follows publishes a gap, so every listener learns that it may have missed a change.
 *
 * A listener that goes to sleep sets `waiting` under the lock. So a writer needs no fence: it sees
 * the mark, or the listener sees the event.
 */

import { storeBefore, storeRelease } from '../../platform/index.ts'
import {
  EVENT,
  EVENT_KIND,
  EVENT_RING,
  EVENT_STRIDE,
  MAX_TAG_SIZE,
  placesOfEvent,
  type Segment,
} from '../../segment/index.ts'
import { keySizeOf } from '../item-info.ts'
import type { Position } from '../position.ts'
import type { SlotIndex, SlotTable } from '../slot-table.ts'

/** The position of an event in the ring. It wraps at 2^32. */
export type EventPosition = Position<'event'>
export type EventKind = (typeof EVENT_KIND)[keyof typeof EVENT_KIND]

/** Far beyond what writers can reach. Above it, adding one would change nothing. */
const COUNT_LIMIT = 2 ** 52

const STRIDE_WORDS = EVENT_STRIDE / 4
const RESERVED = EVENT_RING.fields.reserved.offset / 4
const END = EVENT_RING.fields.end.offset / 4
const WAITING = EVENT_RING.fields.waiting.offset / 4
const EVENT_COUNT = EVENT_RING.fields.eventCount.offset / 8
const KIND = EVENT.fields.kind.offset / 4
const KEY_SIZE = EVENT.fields.keySize.offset / 4
const SEQUENCE = EVENT.fields.sequence.offset / 8
const VERSION = EVENT.fields.version.offset / 8
const KEY = EVENT.size / 4

export class EventRing {
  readonly #segment: Segment
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  readonly #table: SlotTable
  /** The position of the record of the ring, in words. */
  readonly #at: number
  readonly #mask: number

  constructor(segment: Segment, table: SlotTable) {
    this.#segment = segment
    this.#words = segment.words
    this.#doubles = segment.doubles
    this.#table = table
    this.#at = segment.layout.eventsOffset / 4
    this.#mask = segment.geometry.eventPlaces - 1
  }

  /**
   * Publishes a change of one item, whose key is still in its slot.
   *
   * @param info - of the slot, before a removal
   */
  publish(kind: EventKind, slot: SlotIndex, info: number = this.#table.info(slot)): void {
    const size = keySizeOf(info)
    const at = this.#begin(kind, size, this.#table.itemVersion(slot))
    this.#table.readKey(slot, size, this.#words, at + KEY)
    this.#end()
  }

  /**
   * Publishes what concerns more than one item.
   *
   * @param mark - EVENT_SOFT or EVENT_FULL
   * @param name - the tag, of at most MAX_TAG_SIZE bytes
   */
  publishForAll(kind: EventKind, mark = 0, name = ''): void {
    const size = Buffer.byteLength(name)
    const at = this.#begin(kind | mark, size, 0)
    this.#segment.bytes.write(name, (at + KEY) * 4, MAX_TAG_SIZE)
    this.#end()
  }

  /** Repairs the ring, and publishes that events may be missing. Recovery calls it. */
  recover(): void {
    const at = (this.#at >> 1) + EVENT_COUNT
    if (!isCount(this.#doubles[at])) this.#doubles[at] = 0
    this.publishForAll(EVENT_KIND.gap)
  }

  /** @returns one sentence for each broken invariant; it runs under the lock */
  *problems(): Generator<string> {
    const reserved = this.#words[this.#at + RESERVED]
    const end = this.#words[this.#at + END]
    if (reserved !== end) yield `the event ring is reserved to ${reserved} and ends at ${end}`
    const count = this.#doubles[this.#at / 2 + EVENT_COUNT]
    if (!isCount(count)) yield `the event ring says that it had ${count} events`
  }

  /** @returns the position of the new event, in words */
  #begin(kind: number, keySize: number, version: number): number {
    const words = this.#words
    const doubles = this.#doubles
    const ring = this.#at
    const end: EventPosition = words[ring + END]
    storeBefore(words, ring + RESERVED, (end + placesOfEvent(keySize)) | 0)
    const at = ring + STRIDE_WORDS * (1 + (end & this.#mask))
    words[at + KIND] = kind
    words[at + KEY_SIZE] = keySize
    doubles[(at >> 1) + SEQUENCE] = doubles[(ring >> 1) + EVENT_COUNT]
    doubles[(at >> 1) + VERSION] = version
    return at
  }

  #end(): void {
    const words = this.#words
    const ring = this.#at
    this.#doubles[(ring >> 1) + EVENT_COUNT] += 1
    storeRelease(words, ring + END, words[ring + RESERVED])
    if (words[ring + WAITING] !== 0) this.#wakeListeners()
  }

  /**
   * The mark goes last. Killed before: the next writer wakes the listeners again.
   */
  #wakeListeners(): void {
    this.#segment.mapping.wakeWatchers(this.#at * 4 + EVENT_RING.fields.wakeUp.offset)
    this.#words[this.#at + WAITING] = 0
  }
}

/** @returns whether a number from shared memory can be a count of events */
function isCount(value: number): boolean {
  return value >= 0 && value < COUNT_LIMIT
}
