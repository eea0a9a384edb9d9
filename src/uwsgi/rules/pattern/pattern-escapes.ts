/**
 * Escapes and character classes of PCRE patterns, translated to JavaScript.
 *
 * https://www.pcre.org/current/doc/html/pcre2pattern.html#SEC5. In JavaScript several letters after
 * a backslash have another meaning, or silently none (`\A`, `\h`, `\z`), so each one is looked up
 * here. In classes, JavaScript does not accept a leading `]` as a character and has no POSIX names,
 * so every character is written by its code.
 */

import { hexEscape, literal, type PatternReader } from './pattern-reader.ts'

/** Escapes for a set of characters, as the inside of a class. They are about bytes, not Unicode. */
const CLASS_ESCAPES: Readonly<Record<string, string>> = {
  d: '0-9',
  D: '\\x00-/:-\\xff',
  w: '\\w',
  W: '\\W',
  s: '\\t-\\r ',
  S: '\\x00-\\x08\\x0e-\\x1f!-\\xff',
  h: '\\t \\xa0',
  H: '\\x00-\\x08\\x0a-\\x1f!-\\x9f\\xa1-\\xff',
  v: '\\n-\\r\\x85',
  V: '\\x00-\\x09\\x0e-\\x84\\x86-\\xff',
}

const CONTROL_ESCAPES: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 }

/** Assertions and similar, outside classes only. `\Z` also matches before a last line feed. */
const OUTSIDE_ESCAPES: Readonly<Record<string, string>> = {
  A: '^',
  z: '$',
  Z: '(?=\\n?$)',
  b: '\\b',
  B: '\\B',
  N: '[^\\n]',
  R: '(?:\\r\\n|(?!\\r\\n)[\\n-\\r\\x85])',
}

const ASSERTIONS = 'AzZbB'
const MAX_BYTE = 0xff

/** One escape: a set, a character by its code, or an escape that is valid outside classes only. */
export type Escape =
  | { readonly kind: 'set'; readonly inside: string }
  | { readonly kind: 'character'; readonly code: number }
  | { readonly kind: 'outside'; readonly source: string; readonly isAssertion: boolean }
  | { readonly kind: 'reference'; readonly to: number | string }

/** Reads an escape whose backslash has been taken. */
export function readEscape(reader: PatternReader, isInClass: boolean, groupCount: number): Escape {
  if (reader.isAtEnd) throw reader.fail('\\ at end of pattern')
  const letter = reader.take()
  const inside = CLASS_ESCAPES[letter]
  if (inside !== undefined) return { kind: 'set', inside }
  const control = letter === 'b' && isInClass ? 8 : CONTROL_ESCAPES[letter]
  if (control !== undefined) return { kind: 'character', code: control }
  const outside = OUTSIDE_ESCAPES[letter]
  if (outside !== undefined && !isInClass) {
    return { kind: 'outside', source: outside, isAssertion: ASSERTIONS.includes(letter) }
  }
  if (/\d/.test(letter)) return readDigits(reader, letter, isInClass)
  if (letter === 'x' || letter === 'o' || letter === 'c') return readCode(reader, letter)
  if ((letter === 'g' || letter === 'k') && !isInClass) {
    return { kind: 'reference', to: readReference(reader, letter, groupCount) }
  }
  if (/[A-Za-z]/.test(letter)) throw unknownLetter(reader, letter)
  return { kind: 'character', code: letter.charCodeAt(0) }
}

/** A set as it is written outside a class. */
export function formatSet(inside: string): string {
  return `[${inside}]`
}

export function formatCharacter(code: number): string {
  return literal(String.fromCharCode(code))
}

/** `\1` to `\9` are references; a leading 0, three digits, or a place in a class mean octal. */
function readDigits(reader: PatternReader, first: string, isInClass: boolean): Escape {
  reader.position--
  const octal = reader.match(first === '0' || isInClass ? /[0-7]{1,3}/y : /[0-7]{3}/y)
  if (octal !== undefined) {
    return { kind: 'character', code: requireByte(reader, Number.parseInt(octal[0], 8)) }
  }
  reader.position++
  if (isInClass || reader.match(/\d/y) !== undefined) {
    throw reader.fail(
      'a number after \\ that may be octal or a reference; write \\x{..} or \\g{..}',
    )
  }
  return { kind: 'reference', to: Number(first) }
}

function readCode(reader: PatternReader, letter: 'x' | 'o' | 'c'): Escape {
  if (letter === 'c') {
    const controlled = reader.match(/[ -~]/y)
    if (controlled === undefined) throw reader.fail('\\c at end of pattern')
    return { kind: 'character', code: controlled[0].toUpperCase().charCodeAt(0) ^ 0x40 }
  }
  const braced = reader.match(letter === 'x' ? /\{([0-9a-fA-F]+)\}/y : /\{([0-7]+)\}/y)
  if (braced === undefined && letter === 'o') throw reader.fail('missing opening brace after \\o')
  const digits = braced?.[1] ?? reader.match(/[0-9a-fA-F]{0,2}/y)?.[0] ?? ''
  const code = digits === '' ? 0 : Number.parseInt(digits, letter === 'x' ? 16 : 8)
  return { kind: 'character', code: requireByte(reader, code) }
}

