/**
 * The events of a cache, as listeners get them.
 */

import type { ReadEvent } from '../../engine/index.ts'
import { EVENT_FULL, EVENT_KIND, EVENT_SOFT } from '../../segment/index.ts'
import { clearedPrefix } from '../circumstances.ts'

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

/** A cache was cleared, or a namespace. The items have no events of their own. */
export interface ClearEvent {
  /** The prefix of the namespace; empty: all items are gone. */
  readonly prefix: string
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

/** The name of an event. */
export type CacheEventName = keyof CacheEvents

/** What a listener of any event gets. */
export type AnyEvent = CacheEvents[CacheEventName]

export interface NamedEvent {
  readonly name: CacheEventName
  readonly event: AnyEvent
}

export const EVENT_NAMES = Object.keys(EVENT_KIND) as CacheEventName[]

/** The names of the events of one item, by their kinds. */
const ITEM_EVENTS = {
  [EVENT_KIND.set]: 'set',
  [EVENT_KIND.delete]: 'delete',
  [EVENT_KIND.expire]: 'expire',
  [EVENT_KIND.evict]: 'evict',
} as const

/** @returns the name of an event, and what a listener of that name gets */
export function toCacheEvent({ kind, mark, key, version, missed }: ReadEvent): NamedEvent {
  if (kind === EVENT_KIND.gap) return { name: 'gap', event: { missed } }
  if (kind === EVENT_KIND.clear) {
    return { name: 'clear', event: { prefix: '', full: (mark & EVENT_FULL) !== 0 } }
  }
  if (kind !== EVENT_KIND.invalidate) return { name: ITEM_EVENTS[kind], event: { key, version } }
  const prefix = clearedPrefix(key)
  if (prefix !== undefined) return { name: 'clear', event: { prefix, full: false } }
  return { name: 'invalidate', event: { tag: key, soft: (mark & EVENT_SOFT) !== 0 } }
}

/** @returns the event as a listener of a namespace gets it; undefined: it concerns other items */
export function within(prefix: string, event: AnyEvent): AnyEvent | undefined {
  if ('key' in event) {
    if (!event.key.startsWith(prefix)) return undefined
    return { ...event, key: event.key.slice(prefix.length) }
  }
  if (!('prefix' in event)) return event
  if (prefix.startsWith(event.prefix)) return { ...event, prefix: '' }
  if (!event.prefix.startsWith(prefix)) return undefined
  return { ...event, prefix: event.prefix.slice(prefix.length) }
}

/** @returns whether the event concerns one item */
export function isItemEvent({ kind }: ReadEvent): boolean {
  return kind < EVENT_KIND.clear
}
