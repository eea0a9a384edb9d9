/**
 * The events of a cache, as listeners get them.
 */

import type { ReadEvent } from '../../engine/index.ts'
import { EVENT_FULL, EVENT_KIND, EVENT_SOFT } from '../../segment/index.ts'

/** A change of one item. */
export interface ItemEvent {
  /** The key. Bytes that are not UTF-8 are replaced, as `keys()` does. */
  readonly key: string
  /**
   * The version of the item, as `getEntry` returns it. The versions of one key grow, until the item
   * leaves the cache.
   */
  readonly version: number
}

/** A cache was cleared. */
export interface ClearEvent {
  /** True: by a set that found no room, in a cache with `eviction: 'clear'`. */
  readonly full: boolean
}

/** A tag was deleted. Its items have no events of their own. */
export interface InvalidateEvent {
  readonly tag: string
  /** True: the items are stale, and not gone. */
  readonly soft: boolean
}

/** Events are missing here, so a listener that follows items must read them again. */
export interface GapEvent {
  /**
   * How many events were missed; undefined after a process died in the middle of a change, which
   * is then in the cache or not.
   */
  readonly missed: number | undefined
}

/** The events by name, and what a listener of each gets. */
export interface CacheEvents {
  /** A value was stored, or a counter changed. */
  readonly set: ItemEvent
  /** A live item was deleted. */
  readonly delete: ItemEvent
  /** The room of an expired item was freed, by a sweep or by a call that needs the room. */
  readonly expire: ItemEvent
  /** A live item was removed to make room. */
  readonly evict: ItemEvent
  readonly clear: ClearEvent
  readonly invalidate: InvalidateEvent
  readonly gap: GapEvent
}

export type CacheEventName = keyof CacheEvents

/** The number of an event in the ring by its name. */
export const EVENT_KINDS: Readonly<Record<CacheEventName, number>> = EVENT_KIND

/** @returns what a listener of this kind of event gets */
export function toCacheEvent(event: ReadEvent): CacheEvents[CacheEventName] {
  switch (event.kind) {
    case EVENT_KIND.clear:
      return { full: (event.mark & EVENT_FULL) !== 0 }
    case EVENT_KIND.invalidate:
      return { tag: event.key, soft: (event.mark & EVENT_SOFT) !== 0 }
    case EVENT_KIND.gap:
      return { missed: event.missed }
    default:
      return { key: event.key, version: event.version }
  }
}

/** @returns whether the event concerns one item */
export function isItemEvent({ kind }: ReadEvent): boolean {
  return kind < EVENT_KIND.clear
}
