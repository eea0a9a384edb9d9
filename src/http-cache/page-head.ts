/**
 * Making the head of a page: of a response, and of a response that 304 made fresh again.
 */

import { createHash } from 'node:crypto'
import { formatHttpDate, type HeaderField, storedFields } from '../http-message/index.ts'
import type { Lifetime } from './freshness.ts'
import { MAX_HEAD_SIZE, type PageHead } from './record.ts'
import type { ResponseHead } from './storing.ts'

/** Made anew for each answer, or only for the one client that it was made for. */
const NOT_OF_THE_PAGE = new Set(['age', 'cache-status', 'set-cookie'])

/** What 304 says about a body that it does not have, RFC 9111 section 3.2. */
const NOT_UPDATED = new Set(['content-length', 'content-encoding', 'content-type', 'content-range'])

/** How long a stale page with a validator is kept on to be asked about: as long as it was fresh. */
const MIN_VALIDATION_MS = 60_000
const MAX_VALIDATION_MS = 600_000

/** 27 characters of SHA-256: 160 bits. */
const ETAG_SIZE = 27

/** Undefined: it is too large. */
export function pageHead(
  head: ResponseHead,
  lifetime: Lifetime,
  cacheStatus: string | undefined,
): PageHead | undefined {
  const fields = storedFields(head.fields, false).filter(([name]) => !NOT_OF_THE_PAGE.has(name))
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
    cacheStatus,
    lifetime,
    hasOwnEtag: false,
    bodySize: 0,
  }
}

/** Of a body that has lost its coding on the way, as `fetch` leaves it. */
export function decodedHead(head: PageHead): PageHead {
  return { ...head, fields: storedFields(fieldPairs(head.fields), true).flat() }
}

/** A page without an ETag gets a strong one: the same bytes have the same, whoever stores them. */
export function withBody(head: PageHead, body: Uint8Array): PageHead {
  const bodySize = body.length
  if (head.status !== 200 || findField(head, 'etag') !== undefined) return { ...head, bodySize }
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, ETAG_SIZE)
  return { ...head, bodySize, hasOwnEtag: true, fields: [...head.fields, 'etag', `"${hash}"`] }
}

/** The stored fields, those that 304 brought in place of their older ones. */
export function mergeFields(page: PageHead, update: ResponseHead): HeaderField[] {
  const updated = update.fields.filter(([name]) => !NOT_UPDATED.has(name))
  const names = new Set(updated.map(([name]) => name))
  return [...fieldPairs(page.fields).filter(([name]) => !names.has(name)), ...updated]
}

/** How long it is of any use from now on. */
export function keptMs(head: PageHead, nowMs: number): number {
  const { storedAtMs, freshMs, ageMs, staleWhileRevalidateMs, staleIfErrorMs } = head.lifetime
  const hasValidator =
    (!head.hasOwnEtag && findField(head, 'etag') !== undefined) ||
    findField(head, 'last-modified') !== undefined
  const askableMs = Math.min(Math.max(freshMs, MIN_VALIDATION_MS), MAX_VALIDATION_MS)
  const validationMs = hasValidator ? askableMs : 0
  const staleMs = Math.max(staleWhileRevalidateMs, staleIfErrorMs, validationMs)
  return storedAtMs + freshMs - ageMs + staleMs - nowMs
}

/** The first of that name. */
export function findField(head: PageHead, name: string): string | undefined {
  const { fields } = head
  for (let index = 0; index < fields.length; index += 2) {
    if (fields[index] === name) return fields[index + 1]
  }
  return undefined
}

function fieldPairs(flat: readonly string[]): HeaderField[] {
  const pairs: HeaderField[] = []
  for (let index = 0; index + 1 < flat.length; index += 2) {
    pairs.push([flat[index] as string, flat[index + 1] as string])
  }
  return pairs
}
