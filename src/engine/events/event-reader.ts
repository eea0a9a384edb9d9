/**
 * The event ring, as a listener uses it: events in the order of the changes, without the lock.
 *
 * Nothing in the ring is trusted before it is checked: a writer may be overwriting it. An event is
 * copied, and then `end` shows whether its places were still untouched. A reader that was too slow
 * continues at the end of the ring, because a listener that missed a change has to look at the
 * cache in any case.
 */

import type { Clock } from '../../base/index.ts'
import { loadAcquire, loadAfterReads } from '../../platform/index.ts'
import {
  EVENT,
  EVENT_FULL,
  EVENT_KIND,
  EVENT_KIND_SHIFT,
  EVENT_SOFT,
  KEY_SIZE_MASK,
  MAX_TAG_SIZE,
  placesOfEvent,
  type Segment,
} from '../../segment/index.ts'
import type { EngineContext } from '../engine-context.ts'
import { versionOf } from '../item-info.ts'
import { NO_SLOT } from '../slot-table.ts'
import type { WriterSection } from '../writer-section.ts'
import {
  CHANGES_OF,
  END,
  EVENT_COUNT,
  EVENT_INFO,
  type EventKind,
  type EventPosition,
  POSITION,
  SLOT_OF,
  STRIDE_WORDS,
  WAITING,
} from './event-ring.ts'

const KIND_MASK = 0xff
const LAST_KIND = EVENT_KIND.gap
/**
 * A reader that did not look for this long continues at the end. Writers do not take 2^32 places in
 * that time, so positions never repeat unnoticed.
 */
const LONGEST_PAUSE_MS = 10 * 60_000

/** One event, as it was read. */
export interface ReadEvent {
  readonly kind: EventKind
  /** EVENT_SOFT, EVENT_FULL, or 0. */
  readonly mark: number
  /** The key or the tag. Bytes that are not UTF-8 are replaced. */
  readonly key: string
  /** The version of the item after the change; 0 if the event concerns no single item. */
  readonly version: number
  /** For a gap: how many events were missed; undefined if that is not known. */
  readonly missed?: number | undefined
}

export class EventReader {
  readonly #segment: Segment
  readonly #section: WriterSection
  readonly #clock: Clock
  readonly #at: number
  readonly #placeCount: number
  readonly #longestKey: number
  #position: EventPosition = 0
  /** The number of the next event. */
  #sequence = 0
  #lookedAtMs = 0

  /** Begins with the next event. */
  constructor({ segment, clock }: EngineContext, section: WriterSection) {
    this.#segment = segment
    this.#section = section
    this.#clock = clock
    this.#at = segment.layout.eventsOffset / 4
    this.#placeCount = segment.geometry.eventPlaces
    this.#longestKey = Math.max(segment.geometry.maxKeySize, MAX_TAG_SIZE)
    this.#section.run(() => this.#moveToEnd())
  }

  /**
   * Reads the next event.
   *
   * @returns undefined if there is none now
   */
  next(): ReadEvent | undefined {
    const end: EventPosition = loadAcquire(this.#segment.words, this.#at + END)
    if (end === this.#position) {
      this.#lookedAtMs = this.#clock.elapsedMs()
      return undefined
    }
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
    const { words, bytes } = this.#segment
    const at = this.#at + STRIDE_WORDS * (1 + (this.#position & (this.#placeCount - 1)))
    const info = words[at + EVENT_INFO]
    const keySize = info & KEY_SIZE_MASK
    const kind = (info >>> EVENT_KIND_SHIFT) & KIND_MASK
    if (words[at + POSITION] !== this.#position) return undefined
    if (kind === 0 || kind > LAST_KIND || keySize > this.#longestKey) return undefined
    const places = placesOfEvent(keySize)
    if (places > available) return undefined
    const slot = words[at + SLOT_OF]
    const version = slot === NO_SLOT ? 0 : versionOf(slot, words[at + CHANGES_OF])
    const start = at * 4 + EVENT.size
    const key = bytes.toString('utf8', start, start + keySize)
    if (!this.#isIntact()) return undefined
    this.#position = (this.#position + places) | 0
    this.#sequence = (this.#sequence + 1) | 0
    return { kind: kind as EventKind, mark: info & (EVENT_SOFT | EVENT_FULL), key, version }
  }

  /** @returns whether no writer has touched the places at the position so far */
  #isIntact(): boolean {
    const end: EventPosition = loadAfterReads(this.#segment.words, this.#at + END)
    const beingWritten = placesOfEvent(this.#longestKey)
    if ((end - this.#position) >>> 0 > this.#placeCount - beingWritten) return false
    return this.#clock.elapsedMs() - this.#lookedAtMs < LONGEST_PAUSE_MS
  }

  /**
   * Continues at the end of the ring.
   *
   * @returns a gap; undefined if a writer holds the lock, and a later call tries again
   */
  #skip(): ReadEvent | undefined {
    const expected = this.#sequence
    if (this.#section.runUnlessTaken(() => this.#moveToEnd()) === undefined) return undefined
    const missed = (this.#sequence - expected) >>> 0
    return {
      kind: EVENT_KIND.gap,
      mark: 0,
      key: '',
      version: 0,
      missed: missed === 0 ? undefined : missed,
    }
  }

  /** It runs under the lock, so `eventCount` and `end` are of the same event. */
  #moveToEnd(): true {
    const { words } = this.#segment
    this.#position = words[this.#at + END]
    this.#sequence = words[this.#at + EVENT_COUNT]
    this.#lookedAtMs = this.#clock.elapsedMs()
    return true
  }
}
