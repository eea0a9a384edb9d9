/**
 * Conditional and range requests, answered from what is stored: RFC 9110 sections 13 and 14.
 */

import { parseHttpDate } from './http-date.ts'

/** The fields of a stored response that conditions are compared with. */
export interface Validators {
  readonly etag?: string | undefined
  readonly lastModified?: string | undefined
  /** The moment at which the response was made. */
  readonly date?: string | undefined
}

/** Returns a field's value by its name in lower case. */
export type FieldReader = (name: string) => string | undefined

/** Bytes from the first up to the last, both included. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

const ETAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g
const RANGE = /^bytes=\s*(\d*)-(\d*)\s*$/i

/** RFC 9110 section 8.8.2.2: within a second the response could have changed twice. */
const STRONG_DATE_MS = 1000

/** @returns true if the client already has the response, so that 304 is the answer */
export function isNotModified(field: FieldReader, validators: Validators, nowMs: number): boolean {
  const ifNoneMatch = field('if-none-match')
  if (ifNoneMatch !== undefined) return matchesAny(ifNoneMatch, validators.etag)
  const ifModifiedSince = field('if-modified-since')
  if (ifModifiedSince === undefined) return false
  const since = parseHttpDate(ifModifiedSince, nowMs)
  // RFC 9111 section 4.3.2: without Last-Modified, the date of the response.
  const changed = parseHttpDate(validators.lastModified ?? validators.date ?? '', nowMs)
  return changed <= since // false if either one is not a date
}

/**
 * Decides which part of the body to send.
 *
 * @returns one range; `unsatisfiable` for 416; undefined for the whole body, because the request
 * asks for no range, for several, or for a range of another version
 */
export function wantedRange(
  field: FieldReader,
  validators: Validators,
  size: number,
  nowMs: number,
): ByteRange | 'unsatisfiable' | undefined {
  const [, start, end] = RANGE.exec(field('range') ?? '') ?? []
  if (start === undefined || end === undefined || (start === '' && end === '')) return undefined
  if (!meansThisVersion(field('if-range'), validators, nowMs)) return undefined
  if (start === '') {
    const length = Number(end)
    if (length === 0 || size === 0) return 'unsatisfiable'
    return { first: Math.max(0, size - length), last: size - 1 }
  }
  const first = Number(start)
  const last = end === '' ? size - 1 : Number(end)
  if (end !== '' && last < first) return undefined // invalid, section 14.1.1
  if (first >= size) return 'unsatisfiable'
  return { first, last: Math.min(last, size - 1) }
}

/** Section 13.1.2: If-None-Match uses the weak comparison. */
function matchesAny(list: string, etag: string | undefined): boolean {
  if (list.trim() === '*') return true
  if (etag === undefined) return false
  return (list.match(ETAG) ?? []).some(candidate => sameOpaque(candidate, etag))
}

/** Section 13.1.5: If-Range uses the strong comparison. */
function meansThisVersion(
  ifRange: string | undefined,
  validators: Validators,
  nowMs: number,
): boolean {
  if (ifRange === undefined) return true
  const wanted = ifRange.trim()
  if (wanted.endsWith('"')) return wanted === validators.etag && !wanted.startsWith('W/')
  const { lastModified, date } = validators
  if (lastModified === undefined || wanted !== lastModified) return false
  const madeAtMs = parseHttpDate(date ?? '', nowMs)
  return madeAtMs - parseHttpDate(lastModified, nowMs) >= STRONG_DATE_MS
}

/** RFC 9110 section 8.8.3.2: the weak comparison. */
export function sameOpaque(first: string, second: string): boolean {
  return withoutWeakness(first) === withoutWeakness(second)
}

function withoutWeakness(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag
}
