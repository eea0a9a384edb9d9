/**
 * The part of the plan that is about the HTTP cache in front of the application.
 */

import { invalidOption, requireOneOf } from '../base/index.ts'
import type { ContentCoding, HttpCacheOptions } from '../http-cache/index.ts'
import { readSecretFile, resolveAllowList } from '../net/index.ts'
import {
  type CacheDefinition,
  findLast,
  formatGiven,
  type OptionSet,
  parseHttpCache,
} from '../uwsgi/options/index.ts'

export interface PlannedHttpCache {
  /** The name of the cache. */
  readonly cache: string
  readonly options: Pick<HttpCacheOptions, 'compress' | 'hideTags' | 'purge'>
}

const CODINGS: readonly ContentCoding[] = ['br', 'zstd', 'gzip']

/** @returns undefined if no responses are stored */
export function planHttpCache(
  options: OptionSet,
  caches: readonly CacheDefinition[],
): PlannedHttpCache | undefined {
  const given = findLast(options, 'http-cache')
  if (given === undefined) return undefined
  const label = formatGiven(given)
  const { cache, compress, hideTags, purgeAllow: allow, purgeTokenFile } = parseHttpCache(given)
  if (!caches.some(({ name }) => name === cache)) {
    const names = caches.map(({ name }) => name).join(', ')
    throw invalidOption(label, names === '' ? 'a cache of cache2' : `one of ${names}`, cache)
  }
  // Refused here, and not in each worker.
  resolveAllowList(`${label}: purge_allow`, allow)
  const codings = compress?.map(coding => requireOneOf(`${label}: compress`, coding, CODINGS))
  const tokenLabel = `${label}: purge_token_file`
  const token = purgeTokenFile && readSecretFile(tokenLabel, purgeTokenFile)
  const purge = allow === undefined && token === undefined ? undefined : { allow, token }
  return { cache, options: { compress: codings, hideTags, purge } }
}

/** A full cache without eviction stores no new response, and its application serves them all. */
export function warnOfFullHttpCache(
  options: OptionSet,
  caches: readonly CacheDefinition[],
): string[] {
  const given = findLast(options, 'http-cache')
  const name = given && parseHttpCache(given).cache
  const cache = caches.find(candidate => candidate.name === name)
  if (given === undefined || cache?.eviction !== 'none') return []
  return [
    `${formatGiven(given)}: cache "${cache.name}" evicts nothing, so no new response is stored ` +
      'once it is full; add purge_lru=1 to its cache2 definition',
  ]
}
