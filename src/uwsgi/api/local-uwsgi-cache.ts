/**
 * uWSGI's functions on a cache of this machine.
 */

import {
  type CacheKey,
  type CounterOperation,
  type ErrorCode,
  type StoredItem,
  UndercroftError,
} from '../../base/index.ts'
import type { Cache } from '../../cache/index.ts'
import {
  type Done,
  numberOf,
  type StoreRequest,
  trueOrNull,
  type UwsgiCache,
} from './uwsgi-cache.ts'

export class LocalUwsgiCache implements UwsgiCache {
  readonly cache: Cache

  constructor(cache: Cache) {
    this.cache = cache
  }

  get maxValueSize(): number {
    return this.cache.maxValueSize
  }

  get(key: CacheKey): Buffer | null {
    return this.item(key)?.bytes ?? null
  }

  item(key: CacheKey): StoredItem | null {
    return refusedAs(null, () => this.cache.getItem(key) ?? null)
  }

  store(key: CacheKey, { value, mode, ttlMs }: StoreRequest): Done {
    return refusedAs(null, () => trueOrNull(this.cache[mode](key, value, { ttlMs })))
  }

  delete(key: CacheKey): Done {
    return refusedAs(null, () => trueOrNull(this.cache.delete(key)))
  }

  exists(key: CacheKey): Done {
    return refusedAs(null, () => trueOrNull(this.cache.has(key)))
  }

  clear(): true {
    this.cache.clear()
    return true
  }

  count(key: CacheKey, operation: CounterOperation, by: bigint, ttlMs: number): Done {
    return refusedAs(null, () =>
      trueOrNull(this.cache.count(key, operation, by, { ttlMs }) !== undefined),
    )
  }

  num(key: CacheKey): number | bigint {
    return refusedAs(0, () => numberOf(this.cache.getItem(key)))
  }

  keys(): Buffer[] {
    const all: Buffer[] = []
    let cursor = 0
    do {
      const page = this.cache.keyPage(cursor, PAGE_SIZE)
      for (const key of page.keys) all.push(key)
      cursor = page.next
    } while (cursor !== 0)
    return all
  }
}

const PAGE_SIZE = 1000

/** uWSGI returns None for these errors; failures of the cache itself stay errors. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UNDERCROFT_KEY_INVALID',
  'UNDERCROFT_VALUE_TOO_LARGE',
  'UNDERCROFT_NOT_A_COUNTER',
])

function refusedAs<T>(answer: T, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (error instanceof UndercroftError && REFUSALS.has(error.code)) return answer
    throw error
  }
}
