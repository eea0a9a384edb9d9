/**
 * Cache-Control, RFC 9111 section 5.2, read and written.
 *
 * Names come in any case and values in quotes, with commas in them; what is made of them for others
 * (storing.ts) is plain.
 */

/** Names in lower case; `true`: without a value. The first of a name counts, section 4.2.1. */
export type Directives = ReadonlyMap<string, string | true>

export const NO_DIRECTIVES: Directives = new Map()

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const DIRECTIVE = new RegExp(`(${TOKEN})(?:=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,"]*)))?`, 'g')
const PLAIN_VALUE = new RegExp(`^${TOKEN}$`)
const DELTA_SECONDS = /^\d+$/

/** RFC 9111 section 1.2.2: what a cache may take for any larger number. */
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

/** A value that is a list of fields is left out, so that the directive is about all of them. */
export function formatDirectives(directives: Directives): string {
  const parts: string[] = []
  for (const [name, value] of directives) {
    parts.push(value !== true && PLAIN_VALUE.test(value) ? `${name}=${value}` : name)
  }
  return parts.join(', ')
}

/** Undefined: there is no such directive. One that makes no sense is taken as 0: stale at once. */
export function secondsOf(directives: Directives, name: string): number | undefined {
  const value = directives.get(name)
  return value === undefined ? undefined : parseSeconds(value)
}

/** 0 for what is no number of seconds. */
export function parseSeconds(value: string | true): number {
  if (value === true || !DELTA_SECONDS.test(value)) return 0
  return Math.min(Number(value), MAX_SECONDS)
}

/** What a client asks of caches. Pragma counts only without Cache-Control, section 5.4. */
export function requestDirectives(
  cacheControl: string | undefined,
  pragma: string | undefined,
): Directives {
  if (cacheControl !== undefined) return parseDirectives(cacheControl)
  return pragma === undefined ? NO_DIRECTIVES : parseDirectives(pragma)
}
