/**
 * Parsing dictionaries of structured fields, RFC 9651 section 4.2.2. One error anywhere makes the
 * whole field invalid.
 *
 * Parameters, and the items of inner lists, are checked and then dropped: no field that this
 * package reads has any.
 */

export type StructuredValue =
  | { readonly type: 'integer' | 'decimal' | 'date'; readonly value: number }
  | { readonly type: 'string' | 'token' | 'bytes' | 'display-string'; readonly value: string }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'inner-list' }

const KEY = /[a-z*][a-z0-9_.*-]*/y
const SPACES = / */y
const OPTIONAL_WHITESPACE = /[ \t]*/y
const COMMA = /,/y
const EQUALS = /=/y
const SEMICOLON = /;/y
const OPEN = /\(/y
const CLOSE = /\)/y

/** Sections 4.2.4 to 4.2.10. Decimals come first, because they begin as integers do. */
const BARE_ITEMS = [
  ['decimal', /-?\d{1,12}\.\d{1,3}(?![\d.])/y, Number],
  ['integer', /-?\d{1,15}(?![\d.])/y, Number],
  ['string', /"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/y, unquote],
  ['token', /[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*/y, String],
  ['bytes', /:[A-Za-z0-9+/]*={0,2}:/y, (text: string) => text.slice(1, -1)],
  ['boolean', /\?[01]/y, (text: string) => text === '?1'],
  ['date', /@-?\d{1,15}(?![\d.])/y, (text: string) => Number(text.slice(1))],
  ['display-string', /%"(?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*"/y, decode],
] as const

const TRUE: StructuredValue = { type: 'boolean', value: true }

/** @returns undefined if the text is not a dictionary */
export function parseDictionary(text: string): ReadonlyMap<string, StructuredValue> | undefined {
  const reader = new Reader(text)
  const members = new Map<string, StructuredValue>()
  reader.take(SPACES)
  while (!reader.isAtEnd) {
    const key = reader.take(KEY)
    if (key === undefined) return undefined
    const value = reader.take(EQUALS) === undefined ? TRUE : readMember(reader)
    if (value === undefined || !skipParameters(reader)) return undefined
    members.set(key, value) // the last of a name counts, section 4.2.2
    reader.take(OPTIONAL_WHITESPACE)
    if (reader.isAtEnd) return members
    if (reader.take(COMMA) === undefined) return undefined
    reader.take(OPTIONAL_WHITESPACE)
    if (reader.isAtEnd) return undefined
  }
  return members
}

/** Reads a field from its start. Patterns are sticky: each matches at the place or not at all. */
class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length
  }

  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const [taken] = pattern.exec(this.#text) ?? []
    if (taken !== undefined) this.#at += taken.length
    return taken
  }
}

function readMember(reader: Reader): StructuredValue | undefined {
  return reader.take(OPEN) === undefined ? readBareItem(reader) : readInnerList(reader)
}

/** Section 4.2.1.2, after the opening parenthesis. */
function readInnerList(reader: Reader): StructuredValue | undefined {
  for (let isFirst = true; ; isFirst = false) {
    const spaces = reader.take(SPACES)
    if (reader.take(CLOSE) !== undefined) return { type: 'inner-list' }
    if (!isFirst && spaces === '') return undefined
    if (readBareItem(reader) === undefined || !skipParameters(reader)) return undefined
  }
}

function readBareItem(reader: Reader): StructuredValue | undefined {
  for (const [type, pattern, read] of BARE_ITEMS) {
    const text = reader.take(pattern)
    if (text === undefined) continue
    const value = read(text)
    return value === undefined ? undefined : ({ type, value } as StructuredValue)
  }
  return undefined
}

/** Section 4.2.3.2. @returns whether the parameters are well-formed */
function skipParameters(reader: Reader): boolean {
  while (reader.take(SEMICOLON) !== undefined) {
    reader.take(SPACES)
    if (reader.take(KEY) === undefined) return false
    if (reader.take(EQUALS) !== undefined && readBareItem(reader) === undefined) return false
  }
  return true
}

function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, '$1')
}

/** @returns undefined if the bytes are not UTF-8 */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.slice(2, -1))
  } catch {
    return undefined
  }
}
