/**
 * Checks and completes the options of an `HttpCache`.
 */

import {
  type CacheLike,
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
import { defaultKey } from './cache-request.ts'
import type { CacheLabel } from './cache-status.ts'
import { availableCodings, CODINGS, type ContentCoding } from './coded-copies.ts'
import { type HttpCacheOptions, OPTION_NAMES, type ResolvedHttpOptions } from './options.ts'
import { MIN_KEY_SIZE } from './page-store.ts'
import { TAG_FIELDS } from './page-tags.ts'
import { type PurgeAccess, type ResolvedPurgeAccess, resolvePurgeAccess } from './purge-requests.ts'
import { REFUSED_BY_DEFAULT, type RefusedByDefault } from './storability.ts'

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
    compress: requireCodings(options.compress ?? []),
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

function requireCodings(codings: readonly ContentCoding[]): ContentCoding[] {
  if (!Array.isArray(codings)) throw invalidOption('compress', 'an array', codings)
  return availableCodings(codings.map(coding => requireOneOf('compress', coding, CODINGS)))
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
