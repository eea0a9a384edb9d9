/**
 * What `top` knows of a cache at one moment, and how it is read from a stats server's document.
 */

import { type ErrorCode, UndercroftError } from '../../base/index.ts'

/** Counts of one cache. What uWSGI does not tell is absent. */
export interface CacheFacts {
  readonly name: string
  readonly items: number
  readonly maxItems: number
  readonly hits: number
  readonly misses: number
  readonly full: number
  readonly evicted?: number
  readonly takeovers?: number
  readonly attachments?: number
  /** Bytes of shared memory. */
  readonly size?: number
}

/** One cache, or one source that gave none. */
export interface Reading {
  /** The address of a stats server; empty for this machine. */
  readonly source: string
  /** Empty when it is the source itself that could not be read. */
  readonly name: string
  readonly facts?: CacheFacts
  /** Why there are no facts. */
  readonly problem?: string
  /** The problem's code. */
  readonly code?: ErrorCode
}

/**
 * Reads the answer of a stats server, ours or uWSGI's, with or without an HTTP header. Ours has
 * more than uWSGI's in a member of its own.
 */
export function parseStatsDocument(text: string): CacheFacts[] {
  const body = /^HTTP\/1\.[01] /.test(text) ? text.slice(text.search(/\r?\n\r?\n/)) : text
  const document = parseJson(body)
  const own = memberOf(memberOf(document, 'undercroft'), 'caches')
  const caches = own ?? memberOf(document, 'caches') ?? []
  // Every stats document has this one, and hardly anything else has it.
  if (memberOf(document, 'workers') === undefined || !Array.isArray(caches)) {
    throw new UndercroftError('UNDERCROFT_PROTOCOL', 'what came is no statistics')
  }
  return caches.map(own === undefined ? readUwsgiCache : readOwnCache)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UndercroftError(
      'UNDERCROFT_PROTOCOL',
      'what came is no JSON; uWSGI sends such when a name has a quote or a backslash',
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
    takeovers: countOf(cache, 'takeovers'),
    attachments: countOf(cache, 'attachments'),
    size: countOf(cache, 'size'),
  }
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
