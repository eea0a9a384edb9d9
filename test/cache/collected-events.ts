/**
 * Opens caches with events, and collects what their listeners get.
 */

import type { TestContext } from 'node:test'
import { Cache, type CacheEventName, type CacheEvents, type CacheOptions } from '../../src/index.ts'
import { until } from '../../testing/deadline.ts'

export const EVENTS = 4096
const NAMES: readonly CacheEventName[] = [
  'set',
  'delete',
  'expire',
  'evict',
  'clear',
  'invalidate',
  'gap',
]

let opened = 0

export function open(t: TestContext, options: Partial<CacheOptions> = {}): Cache {
  const cache = Cache.open({
    name: `events-${process.pid}-${++opened}`,
    maxItems: 10,
    memory: 'private',
    events: EVENTS,
    ...options,
  })
  t.after(() => cache.close())
  return cache
}

export type Seen = CacheEvents[CacheEventName] & { readonly name: CacheEventName }

/** Collects all events of a cache or a namespace. */
export function collect(cache: Pick<Cache, 'on'>): Seen[] {
  const seen: Seen[] = []
  for (const name of NAMES) cache.on(name, event => seen.push({ name, ...event }))
  return seen
}

/** Waits until all events so far were delivered: a set comes after them. */
export async function settled(cache: Cache, seen: Seen[]): Promise<Seen[]> {
  cache.set('the end', 0)
  await until('the last event came', () => seen.some(isLast))
  return seen.filter(event => !isLast(event))
}

export function isLast(event: Seen): boolean {
  return 'key' in event && event.key.endsWith('the end')
}

/** @returns events without their versions */
export function plain(seen: readonly Seen[]): string[] {
  return seen.map(event => {
    if ('key' in event) return `${event.name} ${event.key}`
    if ('tag' in event) return `${event.name} ${event.tag}${event.soft ? ' softly' : ''}`
    if ('prefix' in event) return `${event.name} "${event.prefix}"${event.full ? ' full' : ''}`
    return `${event.name} ${event.missed}`
  })
}
