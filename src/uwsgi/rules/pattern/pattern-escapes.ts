/**
 * What follows a backslash in a PCRE pattern, and what it is in JavaScript.
 *
 * https://www.pcre.org/current/doc/html/pcre2pattern.html#SEC5. Several letters mean something else
 * in JavaScript, or silently themselves (`\A`, `\h`, `\z`), so each one is looked up here.
 */

import { literal, type PatternReader } from './pattern-reader.ts'

/** Escapes for a set of characters, as the inside of a class. All of bytes, not of Unicode. */
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

/** Assertions and the like, outside classes only. `\Z` also stands before a last line feed. */
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

/** One escape: a set, a character by its code, or something that stands outside classes only. */
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

/** `\1` to `\9` are references; what begins with 0, has three digits, or is in a class is octal. */
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
