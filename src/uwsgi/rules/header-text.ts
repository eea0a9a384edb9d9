/**
 * What may stand in a header: a line break in a value would let a request write headers.
 */

import { STATUS_CODES } from 'node:http'
import type { StatusLine } from './reply.ts'
import { RuleError } from './rule.ts'

/** RFC 9110 section 5.1. */
export function isHeaderName(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text)
}

/** RFC 9110 section 5.5; the same check as `node:http` makes. */
export function isHeaderValue(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text)
}

/** A parameter that is sent as a header as it stands in the rule. */
export function requireHeaderValue(name: string, text: string): string {
  if (isHeaderValue(text)) return text
  throw new RuleError(`${name} has a character that cannot be in a header`)
}

/**
 * A status of a final response: three digits, then perhaps words of its own. Three digits alone, or
 * with one more character, have the usual words.
 *
 * uWSGI 2.0.21, core/writer.c, uwsgi_response_prepare_headers.
 */
export function parseStatusLine(text: string): StatusLine | undefined {
  const [, digits, rest = ''] = /^([2-9]\d\d)([\s\S]*)$/.exec(text) ?? []
  if (digits === undefined || !isHeaderValue(rest)) return undefined
  const statusCode = Number(digits)
  if (text.length > 4) return { statusCode, reason: rest.replace(/^ /, '') }
  return { statusCode, reason: statusWords(statusCode) === undefined ? 'Unknown' : undefined }
}

/** The usual words for a status, if it has some. */
export function statusWords(statusCode: number): string | undefined {
  return STATUS_CODES[statusCode]
}
