/**
 * Regular expressions of rules: PCRE's syntax in, a JavaScript `RegExp` with the same meaning out.
 *
 * Rules match bytes, without flags, anywhere in the subject, as in uWSGI 2.0.21 (core/regexp.c). A
 * pattern is translated piece by piece, because many PCRE escapes are something else in JavaScript
 * without an error; what JavaScript cannot do is refused. One difference stays on purpose: `$` is
 * the very end, and not also the place before a last line feed, which a client can send as `%0A`.
 */

import { formatCharacter, formatSet, readClass, readEscape } from './pattern-escapes.ts'
import { literal, type PatternError, PatternReader } from './pattern-reader.ts'

export interface CompiledPattern {
  readonly regexp: RegExp
  /** It has a group like `(a+)+`, which can take exponential time on some subjects. */
  readonly isRisky: boolean
}

/** With `(?m)`: also after a line feed, but not after one that is the last character. */
const LINE_START = '(?:^|(?<=\\n)(?!$))'

const MAX_REPEAT = 65_535

/** Throws a PatternError. `text` has one character a byte. */
export function compilePattern(text: string): CompiledPattern {
  return new Translator(text).translate()
}

/** A group that is open, or the whole pattern. */
interface Frame {
  readonly opening: string
  /** Things in the alternative being read. */
  itemCount: number
  /** An alternative is one thing repeated without limit, and nothing else. */
  isLoop: boolean
  /** The last thing was repeated without limit. */
  endsInLoop: boolean
}

/** What a quantifier may follow; `group` if that is a group, which ended like this. */
type Last = { readonly group: Frame | undefined } | undefined

class Translator {
  readonly #reader: PatternReader
  readonly #frames: Frame[] = [newFrame('')]
  readonly #references: (number | string)[] = []
  readonly #names = new Set<string>()
  #source = ''
  #groupCount = 0
  #last: Last
  #isRisky = false
  #isMultiline = false
  #matchesLines = false
  #flags = ''

  constructor(text: string) {
    this.#reader = new PatternReader(text)
  }

  translate(): CompiledPattern {
    this.#readStart()
    while (!this.#reader.isAtEnd) this.#readNext(this.#reader.take())
    if (this.#frames.length > 1) throw this.#reader.fail('missing closing parenthesis')
    for (const reference of this.#references) this.#requireGroup(reference)
    try {
      return { regexp: new RegExp(this.#source, this.#flags), isRisky: this.#isRisky }
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
    if (this.#last === undefined) {
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
    if (text === '*' || text === '+' || (comma !== undefined && max === '')) this.#noteLoop()
    this.#last = undefined
  }

  /** `(a+)+`: a loop whose body is a loop can split the same text in exponentially many ways. */
  #noteLoop(): void {
    if (this.#last?.group?.isLoop === true) this.#isRisky = true
    this.#frame().endsInLoop = true
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
    this.#frames.push(newFrame(opening))
    this.#last = undefined
  }

  #closeGroup(): void {
    const frame = this.#frames.pop()
    if (frame === undefined || this.#frames.length === 0) {
      throw this.#reader.fail('unmatched closing parenthesis')
    }
    noteAlternative(frame)
    this.#source += ')'
    const isAssertion = /^\(\?<?[=!]/.test(frame.opening)
    if (isAssertion) this.#last = undefined
    else this.#noteItem(frame)
  }

  #endAlternative(): void {
    noteAlternative(this.#frame())
    this.#last = undefined
  }

  #addItem(source: string): void {
    this.#source += source
    this.#noteItem(undefined)
  }

  #addReference(to: number | string): void {
    this.#references.push(to)
    this.#addItem(typeof to === 'number' ? `(?:\\${to})` : `\\k<${to}>`)
  }

  #addAssertion(source: string): void {
    this.#source += source
    this.#last = undefined
  }

  #noteItem(group: Frame | undefined): void {
    const frame = this.#frame()
    frame.itemCount++
    frame.endsInLoop = false
    this.#last = { group }
  }

  #frame(): Frame {
    return this.#frames[this.#frames.length - 1] as Frame
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

function newFrame(opening: string): Frame {
  return { opening, itemCount: 0, isLoop: false, endsInLoop: false }
}

/** At the end of an alternative, remembers whether it was one thing in a loop. */
function noteAlternative(frame: Frame): void {
  if (frame.itemCount === 1 && frame.endsInLoop) frame.isLoop = true
  frame.itemCount = 0
  frame.endsInLoop = false
}
