/**
 * The event ring, as a listener uses it: events in the order of the changes, without the lock.
 *
 * Nothing in the ring is trusted before it is checked: a writer may be overwriting it. An event is
 * copied, and then `reserved` shows whether its places were still untouched. A reader that was too
 * slow continues at the end of the ring, because a listener that missed a change has to look at the
 * cache in any case.
 */

import { loadAcquire, loadAfterReads } from '../../platform/index.ts'
import {
  EVENT,
  EVENT_KIND,
  EVENT_RING,
  EVENT_STRIDE,
  MAX_TAG_SIZE,
  placesOfEvent,
  type Segment,
} from '../../segment/index.ts'
import type { WriterSection } from '../writer-section.ts'
import type { EventKind, EventPosition } from './event-ring.ts'

const KIND_MASK = 0xff
const LAST_KIND = EVENT_KIND.gap

const STRIDE_WORDS = EVENT_STRIDE / 4
const RESERVED = EVENT_RING.fields.reserved.offset / 4
const END = EVENT_RING.fields.end.offset / 4
const WAITING = EVENT_RING.fields.waiting.offset / 4
const EVENT_COUNT = EVENT_RING.fields.eventCount.offset / 8
const KIND = EVENT.fields.kind.offset / 4
const KEY_SIZE = EVENT.fields.keySize.offset / 4
const SEQUENCE = EVENT.fields.sequence.offset / 8
const VERSION = EVENT.fields.version.offset / 8

/** One event, as it was read. */
export interface ReadEvent {
  readonly kind: EventKind
  /** EVENT_SOFT, EVENT_FULL, or 0. */
  readonly mark: number
  /** The key or the tag. Bytes that are not UTF-8 are replaced. */
  readonly key: string
  readonly version: number
  /** For a gap: how many events were missed; undefined if that is not known. */
  readonly missed?: number | undefined
}

export class EventReader {
  readonly #segment: Segment
  readonly #section: WriterSection
  readonly #at: number
  readonly #placeCount: number
  readonly #longest: number
  #position: EventPosition = 0
  #sequence = 0

  /** Begins with the next event. */
  constructor(segment: Segment, section: WriterSection) {
    this.#segment = segment
    this.#section = section
    this.#at = segment.layout.eventsOffset / 4
    this.#placeCount = segment.geometry.eventPlaces
    this.#longest = Math.max(segment.geometry.maxKeySize, MAX_TAG_SIZE)
    this.#section.run(() => this.#moveToEnd())
  }

  /**
   * Reads the next event.
   *
   * @returns undefined if there is none now
   */
  next(): ReadEvent | undefined {
    const end: EventPosition = loadAcquire(this.#segment.words, this.#at + END)
    if (end === this.#position) return undefined
    return this.#readEvent((end - this.#position) >>> 0) ?? this.#skip()
  }

  /**
   * Prepares to sleep: the next writer wakes the watchers of the segment.
   *
   * @returns false if there are events to read, or if a writer holds the lock
   */
  prepareToSleep(): boolean {
    const { words } = this.#segment
    const isAsleep = this.#section.runUnlessTaken(() => {
      if (words[this.#at + END] !== this.#position) return false
      words[this.#at + WAITING] = 1
      return true
    })
    return isAsleep === true
  }

  /**
   * @param available - the places from the position to the end of the ring
   * @returns undefined if the event was overwritten or is damaged
   */
  #readEvent(available: number): ReadEvent | undefined {
    const { words, doubles, bytes } = this.#segment
    const at = this.#at + STRIDE_WORDS * (1 + (this.#position & (this.#placeCount - 1)))
    const keySize = words[at + KEY_SIZE]
    const kind = words[at + KIND] & KIND_MASK
    const version = doubles[at / 2 + VERSION]
    if (doubles[at / 2 + SEQUENCE] !== this.#sequence) return undefined
    if (kind === 0 || kind > LAST_KIND || keySize < 0 || keySize > this.#longest) return undefined
    const places = placesOfEvent(keySize)
    if (places > available) return undefined
    const mark = words[at + KIND] & ~KIND_MASK
    const start = at * 4 + EVENT.size
    const key = bytes.toString('utf8', start, start + keySize)
    const reserved = loadAfterReads(words, this.#at + RESERVED)
    if ((reserved - this.#position) >>> 0 > this.#placeCount) return undefined
    this.#position = (this.#position + places) | 0
    this.#sequence++
    return { kind: kind as EventKind, mark, key, version }
  }

  /**
   * Continues at the end of the ring.
   *
   * @returns a gap; undefined if a writer holds the lock, and a later call tries again
   */
  #skip(): ReadEvent | undefined {
    const expected = this.#sequence
    if (this.#section.runUnlessTaken(() => this.#moveToEnd()) === undefined) return undefined
    const missed = this.#sequence - expected
    const isKnown = Number.isSafeInteger(missed) && missed > 0
    return {
      kind: EVENT_KIND.gap,
      mark: 0,
      key: '',
      version: 0,
      missed: isKnown ? missed : undefined,
    }
  }

  /** It runs under the lock, so `eventCount` and `end` are of the same event. */
  #moveToEnd(): true {
    const { words, doubles } = this.#segment
    this.#position = words[this.#at + END]
    this.#sequence = doubles[this.#at / 2 + EVENT_COUNT]
    return true
  }
}
