/**
 * The options of an `HttpCache`: checked and completed, here and nowhere else.
 */

import {
  type CacheLike,
  type Clock,
  invalidOption,
  requireDuration,
  requireInteger,
  requireKnownNames,
  requireOneOf,
  systemClock,
} from '../base/index.ts'
import { DEFAULT_WAIT_MS, MAX_WAIT_MS } from '../single-flight/index.ts'
import { type CacheRequest, defaultKey } from './cache-request.ts'
import { MIN_KEY_SIZE } from './page-store.ts'
import { REFUSED_UNLESS_TOLD, type RefusedUnlessTold } from './storing.ts'

/** What an `HttpCache` stores in, and how it goes about it. */
export interface HttpCacheOptions {
  /** Where pages are kept: a `Cache`, a `RemoteCache`, or anything with their methods. */
  readonly cache: CacheLike
  /**
   * What a page is stored under; undefined: this request is none of the cache's business. Asked for
   * unsafe requests as well, to know what they change. Whatever the application makes its response
   * from must be in the key, or be named by `Vary`. @default the URL, and X-Forwarded-Host, -Port,
   * -Prefix
   */
  readonly key?: (request: CacheRequest) => string | undefined
  /**
   * Milliseconds that a 200 stays fresh which says nothing about its freshness. Not for requests
   * with cookies or Authorization. 0: such are not stored. @default 0
   */
  readonly defaultTtlMs?: number
  /** Largest body that is stored, in bytes; never more than the cache takes. @default 1 MiB */
  readonly maxBodySize?: number
  /** Variants of one page, told apart by `Vary`; the oldest goes. 1 to 1000. @default 32 */
  readonly maxVariants?: number
  /**
   * What to store that is refused otherwise. `authorization`: responses to requests with it;
   * `set-cookie`: the response without its cookies. @default []
   */
  readonly alsoStore?: readonly RefusedUnlessTold[]
  /**
   * Most milliseconds to wait while another request, in whichever process, asks the application for
   * the same page; up to 600000. @default 5000
   */
  readonly waitMs?: number
  /** The name of this cache in Cache-Status; false: no such field. @default 'undercroft' */
  readonly cacheStatus?: string | false
  /**
   * Told when the cache fails, or a refresh behind a client; clients are served by the application
   * all the same. @default one warning of the process
   */
  readonly onError?: (error: unknown) => void
  /** Where the time comes from; tests give their own. @default the system's clock */
  readonly clock?: Clock
}

export interface ResolvedHttpOptions {
  readonly cache: CacheLike
  readonly key: (request: CacheRequest) => string | undefined
  /** The keys are URLs: those in Location can be told. */
  readonly hasUrlKeys: boolean
  readonly defaultTtlMs: number
  readonly maxBodySize: number
  readonly maxVariants: number
  readonly alsoStore: ReadonlySet<RefusedUnlessTold>
  readonly waitMs: number
  readonly cacheStatus: string | undefined
  readonly onError: (error: unknown) => void
  readonly clock: Clock
}

const OPTION_NAMES = [
  'cache',
  'key',
  'defaultTtlMs',
  'maxBodySize',
  'maxVariants',
  'alsoStore',
  'waitMs',
  'cacheStatus',
  'onError',
  'clock',
] as const satisfies readonly (keyof HttpCacheOptions)[]

const CACHE_METHODS = ['has', 'getItem', 'setItem', 'delete'] as const

const DEFAULT_MAX_BODY_SIZE = 1024 * 1024
const MAX_MAX_BODY_SIZE = 2 ** 31 - 1
const DEFAULT_MAX_VARIANTS = 32
const MAX_MAX_VARIANTS = 1000
const TOKEN = /^[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*$/ // RFC 8941 section 3.3.4

export function resolveHttpOptions(options: HttpCacheOptions): ResolvedHttpOptions {
  requireKnownNames('HttpCache', options, OPTION_NAMES)
  const cache = requireCache(options.cache)
  const maxBodySize = options.maxBodySize ?? DEFAULT_MAX_BODY_SIZE
  requireInteger('maxBodySize', maxBodySize, 0, MAX_MAX_BODY_SIZE)
  const waitMs = requireDuration('waitMs', options.waitMs ?? DEFAULT_WAIT_MS)
  if (waitMs > MAX_WAIT_MS) throw invalidOption('waitMs', `at most ${MAX_WAIT_MS}`, waitMs)
  const maxVariants = options.maxVariants ?? DEFAULT_MAX_VARIANTS
  const defaultTtlMs = requireDuration('defaultTtlMs', options.defaultTtlMs ?? 0)
  if (defaultTtlMs === Infinity) throw invalidOption('defaultTtlMs', 'finite', defaultTtlMs)
  return {
    cache,
    key: requireFunction('key', options.key ?? defaultKey),
    hasUrlKeys: options.key === undefined,
    defaultTtlMs,
    maxBodySize: Math.min(maxBodySize, cache.maxValueSize ?? Infinity),
    maxVariants: requireInteger('maxVariants', maxVariants, 1, MAX_MAX_VARIANTS),
    alsoStore: requireAlsoStore(options.alsoStore ?? []),
    waitMs,
    cacheStatus: requireCacheStatus(options.cacheStatus ?? 'undercroft'),
    onError: requireFunction('onError', options.onError ?? warner()),
    clock: options.clock ?? systemClock,
  }
}

function requireCache(cache: CacheLike): CacheLike {
  const isOne =
    typeof cache === 'object' &&
    cache !== null &&
    CACHE_METHODS.every(name => typeof cache[name] === 'function')
  if (!isOne) throw invalidOption('cache', `an object with ${CACHE_METHODS.join(', ')}`, cache)
  const { maxKeySize } = cache
  if (maxKeySize !== undefined && maxKeySize < MIN_KEY_SIZE) {
    throw invalidOption('the maxKeySize of the cache', `at least ${MIN_KEY_SIZE}`, maxKeySize)
  }
  return cache
}

function requireAlsoStore(names: readonly RefusedUnlessTold[]): Set<RefusedUnlessTold> {
  if (!Array.isArray(names)) throw invalidOption('alsoStore', 'an array', names)
  return new Set(names.map(name => requireOneOf('alsoStore', name, REFUSED_UNLESS_TOLD)))
}

function requireCacheStatus(name: string | false): string | undefined {
  if (name === false) return undefined
  if (typeof name === 'string' && TOKEN.test(name)) return name
  throw invalidOption('cacheStatus', 'false, or a token such as my-cache', name)
}

function requireFunction<F extends (...args: never[]) => unknown>(name: string, value: F): F {
  if (typeof value !== 'function') throw invalidOption(name, 'a function', value)
  return value
}

/** One for each HttpCache: a cache that fails does so for every request. */
function warner(): (error: unknown) => void {
  let hasWarned = false
  return error => {
    if (hasWarned) return
    hasWarned = true
    process.emitWarning(`an HTTP cache fails, and the application answers instead: ${error}`, {
      type: 'UndercroftWarning',
      code: 'UNDERCROFT_HTTP_CACHE_FAILED',
    })
  }
}
