/**
 * What rules need of the process they run in.
 */

import type { CacheKey, CacheLike, Clock, CounterOperation, StoredItem } from '../../base/index.ts'

export type Later<T> = T | Promise<T>

/** A cache as rules use it: null is every kind of no. Local ones answer at once. */
export interface RouteCache {
  /** The cache itself, for those who take turns; undefined: it is not on this machine. */
  readonly cache?: CacheLike | undefined
  /** Largest value it takes, in bytes. */
  readonly maxValueSize: number
  item(key: CacheKey): Later<StoredItem | null>
  /** Counts nothing. */
  exists(key: CacheKey): Later<true | null>
  store(key: CacheKey, request: StoreRequest): Later<true | null>
  /** `ttlMs` is for a counter that is made by this. */
  count(key: CacheKey, operation: CounterOperation, by: bigint, ttlMs: number): Later<true | null>
}

export interface StoreRequest {
  readonly value: string | Uint8Array
  readonly mode: 'add' | 'set'
  readonly ttlMs: number
}

/** The process around the rules. */
export interface RouterHost {
  readonly clock: Clock
  /** Which worker this is, from 1. */
  readonly workerId: number
  readonly pid: number
  /**
   * By its name, `name@address`, or undefined for the default cache. What does not exist answers
   * null to everything, or is undefined.
   */
  findCache(identifier: string | undefined): RouteCache | undefined
  /** One line for whoever runs the server. */
  log(line: string): void
}
