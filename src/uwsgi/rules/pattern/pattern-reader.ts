/**
 * Reading the text of a regular expression, and errors at a place in it.
 */

/** A pattern that cannot be used; `offset` counts bytes, as PCRE does. */
export class PatternError extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

export class PatternReader {
  readonly text: string
  position = 0

  constructor(text: string) {
    this.text = text
  }

  get isAtEnd(): boolean {
    return this.position >= this.text.length
  }

  /** The next character, which must be there. */
  take(): string {
    return this.text.charAt(this.position++)
  }

  /** Skips `expected` if the text continues with it. */
  skip(expected: string): boolean {
    if (!this.text.startsWith(expected, this.position)) return false
    this.position += expected.length
    return true
  }

  /** Skips what a sticky expression finds here. */
  match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.position
    const found = expression.exec(this.text)
    if (found === null) return undefined
    this.position += found[0].length
    return found
  }

  fail(message: string): PatternError {
    return new PatternError(message, this.position)
  }

  /** For syntax that PCRE has and JavaScript does not have. */
  unsupported(what: string): PatternError {
    return this.fail(`${what} is not supported by JavaScript's regular expressions`)
  }
}

/** Writes a character so that it stands for itself, in a class and outside. */
export function literal(character: string): string {
  if (/^[A-Za-z0-9 /_:;,="'<>&%@!~`#]$/.test(character)) return character
  return hexEscape(character.charCodeAt(0))
}

export function hexEscape(code: number): string {
  return `\\x${code.toString(16).padStart(2, '0')}`
}
