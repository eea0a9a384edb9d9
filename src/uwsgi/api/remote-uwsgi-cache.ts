/**
 * uWSGI's functions on a cache at another address, over connections that are kept open.
 *
 * As in uWSGI, every failure on the way is a miss. The first failure of each cache also emits a
 * process warning, because a server that is down otherwise looks like an empty cache.
 */

import {
  type CacheKey,
  type CounterOperation,
  type ErrorCode,
  type StoredItem,
  UndercroftError,
} from '../../base/index.ts'
import { RemoteCache, type RemoteCacheOptions } from '../../client/index.ts'
import {
  type Done,
  numberOf,
  type StoreRequest,
  trueOrNull,
  type UwsgiCache,
} from './uwsgi-cache.ts'

/** The default of `RemoteCacheOptions.maxValueSize`. */
const MAX_REMOTE_VALUE_SIZE = 64 * 1024 * 1024

export class RemoteUwsgiCache implements UwsgiCache {
  readonly #cache: RemoteCache
  readonly #identifier: string
  #isWarned = false

  /** @throws UndercroftError UNDERCROFT_OPTION_INVALID for an identifier with an invalid address */
  constructor(identifier: string, options: RemoteCacheOptions) {
    this.#identifier = identifier
    this.#cache = new RemoteCache(identifier, options)
  }

  /**
   * The server does not report its limit; this is the largest value that the client accepts in a
   * response.
   */
  get maxValueSize(): number {
    return MAX_REMOTE_VALUE_SIZE
  }

  async get(key: CacheKey): Promise<Buffer | null> {
    return (await this.item(key))?.bytes ?? null
  }

  item(key: CacheKey): Promise<StoredItem | null> {
    return this.#failingAs(null, async cache => (await cache.getItem(key)) ?? null)
  }

  store(key: CacheKey, { value, mode, ttlMs }: StoreRequest): Promise<Done> {
    return this.#failingAs(null, async cache =>
      trueOrNull(await cache[mode](key, value, { ttlMs })),
    )
  }

  delete(key: CacheKey): Promise<Done> {
    return this.#failingAs(null, async cache => trueOrNull(await cache.delete(key)))
  }

  exists(key: CacheKey): Promise<Done> {
    return this.#failingAs(null, async cache => trueOrNull(await cache.has(key)))
  }

  clear(): Promise<Done> {
    return this.#failingAs<Done>(null, async cache => {
      await cache.clear()
      return true
    })
  }

  /** A uWSGI server has no arithmetic over the network: it refuses, so the result is null. */
  count(key: CacheKey, operation: CounterOperation, by: bigint, ttlMs: number): Promise<Done> {
    return this.#failingAs(null, async cache =>
      trueOrNull((await cache.count(key, operation, by, { ttlMs })) !== undefined),
    )
  }

  num(key: CacheKey): Promise<number | bigint> {
    return this.#failingAs(0, async cache => numberOf(await cache.getItem(key)))
  }

  close(): Promise<void> {
    return this.#cache.close()
  }

  async #failingAs<T>(answer: T, act: (cache: RemoteCache) => Promise<T>): Promise<T> {
    try {
      return await act(this.#cache)
    } catch (error) {
      if (!(error instanceof UndercroftError)) throw error
      if (!EXPECTED.has(error.code)) this.#warnOnce(error)
      return answer
    }
  }

  #warnOnce(error: UndercroftError): void {
    if (this.#isWarned) return
    this.#isWarned = true
    process.emitWarning(
      `a call to the cache ${this.#identifier} returns a miss: ${error.message} ` +
        `(${error.code}). Further failures are silent`,
      { type: 'UndercroftWarning', code: 'UNDERCROFT_REMOTE_FAILED' },
    )
  }
}

/** Refusals rather than failures: the key, the value or the item does not suit the request. */
const EXPECTED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UNDERCROFT_KEY_INVALID',
  'UNDERCROFT_VALUE_TOO_LARGE',
  'UNDERCROFT_NOT_A_COUNTER',
])
