/**
 * A stored response: whether it may answer a request now, and with what: whole, 304, or a range.
 *
 * RFC 9111 sections 4.2 and 5.2.1, RFC 5861. Both are done for every hit, so they are arithmetic on
 * numbers that storability.ts found out once.
 */

import {
  type Answer,
  BODY_FIELDS,
  isNotModified,
  NO_LENGTH_STATUSES,
  type Validators,
  wantedRange,
} from '../http-message/index.ts'
import type { CacheRequest } from './cache-request.ts'
import { type CacheLabel, type CacheStatus, formatCacheStatus, HIT } from './cache-status.ts'
import { type Directives, secondsOf } from './directives.ts'

/** What a stored response says about time and reuse. */
export interface Lifetime {
  readonly storedAtMs: number
  /** Its age at the moment it was stored. */
  readonly ageMs: number
  /** The age up to which it is fresh. */
  readonly freshMs: number
  /** How much longer it may be used while it is being refreshed. */
  readonly staleWhileRevalidateMs: number
  /** How much longer it may be used when a refresh fails. */
  readonly staleIfErrorMs: number
  /** A refresh failed: the response counts as usable until this moment. 0: none failed. */
  readonly retryAtMs: number
  /** Never to be used stale, even if a client allows it: must-revalidate and similar. */
  readonly isStrict: boolean
  /** Section 3.5: it says that it may answer requests with Authorization. */
  readonly isForAuthorized: boolean
  /** It does not say that it is for all, so clients with cookies do not get it. */
  readonly isByDefault: boolean
}

/** A stored response without its body. */
export interface PageHead {
  readonly kind: 'page'
  readonly status: number
  readonly reason: string
  /** Names in lower case, each followed by its value; without Age and Cache-Status. */
  readonly fields: readonly string[]
  /** The Cache-Status of caches before this one. */
  readonly cacheStatus: string | undefined
  readonly lifetime: Lifetime
  /** The tags that the response names. */
  readonly tags: readonly string[]
  /** This cache made the ETag, so the application does not know it. */
  readonly hasOwnEtag: boolean
  readonly bodySize: number
  /** A hash of the body, from which copies in other codings are made; absent: none are. */
  readonly bodyHash?: string | undefined
}

/** `demanded`: the client wants a newer response. */
export type Verdict = 'usable' | 'usable-while-refreshed' | 'stale' | 'demanded'

/** A stored response without its body, prepared for many answers. */
export class StoredResponse {
  readonly lifetime: Lifetime
  readonly head: PageHead
  readonly #label: CacheLabel | undefined
  readonly #validators: Validators
  readonly #acceptsRanges: boolean
  readonly #plain: readonly string[]
  readonly #coded = new Map<string, StoredResponse>()
  #lastHit: { ageSeconds: number; ttlSeconds: number; fields: readonly string[] } | undefined

