/**
 * Header text that stands in a rule.
 */

import { isHeaderValue, statusWords } from '../../http-message/index.ts'
import type { StatusLine } from './reply.ts'
import { RuleError } from './rule.ts'

/** Checks a parameter that is sent as a header exactly as it stands in the rule. */
export function requireHeaderValue(name: string, text: string): string {
  if (isHeaderValue(text)) return text
  throw new RuleError(`${name} has a character that cannot be in a header`)
}

/**
 * Parses the status of a final response: three digits, then perhaps a reason. Three digits alone,
 * or with one more character, get the usual words.
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
