/**
 * Regular expressions of rules: PCRE's syntax in, a JavaScript `RegExp` with the same meaning out.
 *
 * Rules match bytes, without flags, anywhere in the subject, as in uWSGI 2.0.21 (core/regexp.c). A
 * pattern is translated piece by piece, because many PCRE escapes have another meaning in
 * JavaScript and cause no error. Syntax that JavaScript lacks is refused. One difference is
 * deliberate: `$` is the very end, and not also the place before a last line feed, which a client
 * can send as `%0A`.
 */

import { BacktrackingCheck, boundedSearch, type Search } from './backtracking.ts'
import { formatCharacter, formatSet, readClass, readEscape } from './pattern-escapes.ts'
import { literal, type PatternError, PatternReader } from './pattern-reader.ts'

export interface CompiledPattern {
  readonly regexp: RegExp
  /** Searches a subject in bounded time. Throws when a time limit ends the search. */
  readonly find: Search
  /** It has a group like `(a+)+`, which can take exponential time on some subjects. */
  readonly isRisky: boolean
  /** V8 has no fast search for the pattern, so that a risky one has a time limit. */
  readonly isTimed: boolean
}

/** With `(?m)`: also after a line feed, but not after one that is the last character. */
const LINE_START = '(?:^|(?<=\\n)(?!$))'

const MAX_REPEAT = 65_535

/**
 * @param text - one character for each byte
 * @throws PatternError
 */
export function compilePattern(text: string): CompiledPattern {
  return new Translator(text).translate()
}

class Translator {
  readonly #reader: PatternReader
  /** How each open group begins. */
  readonly #openings: string[] = []
  readonly #check = new BacktrackingCheck(() => this.#flags)
  readonly #references: (number | string)[] = []
  readonly #names = new Set<string>()
  #source = ''
  #groupCount = 0
  /** The last item may have a quantifier. */
  #isRepeatable = false
  #isMultiline = false
  #matchesLines = false
  #flags = ''

  constructor(text: string) {
    this.#reader = new PatternReader(text)
  }

