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
  TAGGED_ITEMS,
  type WithTaggedItems,
} from '../base/index.ts'
import { isHeaderName } from '../http-message/index.ts'
import { DEFAULT_WAIT_MS, MAX_WAIT_MS } from '../single-flight/index.ts'
import { type CacheRequest, defaultKey } from './cache-request.ts'
import type { CacheLabel } from './cache-status.ts'
import { MIN_KEY_SIZE } from './page-store.ts'
import { TAG_FIELDS } from './page-tags.ts'
import { type PurgeAccess, type ResolvedPurgeAccess, resolvePurgeAccess } from './purge-requests.ts'
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
  readonly defaultTtlMs?: number | undefined
  /**
   * For how long a response stays fresh that has `Last-Modified` and says nothing about its
   * freshness, as a part of the time since then: 0 to 1, and at most a day. RFC 9111 suggests 0.1.
   * Applies before `defaultTtlMs` and to the same requests. 0: no heuristics. @default 0
   */
  readonly heuristicFraction?: number | undefined
  /**
   * For how many milliseconds a stale page replaces an error of the application, if the page
   * neither has `stale-if-error` nor forbids stale use. 0: not at all. @default 0
   */
  readonly staleIfErrorMs?: number | undefined
  /**
   * Response fields that this cache obeys instead of Cache-Control and Expires (RFC 9213), the
   * strongest first. @default ['undercroft-cdn-cache-control', 'cdn-cache-control']
   */
  readonly targetedFields?: readonly string[] | undefined
  /** Largest body to store, in bytes; at most what the cache takes. @default 1 MiB */
  readonly maxBodySize?: number | undefined
  /**
   * Most variants of one page that differs by `Vary`, 1 to 1000. Beyond, the oldest is deleted.
   * @default 32
   */
  readonly maxVariants?: number | undefined
  /**
   * Kinds of responses to store that are refused by default. `authorization`: responses to requests
   * with that field; `set-cookie`: the response without its cookies; `errors`: responses of any
   * status from 400 to 599 that say how long they are fresh. @default []
   */
  readonly alsoStore?: readonly RefusedByDefault[] | undefined
  /**
   * Most milliseconds to wait while another request, in any process, asks the application for the
   * same page; up to 600000. @default 5000
   */
  readonly waitMs?: number | undefined
  /**
   * Most milliseconds for a refresh after the client was answered (`stale-while-revalidate`), 1 to
   * 600000. A longer one is abandoned and reported to `onError`, and the next request refreshes the
   * page. @default 30000
   */
  readonly refreshTimeoutMs?: number | undefined
  /**
   * Ignore Cache-Control and Pragma of requests, by which any client can have the application asked
   * again: only the application decides how long a page is used. @default false
   */
  readonly ignoreClientCacheControl?: boolean | undefined
  /**
   * Removes the fields with tags (`Cache-Tag`, `Surrogate-Key`, `xkey`, `Cache-Tags`) from what
   * clients get. @default false
   */
  readonly hideTags?: boolean | undefined
  /**
   * Who may purge pages by requests with the method PURGE. Without this option the application gets
   * such requests. @default no client
   */
  readonly purge?: PurgeAccess | undefined
  /** The name of this cache in Cache-Status; false: omit the field. @default 'undercroft' */
  readonly cacheStatus?: string | false | undefined
  /**
   * Adds the key of the page to Cache-Status. Keys may show what clients should not know. @default
   * false
   */
  readonly cacheStatusKey?: boolean | undefined
  /**
   * Called when the cache fails, or a background refresh. The application answers clients in any
   * case. @default one warning of the process
   */
  readonly onError?: ((error: unknown) => void) | undefined
  /** The source of the time, which tests replace. @default the system's clock */
  readonly clock?: Clock | undefined
}

