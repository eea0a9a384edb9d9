/**
 * Character classes: `[...]` of a PCRE pattern as one of JavaScript.
 *
 * A `]` that comes first is a character here and there is not, POSIX names are unknown there, and
 * every character is written by its code, so nothing has a second meaning.
 */

import { readEscape } from './pattern-escapes.ts'
import { hexEscape, type PatternReader } from './pattern-reader.ts'

/** Of ASCII, as the C locale has them. */
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

/** The last character of a range, if a range goes on here; a `-` before `]` or a set is itself. */
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
