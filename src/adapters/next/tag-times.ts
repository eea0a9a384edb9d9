/**
 * When tags were invalidated, for both handlers of Next.js and all processes.
 *
 * A tag has one record, however many entries have the tag. A record must not leave before the
 * entries that it ends, so it is pinned. Where no more can be pinned, one floor takes the place of
 * all records: every entry made before it counts as expired, and the records are deleted.
 */

import type { AdapterHome, AdapterStore } from '../shared/adapter-store.ts'

/** How Next.js invalidates: stale now, and expired after seconds; without it: expired now. */
export interface Durations {
  readonly expire?: number | undefined
}

/** Moments in Unix milliseconds; 0: never. */
interface TagTimes {
  readonly staleAtMs: number
  /** The last moment that is over, and one that may still come. */
  readonly expiredAtMs: number
  readonly expiresAtMs: number
}

const NEVER: TagTimes = { staleAtMs: 0, expiredAtMs: 0, expiresAtMs: 0 }
const FLOOR = 'floor'
/** Longer than a process takes from the floor to the deletion of the records. */
const FLOOR_AHEAD_MS = 1000

/** The tags of one project. */
export class TagTable {
  readonly #home: AdapterHome
  readonly #tags: AdapterStore
  readonly #floor: AdapterStore

  constructor(home: AdapterHome, prefix: string) {
    this.#home = home
    this.#tags = home.store(`${prefix}-tags`)
    this.#floor = home.store(`${prefix}-tags-floor`)
  }

  /** Invalidates tags, for all processes at once. */
  invalidate(tags: Iterable<string>, durations: Durations | undefined): void {
    for (const tag of tags) {
      const now = this.#home.nowMs()
      const change = (old: unknown) => changed((old ?? NEVER) as TagTimes, now, durations)
      if (this.#tags.update(tag, change, { ttlMs: Infinity, pinned: true }) === 'refused') {
        this.#raiseFloor()
      }
    }
  }

  /** @returns whether an entry that was made at a moment must not be served */
  isExpired(tags: readonly string[], madeAtMs: number): boolean {
    return this.expiredAtMs(tags) > madeAtMs
  }

  /** @returns whether an entry that was made at a moment is served and made again */
  isStale(tags: readonly string[], madeAtMs: number): boolean {
    return tags.some(tag => this.#timesOf(tag).staleAtMs > madeAtMs)
  }

  /** @returns the last moment at which one of the tags expired, which is over; 0: none did */
  expiredAtMs(tags: readonly string[]): number {
    const now = this.#home.nowMs()
    const floor = (this.#floor.get(FLOOR) as number | undefined) ?? 0
    return tags.reduce((last, tag) => Math.max(last, overAt(this.#timesOf(tag), now)), floor)
  }

  /**
   * The floor is set before the records go, so that nothing comes back to life, and again after, so
   * that it covers a record that another process wrote in between.
   */
  #raiseFloor(): void {
    const raise = () => {
      const floor = this.#home.nowMs() + FLOOR_AHEAD_MS
      this.#floor.set(FLOOR, floor, { ttlMs: Infinity })
    }
    raise()
    this.#tags.clear()
    raise()
  }

  #timesOf(tag: string): TagTimes {
    return (this.#tags.get(tag) as TagTimes | undefined) ?? NEVER
  }
}

function changed(old: TagTimes, now: number, durations: Durations | undefined): TagTimes {
  const expiredAtMs = overAt(old, now)
  if (durations === undefined) return { ...old, expiredAtMs: now, expiresAtMs: 0 }
  const pending = old.expiresAtMs > now ? old.expiresAtMs : 0
  const wanted = durations.expire === undefined ? 0 : now + durations.expire * 1000
  const expiresAtMs = pending > 0 && wanted > 0 ? Math.min(pending, wanted) : pending || wanted
  return { staleAtMs: now, expiredAtMs, expiresAtMs }
}

/** @returns the last moment of expiry that is over; 0: none */
function overAt({ expiredAtMs, expiresAtMs }: TagTimes, now: number): number {
  return expiresAtMs > 0 && expiresAtMs <= now ? Math.max(expiredAtMs, expiresAtMs) : expiredAtMs
}
