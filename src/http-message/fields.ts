/**
 * Header fields: which characters they may have, and which of them a stored response keeps.
 */

import { STATUS_CODES } from 'node:http'

/** A field's name in lower case, and its value. */
export type HeaderField = [name: string, value: string]

/** RFC 9110 section 5.1. */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** RFC 9110 section 5.5; `node:http` and `fetch` make the same check. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * Fields about one connection, not about the response. The first six: RFC 9110 section 7.6.1. A
 * trailer needs chunks, and a stored body has none. The proxy fields: RFC 9111 section 3.1.
 */
const CONNECTION_FIELDS = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'trailer',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
]

/** Fields that describe a compressed body and do not fit the decoded one. */
const CODED_FIELDS = ['content-encoding', 'content-digest', 'repr-digest', 'content-md5']

/** Fields about a body, which 304 does not have. */
export const BODY_FIELDS: ReadonlySet<string> = new Set([
  'content-length',
  'content-type',
  'content-encoding',
  'content-language',
  'content-range',
])

/** RFC 9110 section 8.6: no body follows these, regardless of what Content-Length says. */
export const NO_LENGTH_STATUSES: ReadonlySet<number> = new Set([204, 304])

/** Fetch Standard, "null body status": a `Response` with one of these has no body. */
export const NULL_BODY_STATUSES: ReadonlySet<number> = new Set([204, 205, 304])

export function isHeaderName(text: string): boolean {
  return FIELD_NAME.test(text)
}

/** A line break in a value would let a request write headers. */
export function isHeaderValue(text: string): boolean {
  return FIELD_VALUE.test(text)
}

/** @returns the usual words for a status, or undefined if there are none */
export function statusWords(statusCode: number): string | undefined {
  return STATUS_CODES[statusCode]
}

/** @returns the fields to store; Content-Length is not one, because the caller knows it better */
export function storedFields(headers: Iterable<HeaderField>, isDecoded: boolean): HeaderField[] {
  const fields = Array.from(headers, ([name, value]): HeaderField => [name.toLowerCase(), value])
  const dropped = new Set([
    'content-length',
    ...CONNECTION_FIELDS,
    ...nominatedFields(fields),
    ...(isDecoded ? CODED_FIELDS : []),
  ])
  return fields
    .filter(([name]) => !dropped.has(name))
    .map(([name, value]) => [name, isDecoded && name === 'etag' ? weaken(value) : value])
}

/** RFC 9110 section 7.6.1: Connection names further fields that end with the connection. */
function nominatedFields(fields: readonly HeaderField[]): string[] {
  return fields
    .filter(([name]) => name === 'connection')
    .flatMap(([, nominated]) => nominated.split(','))
    .map(name => name.trim().toLowerCase())
}

/** RFC 9110 section 8.8.1: a strong ETag promises the same bytes, and a decoded body has others. */
function weaken(etag: string): string {
  return etag.startsWith('W/') ? etag : `W/${etag}`
}
