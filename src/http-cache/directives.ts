/**
 * Parsing and formatting Cache-Control, RFC 9111 section 5.2.
 *
 * The field may have names in any case, and quoted values with commas in them. Directives that are
 * formatted for the library (storability.ts) have neither.
 */

/** By name in lower case; `true`: no value. Section 4.2.1: the first one of a name counts. */
export type Directives = ReadonlyMap<string, string | true>

export const NO_DIRECTIVES: Directives = new Map()

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const DIRECTIVE = new RegExp(`(${TOKEN})(?:=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,"]*)))?`, 'g')
const PLAIN_VALUE = new RegExp(`^${TOKEN}$`)
const DELTA_SECONDS = /^\d+$/

/** RFC 9111 section 1.2.2: a cache may use this for any larger number. */
const MAX_SECONDS = 2 ** 31

export function parseDirectives(text: string | undefined): Directives {
  if (text === undefined) return NO_DIRECTIVES
  const directives = new Map<string, string | true>()
  for (const [, name = '', quoted, plain] of text.matchAll(DIRECTIVE)) {
    const lowerName = name.toLowerCase()
    if (!directives.has(lowerName)) directives.set(lowerName, quoted ?? plain ?? true)
  }
  return directives
}

/** Omits a value that is a list of fields, so that the directive applies to all fields. */
export function formatDirectives(directives: Directives): string {
  const parts: string[] = []
  for (const [name, value] of directives) {
    parts.push(value !== true && PLAIN_VALUE.test(value) ? `${name}=${value}` : name)
  }
  return parts.join(', ')
}

/** @returns undefined without such a directive; 0, which is stale at once, if it is malformed */
export function secondsOf(directives: Directives, name: string): number | undefined {
  const value = directives.get(name)
  return value === undefined ? undefined : parseSeconds(value)
}

/** @returns 0 for a value that is not a number of seconds */
export function parseSeconds(value: string | true): number {
  if (value === true || !DELTA_SECONDS.test(value)) return 0
  return Math.min(Number(value), MAX_SECONDS)
}

/** Returns the directives of a request. Section 5.4: Pragma counts only without Cache-Control. */
export function requestDirectives(
  cacheControl: string | undefined,
  pragma: string | undefined,
): Directives {
  if (cacheControl !== undefined) return parseDirectives(cacheControl)
  return pragma === undefined ? NO_DIRECTIVES : parseDirectives(pragma)
}
