/**
 * A stored page made ready to answer with: whole, or 304, or a range of it.
 */

import {
  BODY_FIELDS,
  isNotModified,
  NO_LENGTH_STATUSES,
  type Validators,
  wantedRange,
} from '../http-message/index.ts'
import type { CacheRequest } from './cache-request.ts'
import { type CacheStatus, formatCacheStatus, HIT } from './cache-status.ts'
import { currentAgeMs, type Lifetime } from './freshness.ts'
import { findField } from './page-head.ts'
import type { PageHead } from './record.ts'

/** What a server sends. */
export interface Answer {
  readonly status: number
  readonly reason: string
  /** Names, each followed by its value. */
  readonly fields: readonly string[]
  /** Undefined: none is sent. */
  readonly body: Buffer | undefined
}

/** What several hits of one page have in common, kept from one to the next. */
export class PreparedHead {
  readonly lifetime: Lifetime
  readonly head: PageHead
  readonly #validators: Validators
  readonly #acceptsRanges: boolean
  readonly #plain: readonly string[]
  #lastHit: { ageSeconds: number; ttlSeconds: number; fields: readonly string[] } | undefined

  constructor(head: PageHead) {
    this.head = head
    this.lifetime = head.lifetime
    this.#validators = {
      etag: findField(head, 'etag'),
      lastModified: findField(head, 'last-modified'),
      date: findField(head, 'date'),
    }
    this.#acceptsRanges = head.status === 200 && findField(head, 'accept-ranges') !== 'none'
    this.#plain = NO_LENGTH_STATUSES.has(head.status)
      ? head.fields
      : [...head.fields, 'content-length', String(head.bodySize)]
  }

  /** What a request gets. `name`: of the cache, in Cache-Status; undefined: without that. */
  answer(
    { method, header }: CacheRequest,
    body: Buffer,
    name: string | undefined,
    cacheStatus: CacheStatus,
    nowMs: number,
  ): Answer {
    const { status, reason } = this.head
    const fields = this.#fieldsAt(nowMs, name, cacheStatus)
    if (status === 200) {
      if (isNotModified(header, this.#validators, nowMs)) return notModified(fields)
      if (method === 'GET' && this.#acceptsRanges && header('range') !== undefined) {
        const range = wantedRange(header, this.#validators, body.length, nowMs)
        if (range === 'unsatisfiable') return unsatisfiable(fields, body.length)
        if (range !== undefined) return partial(fields, body, range.first, range.last)
      }
    }
    return { status, reason, fields, body: method === 'HEAD' ? undefined : body }
  }

  /** Hits come many a second, and differ once a second. */
  #fieldsAt(nowMs: number, name: string | undefined, status: CacheStatus): readonly string[] {
    const ageMs = currentAgeMs(this.lifetime, nowMs)
    const ageSeconds = Math.floor(ageMs / 1000)
    const ttlSeconds = Math.floor((this.lifetime.freshMs - ageMs) / 1000)
    const last = this.#lastHit
    if (status === HIT && last?.ageSeconds === ageSeconds && last.ttlSeconds === ttlSeconds) {
      return last.fields
    }
    const fields = [...this.#plain, 'age', String(ageSeconds)]
    if (name !== undefined) {
      const text = formatCacheStatus(name, { ttlSeconds, ...status }, this.head.cacheStatus)
      fields.push('cache-status', text)
    }
    if (status === HIT) this.#lastHit = { ageSeconds, ttlSeconds, fields }
    return fields
  }
}

function notModified(fields: readonly string[]): Answer {
  const kept = withoutFields(fields, name => BODY_FIELDS.has(name))
  return { status: 304, reason: '', fields: kept, body: undefined }
}

function partial(fields: readonly string[], body: Buffer, first: number, last: number): Answer {
  const kept = withoutFields(fields, name => name === 'content-length')
  kept.push('content-range', `bytes ${first}-${last}/${body.length}`)
  kept.push('content-length', String(last - first + 1))
  return { status: 206, reason: '', fields: kept, body: body.subarray(first, last + 1) }
}

function unsatisfiable(fields: readonly string[], size: number): Answer {
  const kept = withoutFields(fields, name => BODY_FIELDS.has(name))
  kept.push('content-range', `bytes */${size}`, 'content-length', '0')
  return { status: 416, reason: '', fields: kept, body: Buffer.alloc(0) }
}

function withoutFields(fields: readonly string[], isDropped: (name: string) => boolean): string[] {
  const kept: string[] = []
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] as string
    if (!isDropped(name)) kept.push(name, fields[index + 1] as string)
  }
  return kept
}
