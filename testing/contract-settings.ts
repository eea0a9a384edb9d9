/**
 * The kinds of caches that the cache contract is tested with: a local cache in any mode, and a
 * remote cache.
 */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { AnyCache, Awaitable } from '../src/base/cache-like.ts'
import { DEFAULT_MAX_KEY_SIZE } from '../src/base/facts.ts'
import { RemoteCache } from '../src/client/index.ts'
import { Cache, type CacheOptions } from '../src/index.ts'
import { serveCaches } from '../src/server/index.ts'
import type { LocalSetting } from './local-contract.ts'
import { ManualClock } from './manual-clock.ts'
import { processDir } from './temp-dir.ts'

export interface ContractSetting {
  /** Opens a new cache, which is empty. */
  open<V = unknown>(options: Partial<CacheOptions>): Promise<ContractSubject<V>>
  readonly exceptions: ContractExceptions
}

/**
 * The promises that a kind of cache cannot keep, each with the reason. A test of its own shows that
 * the exception is still true.
 */
export interface ContractExceptions {
  /** An answer is not a promise, and a refusal is thrown. */
  readonly answersAtOnce?: string
  /** Values that need V8's serialization are kept. */
  readonly keepsStructuredValues?: string
  /** Iteration over entries does not count as hits. */
  readonly iteratesUncounted?: string
  /** `clear` returns how many items there were. */
  readonly countsCleared?: string
  /** A read of a key that is too long is refused. */
  readonly refusesLongKeysInReads?: string
}

export interface ClosableCache<V = unknown> extends AnyCache<V> {
  close(): Awaitable<void>
}

export interface ContractSubject<V = unknown> extends AsyncDisposable {
  readonly cache: ClosableCache<V>
  /** The clock of the cache. A remote cache has none: this is the clock of the server's cache. */
  readonly clock: ManualClock
  /** Largest value in bytes. */
  readonly maxValueSize: number
  /** Opens the same cache a second time. */
  openAgain(): ClosableCache
}

/** Opens caches in this process with the options of one mode. */
export function localSetting(mode: Partial<CacheOptions>): ContractSetting {
  return {
    exceptions: {},
    async open<V>(options: Partial<CacheOptions>): Promise<ContractSubject<V>> {
      const { cache, clock } = openLocal<V>({ ...mode, ...options })
      return {
        cache,
        clock,
        maxValueSize: cache.maxValueSize,
        openAgain: () => Cache.open({ name: cache.name, directory, ...mode }),
        async [Symbol.asyncDispose]() {
          destroy(cache)
        },
      }
    },
  }
}

/** Opens namespaces of caches in this process, together with what only the cache has. */
export const namespaceSetting: ContractSetting = {
  exceptions: {
    countsCleared: 'clear takes the same time for any number of items, so it does not count them',
  },
  async open<V>(options: Partial<CacheOptions>): Promise<ContractSubject<V>> {
    const maxKeySize = (options.maxKeySize ?? DEFAULT_MAX_KEY_SIZE) + `${NAMESPACE}:`.length
    const { cache, clock } = openLocal<V>({ ...options, maxKeySize })
    const namespace = namespaceOf(cache)
    return {
      cache: namespace,
      clock,
      maxValueSize: namespace.maxValueSize,
      openAgain: () => namespaceOf(Cache.open({ name: cache.name, directory })),
      async [Symbol.asyncDispose]() {
        destroy(cache)
      },
    }
  },
}

const NAMESPACE = 'space'

function namespaceOf<V>(cache: Cache<V>) {
  return Object.assign(cache.namespace(NAMESPACE), {
    name: cache.name,
    clear: (): undefined => cache.namespace(NAMESPACE).clear() as undefined,
    stats: () => cache.stats(),
    verify: () => cache.verify(),
    close: () => cache.close(),
  })
}

/**
 * Opens remote caches, each over a Unix socket to a server of its own in this process. The cache of
 * the server is in shared memory. Only that cache has a mode, a clock and `destroy`, because they
 * belong to memory that a client does not have.
 */
export const remoteSetting: ContractSetting = {
  exceptions: {
    answersAtOnce: 'every answer is a promise, because it takes a round trip',
    keepsStructuredValues:
      "values in V8's serialization are refused, because a peer could forge them",
    iteratesUncounted: 'entries() counts hits, because it gets each value from the server',
    refusesLongKeysInReads:
      'a read of a key that is too long is a miss, because the server follows uWSGI',
  },
  async open<V>(options: Partial<CacheOptions>): Promise<ContractSubject<V>> {
    const { cache: served, clock } = openLocal(options)
    const server = await serveCaches([served], { listen: join(directory, `${serial}.sock`) })
    const identifier = `${served.name}@${server.addresses[0]}`
    const cache = await RemoteCache.connect<V>(identifier)
    return {
      cache,
      clock,
      maxValueSize: served.maxValueSize,
      openAgain: () => new RemoteCache(identifier),
      async [Symbol.asyncDispose]() {
        await cache.close()
        await server.close()
        destroy(served)
      },
    }
  },
}

const directory = processDir()
let serial = 0

function openLocal<V>(options: Partial<CacheOptions>) {
  const clock = new ManualClock()
  const name = `contract-${++serial}`
  const cache = Cache.open<V>({ name, directory, maxItems: 10, clock, ...options })
  return { cache, clock }
}

function destroy<V>(cache: Cache<V>): void {
  assert.deepEqual(cache.verify().problems, [])
  cache.destroy()
}

/** Opens caches of this machine in one mode, for what only these can do. */
export function localFeatures(mode: Partial<CacheOptions>): LocalSetting {
  return {
    open(options) {
      const { cache, clock } = openLocal<unknown>({ ...mode, ...options })
      return { cache, whole: cache, clock, [Symbol.dispose]: () => destroy(cache) }
    },
  }
}

/** Opens namespaces, for the same. */
export const namespaceFeatures: LocalSetting = {
  open(options) {
    const { cache: whole, clock } = openLocal<unknown>({ ...options })
    const cache = whole.namespace(NAMESPACE)
    return { cache, whole, clock, [Symbol.dispose]: () => destroy(whole) }
  },
}