  translate(): CompiledPattern {
    this.#readStart()
    while (!this.#reader.isAtEnd) this.#readNext(this.#reader.take())
    if (this.#openings.length > 0) throw this.#reader.fail('missing closing parenthesis')
    for (const reference of this.#references) this.#requireGroup(reference)
    try {
      const regexp = new RegExp(this.#source, this.#flags)
      return { regexp, isRisky: this.#check.isRisky, ...boundedSearch(regexp, this.#check) }
    } catch (error) {
      throw this.#reader.fail(error instanceof Error ? error.message : String(error))
    }
  }

  /** Flags that hold for the whole pattern: `(?i)`. */
  #readStart(): void {
    const reader = this.#reader
    if (reader.skip('(*')) throw reader.unsupported('(*...)')
    for (;;) {
      const flags = reader.match(/\(\?([a-zA-Z^-]+)\)/y)?.[1]
      if (flags === undefined) return
      for (const flag of flags) {
        if (flag === 'i') this.#flags = 'i'
        else if (flag === 'm') this.#isMultiline = true
        else if (flag === 's') this.#matchesLines = true
        else throw reader.unsupported(`the flag ${flag}`)
      }
    }
  }

  #readNext(character: string): void {
    switch (character) {
      case '\\':
        this.#readEscape()
        break
      case '[':
        this.#addItem(readClass(this.#reader))
        break
      case '(':
        this.#openGroup()
        break
      case ')':
        this.#closeGroup()
        break
      case '|':
        this.#endAlternative()
        this.#source += '|'
        break
      case '.':
        this.#addItem(this.#matchesLines ? '[^]' : '[^\\n]')
        break
      case '^':
        this.#addAssertion(this.#isMultiline ? LINE_START : '^')
        break
      case '$':
        this.#addAssertion(this.#isMultiline ? '(?![^\\n])' : '$')
        break
      default:
        this.#readQuantifierOr(character)
    }
  }

  #readEscape(): void {
    const quoted = this.#reader.match(/Q([\s\S]*?)(?:\\E|$)/y)
    if (quoted !== undefined) {
      for (const character of quoted[1] ?? '') this.#addItem(literal(character))
      return
    }
    if (this.#reader.skip('E')) return
    const escaped = readEscape(this.#reader, false, this.#groupCount)
    if (escaped.kind === 'set') this.#addItem(formatSet(escaped.inside))
    else if (escaped.kind === 'character') this.#addItem(formatCharacter(escaped.code))
    else if (escaped.kind === 'reference') this.#addReference(escaped.to)
    else if (escaped.isAssertion) this.#addAssertion(escaped.source)
    else this.#addItem(escaped.source)
  }

  #readQuantifierOr(character: string): void {
    const reader = this.#reader
    reader.position--
    const found = reader.match(/[*+?]|\{(\d+)(?:(,)(\d*))?\}/y)
    if (found === undefined) {
      reader.position++
      this.#addItem(literal(character))
      return
    }
    if (!this.#isRepeatable) {
      throw reader.fail('quantifier does not follow a repeatable item')
    }
    const [text, min, comma, max = ''] = found
    if (Number(min ?? 0) > MAX_REPEAT || Number(max) > MAX_REPEAT) {
      throw reader.fail('number too big in {} quantifier')
    }
    if (max !== '' && Number(min) > Number(max)) {
      throw reader.fail('numbers out of order in {} quantifier')
    }
    if (reader.skip('+')) throw reader.unsupported('a possessive quantifier')
    this.#source += reader.skip('?') ? `${text}?` : text
    const isEndless = text === '*' || text === '+' || (comma !== undefined && max === '')
    const least = Number(min ?? (text === '+' ? 1 : 0))
    const most = isEndless ? Number.POSITIVE_INFINITY : Number(max === '' ? (min ?? 1) : max)
    this.#check.repeat(least, most)
    this.#isRepeatable = false
  }

  #openGroup(): void {
    const reader = this.#reader
    if (reader.match(/\?#[^)]*\)/y) !== undefined) return
    const named = reader.match(/\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/y)
    const special = reader.match(/\?(?:[:=!]|<[=!])/y)
    const backReference = reader.match(/\?P=([A-Za-z_]\w*)\)/y)
    if (backReference !== undefined) {
      this.#addReference(backReference[1] ?? '')
      return
    }
    let opening = `(${special?.[0] ?? ''}`
    if (named !== undefined) {
      const name = named[1] ?? named[2] ?? ''
      if (this.#names.has(name)) throw reader.fail('two named subpatterns have the same name')
      this.#names.add(name)
      opening = `(?<${name}>`
    } else if (special === undefined && (reader.skip('?') || reader.skip('*'))) {
      const what = reader.text.slice(reader.position - 2, reader.position + 1)
      throw reader.unsupported(`a group that begins with ${what}`)
    }
    if (special === undefined) this.#groupCount++
    this.#source += opening
    this.#openings.push(opening)
    this.#check.open()
    this.#isRepeatable = false
  }

  #closeGroup(): void {
    const opening = this.#openings.pop()
    if (opening === undefined) throw this.#reader.fail('unmatched closing parenthesis')
    this.#source += ')'
    const isAssertion = /^\(\?<?[=!]/.test(opening)
    this.#check.close(isAssertion)
    this.#isRepeatable = !isAssertion
  }

  #endAlternative(): void {
    this.#check.endAlternative()
    this.#isRepeatable = false
  }

  #addItem(source: string): void {
    this.#source += source
    this.#check.add(source)
    this.#isRepeatable = true
  }

  #addReference(to: number | string): void {
    this.#references.push(to)
    this.#source += typeof to === 'number' ? `(?:\\${to})` : `\\k<${to}>`
    this.#check.addReference()
    this.#isRepeatable = true
  }

  #addAssertion(source: string): void {
    this.#source += source
    this.#isRepeatable = false
  }

  #requireGroup(reference: number | string): void {
    const exists =
      typeof reference === 'string'
        ? this.#names.has(reference)
        : reference >= 1 && reference <= this.#groupCount
    if (!exists) throw this.#missingGroup()
  }

  #missingGroup(): PatternError {
    return this.#reader.fail('reference to non-existent subpattern')
  }
}