  /** @param label - of this cache in Cache-Status; undefined: answers do not have that field */
  constructor(head: PageHead, label: CacheLabel | undefined) {
    this.head = head
    this.lifetime = head.lifetime
    this.#label = label
    this.#validators = {
      etag: findField(head, 'etag'),
      lastModified: findField(head, 'last-modified'),
      date: findField(head, 'date'),
    }
    this.#acceptsRanges = head.status === 200 && findField(head, 'accept-ranges') !== 'none'
    const fields = head.bodyHash === undefined ? head.fields : variesByCoding(head.fields)
    this.#plain = NO_LENGTH_STATUSES.has(head.status)
      ? fields
      : [...fields, 'content-length', String(head.bodySize)]
  }

  /**
   * @param bodySize - of the body in the coding
   * @returns the same response in a content coding
   */
  coded(coding: string, bodySize: number): StoredResponse {
    const known = this.#coded.get(coding)
    if (known?.head.bodySize === bodySize) return known
    const coded = new StoredResponse(codedHead(this.head, coding, bodySize), this.#label)
    this.#coded.set(coding, coded)
    return coded
  }

  /** @returns the answer to a request */
  answer(request: CacheRequest, body: Buffer, cacheStatus: CacheStatus, nowMs: number): Answer {
    const { method, header } = request
    const { status, reason } = this.head
    const fields = this.#fieldsAt(nowMs, request, cacheStatus)
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

  /** The fields are kept, because there are many hits in a second and they differ once in it. */
  #fieldsAt(nowMs: number, request: CacheRequest, status: CacheStatus): readonly string[] {
    const ageMs = currentAgeMs(this.lifetime, nowMs)
    const ageSeconds = Math.floor(ageMs / 1000)
    const ttlSeconds = Math.floor((this.lifetime.freshMs - ageMs) / 1000)
    const last = this.#lastHit
    if (status === HIT && last?.ageSeconds === ageSeconds && last.ttlSeconds === ttlSeconds) {
      return last.fields
    }
    const fields = [...this.#plain, 'age', String(ageSeconds)]
    if (this.#label !== undefined) {
      const { cacheStatus: before } = this.head
      const text = formatCacheStatus(this.#label, request, { ttlSeconds, ...status }, before)
      fields.push('cache-status', text)
    }
    if (status === HIT) this.#lastHit = { ageSeconds, ttlSeconds, fields }
    return fields
  }
}

/** @param wanted - the directives of the request */
export function judge(lifetime: Lifetime, wanted: Directives, nowMs: number): Verdict {
  const ageMs = currentAgeMs(lifetime, nowMs)
  const leftMs = lifetime.freshMs - ageMs
  if (wanted.size > 0 && demandsNewer(wanted, ageMs, leftMs)) return 'demanded'
  if (leftMs > 0 || nowMs < lifetime.retryAtMs) return 'usable'
  if (leftMs + lifetime.staleWhileRevalidateMs > 0) return 'usable-while-refreshed'
  return !lifetime.isStrict && acceptsStale(wanted, -leftMs) ? 'usable' : 'stale'
}

/** Whether it was stale when it was stored. Then each use needs the application's consent. */
export function isNeverFresh({ freshMs, ageMs, staleWhileRevalidateMs }: Lifetime): boolean {
  return freshMs + staleWhileRevalidateMs <= ageMs
}

/**
 * Returns the page after a soft purge: it is stale from now on, and may be used while it is being
 * refreshed, and on errors, as long as without the purge.
 */
export function softPurged(head: PageHead, nowMs: number): PageHead {
  const { lifetime } = head
  const ageMs = currentAgeMs(lifetime, nowMs)
  const lostMs = Math.max(0, lifetime.freshMs - ageMs)
  return {
    ...head,
    lifetime: {
      ...lifetime,
      freshMs: lifetime.freshMs - lostMs,
      staleWhileRevalidateMs: lifetime.staleWhileRevalidateMs + lostMs,
      staleIfErrorMs: lifetime.staleIfErrorMs + lostMs,
      retryAtMs: 0,
    },
  }
}

/** RFC 5861 section 4. */
export function isUsableOnError(lifetime: Lifetime, nowMs: number): boolean {
  return currentAgeMs(lifetime, nowMs) < lifetime.freshMs + lifetime.staleIfErrorMs
}

/** @returns the first value of a field; undefined if there is none */
export function findField({ fields }: PageHead, name: string): string | undefined {
  for (let index = 0; index < fields.length; index += 2) {
    if (fields[index] === name) return fields[index + 1]
  }
  return undefined
}

/** RFC 9111 section 4.2.3. A response does not become younger when the clock is set back. */
function currentAgeMs(lifetime: Lifetime, nowMs: number): number {
  return lifetime.ageMs + Math.max(0, nowMs - lifetime.storedAtMs)
}

function demandsNewer(wanted: Directives, ageMs: number, leftMs: number): boolean {
  if (wanted.has('no-cache')) return true
  const maxAge = secondsOf(wanted, 'max-age')
  if (maxAge !== undefined && ageMs > maxAge * 1000) return true
  const minFresh = secondsOf(wanted, 'min-fresh')
  return minFresh !== undefined && leftMs < minFresh * 1000
}

function acceptsStale(wanted: Directives, staleMs: number): boolean {
  const maxStale = wanted.get('max-stale')
  return maxStale === true || staleMs < (secondsOf(wanted, 'max-stale') ?? -1) * 1000
}

/** RFC 9110 section 12.5.5. */
function variesByCoding(fields: readonly string[]): readonly string[] {
  const isNamed = fields.some((text, index) => {
    return index % 2 === 1 && fields[index - 1] === 'vary' && /\baccept-encoding\b/i.test(text)
  })
  return isNamed ? fields : [...fields, 'vary', 'accept-encoding']
}

/**
 * Returns the head for a body in a content coding. RFC 9110 section 8.8.3.3: a strong ETag is that
 * of one coding. A weak one matches If-None-Match all the same, and never a range.
 */
function codedHead(head: PageHead, coding: string, bodySize: number): PageHead {
  const etag = findField(head, 'etag')
  const fields = withoutFields(head.fields, name => name === 'accept-ranges' || name === 'etag')
  if (etag !== undefined) fields.push('etag', etag.startsWith('W/') ? etag : `W/${etag}`)
  fields.push('content-encoding', coding)
  return { ...head, fields, bodySize }
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
    if (!isDropped(fields[index])) kept.push(fields[index], fields[index + 1])
  }
  return kept
}
