/**
 * Parsing Cache-Control, RFC 9111 section 5.2.
 *
 * The field may have names in any case, and quoted values with commas in them. Targeted fields, RFC
 * 9213, have the same directives in the strict syntax of structured fields.
 */

import { parseDictionary, type StructuredValue } from '../http-message/index.ts'

/** By name in lower case; `true`: no value. Section 4.2.1: the first one of a name counts. */
export type Directives = ReadonlyMap<string, string | true>

export const NO_DIRECTIVES: Directives = new Map()

/** RFC 9111 sections 5.2.2.4 and 5.2.2.7: the value is a list of field names. */
const WITH_FIELD_NAMES = ['no-cache', 'private']

/** Stands for a value that its directive cannot have. It is not a number, and not a field name. */
const INVALID = '?'

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const DIRECTIVE = new RegExp(`(${TOKEN})(?:=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,"]*)))?`, 'g')
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

/** @returns undefined if the field is malformed or empty; RFC 9213 section 2.1 ignores it then */
export function parseTargetedDirectives(text: string): Directives | undefined {
  const members = parseDictionary(text)
  if (members === undefined || members.size === 0) return undefined
  const directives = new Map<string, string | true>()
  for (const [name, member] of members) {
    const value = targetedValue(name, member)
    if (value !== false) directives.set(name, value)
  }
  return directives
}

/** Section 2.1: a value is not converted to the type that its directive has. */
function targetedValue(name: string, member: StructuredValue): string | boolean {
  if (member.type === 'boolean') return member.value
  if (member.type === 'integer') return String(member.value)
  return member.type === 'string' && WITH_FIELD_NAMES.includes(name) ? member.value : INVALID
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
