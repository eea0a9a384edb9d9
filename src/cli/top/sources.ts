/**
 * What `top` reads: caches of this machine, and documents of stats servers.
 */

import { type ErrorCode, UndercroftError } from '../../base/index.ts'
import { formatAddress, parseAddress, type SocketAddress } from '../../uwsgi/options/index.ts'
import type { CommandEnvironment } from '../environment.ts'

/** What one word of the command line names. Without words, `top` shows every cache. */
export type TopSource =
  | { readonly kind: 'all' }
  | { readonly kind: 'cache'; readonly name: string }
  | { readonly kind: 'server'; readonly address: SocketAddress }

/** A word with a colon, or that begins as a path, is an address: `instance/name` is a cache. */
export function parseSources(words: readonly string[]): TopSource[] {
  if (words.length === 0) return [{ kind: 'all' }]
  return words.map(word =>
    /:|^[./@]/.test(word)
      ? { kind: 'server', address: parseAddress('the address', word) }
      : { kind: 'cache', name: word },
  )
}

/** Reads all sources at once. A source that cannot be read becomes a reading with a problem. */
export async function readSources(
  sources: readonly TopSource[],
  directory: string | undefined,
  environment: CommandEnvironment,
): Promise<Reading[]> {
  const readings = sources.map(source => readSource(source, directory, environment))
  return (await Promise.all(readings)).flat()
}

async function readSource(
  source: TopSource,
  directory: string | undefined,
  environment: CommandEnvironment,
): Promise<Reading[]> {
  if (source.kind === 'server') return readServer(source.address, environment)
  if (source.kind === 'cache') return [await readCache(source.name, directory, environment)]
  const names = await environment.listCaches(directory)
  const readings = await Promise.all(names.map(name => readCache(name, directory, environment)))
  // Such a cache was destroyed after it was listed.
  return readings.filter(reading => reading.code !== 'UNDERCROFT_NO_SUCH_CACHE')
}

/**
 * Opens and closes the cache each time. Otherwise watching would keep a destroyed cache alive, and
 * a new cache under the same name would not be found.
 */
async function readCache(
  name: string,
  directory: string | undefined,
  environment: CommandEnvironment,
): Promise<Reading> {
  try {
    const target = await environment.openTarget({
      name,
      ...(directory === undefined ? {} : { directory }),
    })
    try {
      const stats = await target.stats()
      const openers = stats.openers - 1 // excludes this reader
      return { source: '', name, facts: { ...stats, name, openers } }
    } finally {
      await target.close()
    }
  } catch (error) {
    return { source: '', name, ...problemOf(error) }
  }
}

async function readServer(
  address: SocketAddress,
  { topHost }: CommandEnvironment,
): Promise<Reading[]> {
  const source = formatAddress(address)
  try {
    const caches = parseStatsDocument(await topHost.readStats(address))
    return caches.map(facts => ({ source, name: facts.name, facts }))
  } catch (error) {
    return [{ source, name: '', ...problemOf(error) }]
  }
}

function problemOf(error: unknown): Pick<Reading, 'problem' | 'code'> {
  const problem = error instanceof Error ? error.message : String(error)
  return { problem, code: error instanceof UndercroftError ? error.code : 'UNDERCROFT_SYSTEM' }
}

/** Counts of one cache. Counts that uWSGI does not report are absent. */
export interface CacheFacts {
  readonly name: string
  readonly items: number
  readonly maxItems: number
  readonly hits: number
  readonly misses: number
  readonly full: number
  readonly evicted?: number
  readonly nearHits?: number
  readonly loads?: LoadFacts
  readonly takeovers?: number
  readonly openers?: number
  /** Bytes of shared memory. */
  readonly size?: number
}

/** How many loads there were, and how long almost all of them took at most. */
export interface LoadFacts {
  readonly count: number
  readonly p99Ms: number
}

/** A reading of one cache, or of a source that could not be read. */
export interface Reading {
  /** The address of a stats server; empty for this machine. */
  readonly source: string
  /** Empty if the source itself could not be read. */
  readonly name: string
  readonly facts?: CacheFacts
  /** The reason why there are no facts. */
  readonly problem?: string
  /** The problem's code. */
  readonly code?: ErrorCode
}

/**
 * Parses the document of a stats server, of this package or of uWSGI, with or without an HTTP
 * header. This package adds a member of its own, with more facts.
 */
export function parseStatsDocument(text: string): CacheFacts[] {
  const body = /^HTTP\/1\.[01] /.test(text) ? text.slice(text.search(/\r?\n\r?\n/)) : text
  const document = parseJson(body)
  const own = memberOf(memberOf(document, 'undercroft'), 'caches')
  const caches = own ?? memberOf(document, 'caches') ?? []
  // Every stats document has this member, and hardly any other document has it.
  if (memberOf(document, 'workers') === undefined || !Array.isArray(caches)) {
    throw new UndercroftError('UNDERCROFT_PROTOCOL', 'not an undercroft or uWSGI stats document')
  }
  return caches.map(own === undefined ? readUwsgiCache : readOwnCache)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UndercroftError(
      'UNDERCROFT_PROTOCOL',
      'the response is not valid JSON; uWSGI sends such if a name has a quote or a backslash',
      { cause },
    )
  }
}

function readUwsgiCache(cache: unknown): CacheFacts {
  return {
    name: String(memberOf(cache, 'name')),
    items: countOf(cache, 'items'),
    maxItems: countOf(cache, 'max_items'),
    hits: countOf(cache, 'hits'),
    misses: countOf(cache, 'miss'),
    full: countOf(cache, 'full'),
  }
}

function readOwnCache(cache: unknown): CacheFacts {
  return {
    name: String(memberOf(cache, 'name')),
    items: countOf(cache, 'items'),
    maxItems: countOf(cache, 'maxItems'),
    hits: countOf(cache, 'hits'),
    misses: countOf(cache, 'misses'),
    full: countOf(cache, 'full'),
    evicted: countOf(cache, 'evicted'),
    nearHits: countOf(cache, 'nearHits'),
    loads: readLoads(memberOf(cache, 'loads')),
    takeovers: countOf(cache, 'takeovers'),
    openers: countOf(cache, 'openers'),
    size: countOf(cache, 'size'),
  }
}

function readLoads(loads: unknown): LoadFacts {
  return { count: countOf(loads, 'count'), p99Ms: countOf(loads, 'p99Ms') }
}

function countOf(cache: unknown, name: string): number {
  const value = memberOf(cache, name)
  if (typeof value === 'number' && value >= 0) return value
  throw new UndercroftError('UNDERCROFT_PROTOCOL', `a cache in the statistics has no ${name}`)
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}
