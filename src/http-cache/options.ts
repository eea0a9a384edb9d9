/**
 * The options of an `HttpCache`. They are checked and completed only here.
 */

import {
  type CacheLike,
  type Clock,
  invalidOption,
  requireBoolean,
  requireDuration,
  requireInteger,
  requireKnownNames,
  requireOneOf,
  systemClock,
} from '../base/index.ts'
import { DEFAULT_WAIT_MS, MAX_WAIT_MS } from '../single-flight/index.ts'
import { type CacheRequest, defaultKey } from './cache-request.ts'
import { MIN_KEY_SIZE } from './page-store.ts'
import { REFUSED_BY_DEFAULT, type RefusedByDefault } from './storability.ts'

/** The cache of an `HttpCache`, and how it is used. */
export interface HttpCacheOptions {
  /** The cache for the pages: a `Cache`, a `RemoteCache`, or any object with their methods. */
  readonly cache: CacheLike
  /**
   * Returns the key of a page; undefined: the request is passed to the application. Also called for
   * unsafe requests, to find the page that they change. Everything that the application makes its
   * response from must be in the key, or be named by `Vary`. @default the URL, and
   * the fields of proxies
   */
  readonly key?: (request: CacheRequest) => string | undefined
  /**
   * For how many milliseconds a response with status 200 stays fresh that says nothing about its
   * freshness. Does not apply to requests with cookies or Authorization. 0: such responses are not
   * stored. @default 0
   */
  readonly defaultTtlMs?: number
  /** Largest body to store, in bytes; at most what the cache takes. @default 1 MiB */
  readonly maxBodySize?: number
  /**
   * Most variants of one page that differs by `Vary`, 1 to 1000. Beyond, the oldest is deleted.
   * @default 32
   */
  readonly maxVariants?: number
  /**
   * Kinds of responses to store that are refused by default. `authorization`: responses to requests
   * with that field; `set-cookie`: the response without its cookies. @default []
   */
  readonly alsoStore?: readonly RefusedByDefault[]
  /**
   * Most milliseconds to wait while another request, in any process, asks the application for the
   * same page; up to 600000. @default 5000
   */
  readonly waitMs?: number
  /**
   * Most milliseconds for a refresh after the client was answered (`stale-while-revalidate`), 1 to
   * 600000. A longer one is abandoned and reported to `onError`, and the next request refreshes the
   * page. @default 30000
   */
  readonly refreshTimeoutMs?: number
  /**
   * Ignore Cache-Control and Pragma of requests, by which any client can have the application asked
   * again: only the application decides how long a page is used. @default false
   */
  readonly ignoreClientCacheControl?: boolean
  /** The name of this cache in Cache-Status; false: omit the field. @default 'undercroft' */
  readonly cacheStatus?: string | false
  /**
   * Called when the cache fails, or a background refresh. The application answers clients in any
   * case. @default one warning of the process
   */
  readonly onError?: (error: unknown) => void
  /** The source of the time, which tests replace. @default the system's clock */
  readonly clock?: Clock
}

export interface ResolvedHttpOptions {
  readonly cache: CacheLike
  readonly key: (request: CacheRequest) => string | undefined
  /** The keys are URLs, so the page of a URL in Location can be found. */
  readonly hasUrlKeys: boolean
  readonly defaultTtlMs: number
  readonly maxBodySize: number
  readonly maxVariants: number
  readonly alsoStore: ReadonlySet<RefusedByDefault>
  readonly waitMs: number
  readonly refreshTimeoutMs: number
  readonly ignoreClientCacheControl: boolean
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
  'refreshTimeoutMs',
  'ignoreClientCacheControl',
  'cacheStatus',
  'onError',
  'clock',
] as const satisfies readonly (keyof HttpCacheOptions)[]

const CACHE_METHODS = ['has', 'getItem', 'setItem', 'delete'] as const

const DEFAULT_MAX_BODY_SIZE = 1024 * 1024
const MAX_MAX_BODY_SIZE = 2 ** 31 - 1
const DEFAULT_MAX_VARIANTS = 32
const MAX_MAX_VARIANTS = 1000
const DEFAULT_REFRESH_TIMEOUT_MS = 30_000
const MAX_REFRESH_TIMEOUT_MS = 600_000
const TOKEN = /^[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*$/ // RFC 8941 section 3.3.4

export function resolveHttpOptions(options: HttpCacheOptions): ResolvedHttpOptions {
  requireKnownNames('HttpCache', options, OPTION_NAMES)
  const cache = requireCache(options.cache)
  const maxBodySize = options.maxBodySize ?? DEFAULT_MAX_BODY_SIZE
  requireInteger('maxBodySize', maxBodySize, 0, MAX_MAX_BODY_SIZE)
  const waitMs = requireDuration('waitMs', options.waitMs ?? DEFAULT_WAIT_MS)
  if (waitMs > MAX_WAIT_MS) throw invalidOption('waitMs', `at most ${MAX_WAIT_MS}`, waitMs)
  const maxVariants = options.maxVariants ?? DEFAULT_MAX_VARIANTS
  const refreshTimeoutMs = options.refreshTimeoutMs ?? DEFAULT_REFRESH_TIMEOUT_MS
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
    refreshTimeoutMs: requireInteger(
      'refreshTimeoutMs',
      refreshTimeoutMs,
      1,
      MAX_REFRESH_TIMEOUT_MS,
    ),
    ignoreClientCacheControl: requireBoolean(
      'ignoreClientCacheControl',
      options.ignoreClientCacheControl ?? false,
    ),
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

function requireAlsoStore(names: readonly RefusedByDefault[]): Set<RefusedByDefault> {
  if (!Array.isArray(names)) throw invalidOption('alsoStore', 'an array', names)
  return new Set(names.map(name => requireOneOf('alsoStore', name, REFUSED_BY_DEFAULT)))
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

/** Warns once for each HttpCache: a cache that fails does so for every request. */
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
