/**
 * Log lines as bytes, built part by part.
 *
 * A line as a string costs more than twice as much: numbers become strings, strings become one
 * string, and that string becomes bytes. Here each part goes straight to its place, and the search
 * for unsafe characters is a part of the copy.
 */

const INITIAL_CAPACITY = 8_192

/** `\xHH` */
const ESCAPE_SIZE = 4

/** `\uHHHH` */
const JSON_ESCAPE_SIZE = 6

const QUOTE = 0x22
const BACKSLASH = 0x5c
const DEL = 0x7f
const ZERO = 0x30
const LETTER_U = 0x75
const LETTER_X = 0x78
const NEWLINE = 0x0a

const HEX_DIGITS = Buffer.from('0123456789ABCDEF')

/** Up to here, a loop costs less than a call of the runtime. */
const MAX_LOOP_SIZE = 16

/** Numbers up to here are written digit by digit. */
const MAX_SHORT_NUMBER = 999_999_999

export class LineBuffer {
  #bytes = Buffer.allocUnsafe(INITIAL_CAPACITY)
  #size = 0

  /** Bytes of all lines so far. */
  get size(): number {
    return this.#size
  }

  appendBytes(bytes: Uint8Array): void {
    const { length } = bytes
    this.#reserve(length)
    if (length > MAX_LOOP_SIZE) this.#bytes.set(bytes, this.#size)
    else for (let i = 0; i < length; i++) this.#bytes[this.#size + i] = bytes[i] ?? 0
    this.#size += length
  }

  /** Appends a whole number. */
  appendNumber(value: number): void {
    if (!(value >= 0 && value <= MAX_SHORT_NUMBER)) {
      this.appendPlain(String(value))
      return
    }
    const digitCount = countDigits(value)
    this.#reserve(digitCount)
    const bytes = this.#bytes
    let rest = value
    for (let at = this.#size + digitCount - 1; at >= this.#size; at--) {
      const tenth = Math.trunc(rest / 10)
      bytes[at] = ZERO + rest - tenth * 10
      rest = tenth
    }
    this.#size += digitCount
  }

  /** Appends latin1 text that is known to be safe. */
  appendPlain(text: string): void {
    this.#reserve(text.length)
    let at = this.#size
    for (let i = 0; i < text.length; i++) this.#bytes[at++] = text.charCodeAt(i)
    this.#size = at
  }

  /**
   * Appends latin1 text. Control characters, quotes and backslashes become `\xHH`. Text beyond
   * latin1 is written in UTF-8.
   */
  appendText(text: string): void {
    this.#reserve(text.length * ESCAPE_SIZE)
    const bytes = this.#bytes
    let at = this.#size
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0xff) {
        this.appendText(toLatin1(text))
        return
      }
      if (!isUnsafe(code)) bytes[at++] = code
      else {
        bytes[at++] = BACKSLASH
        bytes[at++] = LETTER_X
        at = writeHex(bytes, at, code, 2)
      }
    }
    this.#size = at
  }

  /** Appends a JSON string in ASCII, with its quotes. */
  appendJson(text: string): void {
    this.#reserve(2 + text.length * JSON_ESCAPE_SIZE)
    const bytes = this.#bytes
    let at = this.#size
    bytes[at++] = QUOTE
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code < DEL && !isUnsafe(code)) bytes[at++] = code
      else {
        bytes[at++] = BACKSLASH
        bytes[at++] = LETTER_U
        at = writeHex(bytes, at, code, 4)
      }
    }
    bytes[at++] = QUOTE
    this.#size = at
  }

  endLine(): void {
    this.#reserve(1)
    this.#bytes[this.#size++] = NEWLINE
  }

  /** Returns the first bytes, which are valid until the next call of a method. */
  peek(size: number): Buffer {
    return this.#bytes.subarray(0, size)
  }

  /** Removes the first bytes. */
  remove(size: number): void {
    this.#bytes.copyWithin(0, size, this.#size)
    this.#size -= size
  }

  /** Lines are bounded by the limits of a request's header, so the growth is, too. */
  #reserve(size: number): void {
    const needed = this.#size + size
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length))
    grown.set(this.#bytes.subarray(0, this.#size))
    this.#bytes = grown
  }
}

/** Returns the UTF-8 of a string with one character for each byte. */
export function toLatin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** Whether a character could end a line or a quoted field, or change what a terminal shows. */
function isUnsafe(code: number): boolean {
  return code < 0x20 || code === QUOTE || code === BACKSLASH || code === DEL
}

function writeHex(bytes: Buffer, offset: number, code: number, digitCount: number): number {
  for (let i = 0; i < digitCount; i++) {
    const shift = 4 * (digitCount - 1 - i)
    bytes[offset + i] = HEX_DIGITS[(code >> shift) & 0xf] ?? 0
  }
  return offset + digitCount
}

function countDigits(value: number): number {
  let count = 1
  for (let limit = 10; limit <= value; limit *= 10) count++
  return count
}
