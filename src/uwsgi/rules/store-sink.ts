/**
 * Putting a response into a cache, as it is and compressed.
 */

import { promisify } from 'node:util'
import { gzip, gzipSync } from 'node:zlib'
import type { CacheKey } from '../../base/index.ts'
import type { StoreTurn } from './flow.ts'
import type { RouteCache } from './host.ts'
import type { ResponseHead, ResponseSink } from './response-sink.ts'

/** One cachestore rule, filled in for a request. */
export interface StoreOrder {
  readonly cache: RouteCache
  readonly key: CacheKey
  readonly gzipKey: CacheKey | undefined
  /** Stored instead of the body. */
  readonly value: string | Uint8Array | undefined
  readonly ttlMs: number
  readonly wants: (head: ResponseHead) => boolean
  /** Others wait for it. */
  readonly turn: StoreTurn | undefined
  readonly log: (line: string) => void
}

/** Bodies above this are given to the client only, whatever the cache would take. */
const MAX_BODY_SIZE = 64 * 1024 * 1024

/** Compressed at once, so that the next request finds it; larger ones not on this thread. */
const SMALL_SIZE = 64 * 1024

const gzipLater = promisify(gzip)

/** Failing to store is no reason to fail: too large, full and unknown caches are silent. */
export class StoreSink implements ResponseSink {
  readonly maxBodySize: number
  readonly #order: StoreOrder

  constructor(order: StoreOrder) {
    this.#order = order
    const isBodyStored = order.value === undefined
    this.maxBodySize = isBodyStored ? Math.min(order.cache.maxValueSize, MAX_BODY_SIZE) : 0
  }

  wants(head: ResponseHead): boolean {
    const isWanted = this.#order.wants(head)
    if (!isWanted) this.miss()
    return isWanted
  }

  miss(): void {
    this.#order.turn?.end(false)
  }

  take(body: Buffer): void {
    const { key, gzipKey, turn } = this.#order
    const value = this.#order.value ?? body
    if (value.length === 0) {
      this.miss()
      return
    }
    const isStored = this.#store(key, value)
    turn?.end(isStored)
    if (gzipKey === undefined) return
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    if (bytes.length <= SMALL_SIZE) this.#store(gzipKey, gzipSync(bytes))
    else this.#finish(gzipLater(bytes).then(coded => this.#store(gzipKey, coded)))
  }

  /** False: there is no room for it. */
  #store(key: CacheKey, value: string | Uint8Array): boolean {
    const { cache, ttlMs } = this.#order
    const outcome = cache.store(key, { value, mode: 'set', ttlMs })
    if (outcome instanceof Promise) this.#finish(outcome)
    return outcome !== null
  }

  /** Nobody waits for it. */
  #finish(work: Promise<unknown>): void {
    work.catch(error => this.#order.log(`[uwsgi-route] cachestore failed: ${error}`))
  }
}
