/**
 * Making the head of a stored response: from a response, and from the stored head that a 304 made
 * fresh again.
 */

import { createHash } from 'node:crypto'
import { formatHttpDate, type HeaderField, storedFields } from '../http-message/index.ts'
import type { ResponseHead } from './storability.ts'
import { findField, type Lifetime, type PageHead } from './stored-response.ts'
import { MAX_HEAD_SIZE } from './stored-response-codec.ts'

/** Fields that each answer gets again, or that are only for the client they were made for. */
const NOT_OF_THE_PAGE = new Set(['age', 'cache-status', 'set-cookie'])

/** RFC 9111 section 3.2: fields by which 304 describes a body that it does not have. */
const NOT_UPDATED = new Set(['content-length', 'content-encoding', 'content-type', 'content-range'])

/**
 * A stale page is kept as long again as it was fresh, for revalidation and for clients that accept
 * it.
 */
const MIN_VALIDATION_MS = 60_000
const MAX_VALIDATION_MS = 600_000

/** 27 characters of SHA-256: 160 bits. */
const ETAG_SIZE = 27
/** 22 characters: 16 bytes, which base64url ends with one of four characters. */
const BODY_HASH_SIZE = 22

/** @returns undefined if the head is too large */
export function pageHead(
  head: ResponseHead,
  lifetime: Lifetime,
  omitted: ReadonlySet<string>,
  more: Pick<PageHead, 'cacheStatus' | 'tags'>,
): PageHead | undefined {
  const fields = storedFields(head.fields, false).filter(
    ([name]) => !NOT_OF_THE_PAGE.has(name) && !omitted.has(name),
  )
  if (!fields.some(([name]) => name === 'date')) {
    fields.push(['date', formatHttpDate(lifetime.storedAtMs)]) // RFC 9110 section 6.6.1
  }
  const size = fields.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if (size > MAX_HEAD_SIZE / 2) return undefined
  return {
    kind: 'page',
    status: head.status,
    reason: head.reason,
    fields: fields.flat(),
    lifetime,
    ...more,
    hasOwnEtag: false,
    bodySize: 0,
  }
}

/** Returns the head for a body that has lost its coding on the way, as `fetch` returns it. */
export function decodedHead(head: PageHead): PageHead {
  return { ...head, fields: storedFields(fieldPairs(head.fields), true).flat() }
}

/**
 * Adds what follows from the body. A page without an ETag gets a strong one, which is the same for
 * the same bytes in all processes.
 *
 * @param isCoded - the page may get copies in other codings
 */
export function withBody(head: PageHead, body: Uint8Array, isCoded: boolean): PageHead {
  const bodySize = body.length
  const needsEtag = head.status === 200 && findField(head, 'etag') === undefined
  if (!needsEtag && !isCoded) return { ...head, bodySize }
  const hash = createHash('sha256').update(body).digest('base64url')
  const bodyHash = isCoded ? hash.slice(0, BODY_HASH_SIZE) : undefined
  if (!needsEtag) return { ...head, bodySize, bodyHash }
  const etag = `"${hash.slice(0, ETAG_SIZE)}"`
  return { ...head, bodySize, bodyHash, hasOwnEtag: true, fields: [...head.fields, 'etag', etag] }
}

/** Returns the stored fields, with those of a 304 in place of their older values. */
export function mergeFields(page: PageHead, update: ResponseHead, nowMs: number): HeaderField[] {
  const updated = update.fields.filter(([name]) => !NOT_UPDATED.has(name))
  // RFC 9110 section 6.6.1: a response without a date was made when it arrived.
  if (!updated.some(([name]) => name === 'date')) updated.push(['date', formatHttpDate(nowMs)])
  const names = new Set(updated.map(([name]) => name))
  return [...fieldPairs(page.fields).filter(([name]) => !names.has(name)), ...updated]
}

/** @returns for how many milliseconds from now the page is of any use */
export function keptMs(head: PageHead, nowMs: number): number {
  const { storedAtMs, freshMs, ageMs, isStrict, ...stale } = head.lifetime
  const hasValidator =
    (!head.hasOwnEtag && findField(head, 'etag') !== undefined) ||
    findField(head, 'last-modified') !== undefined
  const askableMs = Math.min(Math.max(freshMs, MIN_VALIDATION_MS), MAX_VALIDATION_MS)
  const freshUntilMs = storedAtMs + freshMs - ageMs
  const usableUntilMs = freshUntilMs + Math.max(stale.staleWhileRevalidateMs, stale.staleIfErrorMs)
  if (isStrict && !hasValidator) return usableUntilMs - nowMs
  // A page that was stale when it arrived is kept from then on.
  const askableUntilMs = Math.max(freshUntilMs, storedAtMs) + askableMs
  return Math.max(usableUntilMs, askableUntilMs) - nowMs
}

function fieldPairs(flat: readonly string[]): HeaderField[] {
  const pairs: HeaderField[] = []
  for (let index = 0; index + 1 < flat.length; index += 2) {
    pairs.push([flat[index], flat[index + 1]])
  }
  return pairs
}