export interface ResolvedHttpOptions {
  readonly cache: CacheLike
  readonly key: (request: CacheRequest) => string | undefined
  /** The keys are URLs, so the page of a URL in Location can be found. */
  readonly hasUrlKeys: boolean
  readonly defaultTtlMs: number
  readonly heuristicFraction: number
  readonly staleIfErrorMs: number
  /** In lower case. */
  readonly targetedFields: readonly string[]
  readonly maxBodySize: number
  readonly maxVariants: number
  readonly alsoStore: ReadonlySet<RefusedByDefault>
  readonly waitMs: number
  readonly refreshTimeoutMs: number
  readonly ignoreClientCacheControl: boolean
  /** Undefined: the application gets PURGE requests. */
  readonly purge: ResolvedPurgeAccess | undefined
  /** Fields that clients do not get, in lower case. */
  readonly hiddenFields: readonly string[]
  readonly cacheStatus: CacheLabel | undefined
  readonly onError: (error: unknown) => void
  readonly clock: Clock
}

const OPTION_NAMES = [
  'cache',
  'key',
  'defaultTtlMs',
  'heuristicFraction',
  'staleIfErrorMs',
  'targetedFields',
  'maxBodySize',
  'maxVariants',
  'alsoStore',
  'waitMs',
  'refreshTimeoutMs',
  'ignoreClientCacheControl',
  'hideTags',
  'purge',
  'cacheStatus',
  'cacheStatusKey',
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
const DEFAULT_TARGETED_FIELDS = ['undercroft-cdn-cache-control', 'cdn-cache-control']
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
  const key = requireFunction('key', options.key ?? defaultKey)
  return {
    cache,
    key,
    hasUrlKeys: options.key === undefined,
    defaultTtlMs: requireFinite('defaultTtlMs', options.defaultTtlMs ?? 0),
    heuristicFraction: requireFraction('heuristicFraction', options.heuristicFraction ?? 0),
    staleIfErrorMs: requireFinite('staleIfErrorMs', options.staleIfErrorMs ?? 0),
    targetedFields: requireFieldNames(options.targetedFields ?? DEFAULT_TARGETED_FIELDS),
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
    purge: requirePurge(cache, options.purge),
    hiddenFields: requireBoolean('hideTags', options.hideTags ?? false) ? TAG_FIELDS : [],
    cacheStatus: labelOf(options, key),
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

function requirePurge(
  cache: CacheLike,
  purge: PurgeAccess | undefined,
): ResolvedPurgeAccess | undefined {
  const access = resolvePurgeAccess(purge)
  const maxTags = (cache as WithTaggedItems)[TAGGED_ITEMS]?.maxTags ?? 0
  if (access === undefined || maxTags > 0) return access
  throw invalidOption('the cache', 'a Cache of this machine with maxTags > 0, for purge', cache)
}

function requireFinite(name: string, value: number): number {
  if (requireDuration(name, value) === Infinity) throw invalidOption(name, 'finite', value)
  return value
}

function requireFraction(name: string, value: number): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value
  throw invalidOption(name, 'a number from 0 to 1', value)
}

function requireFieldNames(names: readonly string[]): string[] {
  const isList = Array.isArray(names) && names.every(isHeaderName)
  if (!isList) throw invalidOption('targetedFields', 'an array of field names', names)
  return names.map(name => name.toLowerCase())
}

function requireAlsoStore(names: readonly RefusedByDefault[]): Set<RefusedByDefault> {
  if (!Array.isArray(names)) throw invalidOption('alsoStore', 'an array', names)
  return new Set(names.map(name => requireOneOf('alsoStore', name, REFUSED_BY_DEFAULT)))
}

function labelOf(
  { cacheStatus: name = 'undercroft', cacheStatusKey = false }: HttpCacheOptions,
  key: ResolvedHttpOptions['key'],
): CacheLabel | undefined {
  const showsKey = requireBoolean('cacheStatusKey', cacheStatusKey)
  if (name === false) return undefined
  if (typeof name === 'string' && TOKEN.test(name)) {
    return { name, keyOf: showsKey ? orUndefined(key) : undefined }
  }
  throw invalidOption('cacheStatus', 'false, or a token such as my-cache', name)
}

/** Where the field is made, the planner has already reported that the function fails. */
function orUndefined(key: ResolvedHttpOptions['key']): ResolvedHttpOptions['key'] {
  return request => {
    try {
      return key(request)
    } catch {
      return undefined
    }
  }
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