/** `\g{2}`, `\g2`, `\g{-1}`, `\g{name}`, `\k<name>`, `\k{name}`, `\k'name'`. */
function readReference(
  reader: PatternReader,
  letter: 'g' | 'k',
  groupCount: number,
): number | string {
  const number = letter === 'g' ? reader.match(/\{(-?)(\d+)\}|(-?)(\d+)/y) : undefined
  if (number !== undefined) {
    const digits = Number(number[2] ?? number[4])
    const isRelative = (number[1] ?? number[3]) === '-'
    return isRelative ? groupCount + 1 - digits : digits
  }
  const name = reader.match(/\{([A-Za-z_]\w*)\}|<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)'/y)
  const text = name?.[1] ?? name?.[2] ?? name?.[3]
  if (text === undefined) throw reader.fail(`\\${letter} is not followed by a name or number`)
  return text
}

function requireByte(reader: PatternReader, code: number): number {
  if (code <= MAX_BYTE) return code
  throw reader.fail('character code point value in \\x{} or \\o{} is too large')
}

function unknownLetter(reader: PatternReader, letter: string): Error {
  if ('CGKLNPRUXlpu'.includes(letter)) return reader.unsupported(`\\${letter}`)
  return reader.fail('unrecognized character follows \\')
}

/** As in the C locale, of ASCII only. */
const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-/:-@\\[-`{-~',
  space: '\\t-\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
}

const NEGATED_POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: '\\x00-/:-@\\[-`{-\\xff',
  alpha: '\\x00-@\\[-`{-\\xff',
  ascii: '\\x80-\\xff',
  blank: '\\x00-\\x08\\x0a-\\x1f!-\\xff',
  cntrl: ' -~\\x80-\\xff',
  digit: '\\x00-/:-\\xff',
  graph: '\\x00- \\x7f-\\xff',
  lower: '\\x00-`{-\\xff',
  print: '\\x00-\\x1f\\x7f-\\xff',
  punct: '\\x00- 0-9A-Za-z\\x7f-\\xff',
  space: '\\x00-\\x08\\x0e-\\x1f!-\\xff',
  upper: '\\x00-@\\[-\\xff',
  word: '\\x00-/:-@\\[-\\^`{-\\xff',
  xdigit: '\\x00-/:-@G-`g-\\xff',
}

/** A set of several characters as source text, or one character by its code. */
type Member = string | number

/** Reads a class whose `[` has been taken. */
export function readClass(reader: PatternReader): string {
  const start = reader.position - 1
  const sign = reader.skip('^') ? '^' : ''
  let inside = ''
  let isFirst = true
  while (isFirst || !reader.skip(']')) {
    const member = readMember(reader, start)
    if (member !== '') isFirst = false
    if (typeof member === 'string') {
      inside += member
      continue
    }
    const last = readRangeEnd(reader, start)
    if (last === undefined) inside += hexEscape(member)
    else if (last < member) throw reader.fail('range out of order in character class')
    else inside += `${hexEscape(member)}-${hexEscape(last)}`
  }
  return `[${sign}${inside}]`
}

function readMember(reader: PatternReader, start: number): Member {
  requireMore(reader, start)
  const posix = reader.match(/\[([:.=])(\^?)(\w*)\1\]/y)
  if (posix !== undefined) return posixClass(reader, posix)
  const character = reader.take()
  if (character !== '\\') return character.charCodeAt(0)
  const quoted = reader.match(/Q([\s\S]*?)(?:\\E|$)/y)
  if (quoted !== undefined) return [...(quoted[1] ?? '')].map(codeOf).map(hexEscape).join('')
  if (reader.skip('E')) return ''
  const escaped = readEscape(reader, true, 0)
  if (escaped.kind === 'set') return escaped.inside
  if (escaped.kind === 'character') return escaped.code
  throw reader.fail('escape sequence is invalid in character class')
}

/** The last character of a range, if there is one; a `-` before `]` or a set stands for itself. */
function readRangeEnd(reader: PatternReader, start: number): number | undefined {
  const back = reader.position
  if (!reader.skip('-')) return undefined
  requireMore(reader, start)
  if (!reader.text.startsWith(']', reader.position)) {
    const last = readMember(reader, start)
    if (typeof last === 'number') return last
  }
  reader.position = back
  return undefined
}

function posixClass(reader: PatternReader, [, kind, sign, name = '']: RegExpExecArray): string {
  if (kind !== ':') throw reader.fail('POSIX collating elements are not supported')
  const inside = (sign === '^' ? NEGATED_POSIX_CLASSES : POSIX_CLASSES)[name]
  if (inside === undefined) throw reader.fail('unknown POSIX class name')
  return inside
}

function requireMore(reader: PatternReader, start: number): void {
  if (!reader.isAtEnd) return
  reader.position = Math.max(start, reader.text.length)
  throw reader.fail('missing terminating ] for character class')
}

function codeOf(character: string): number {
  return character.charCodeAt(0)
}
