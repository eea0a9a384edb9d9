/**
 * Strings with one character for each byte, and the numbers in them.
 *
 * uWSGI works on bytes, and `node:http` represents header values in this form too. Regular
 * expressions, `hex` and keys therefore see the same bytes as in uWSGI.
 */

import { isUtf8 } from 'node:buffer'
import { MAX_INT64, MIN_INT64 } from '../../base/index.ts'

/** ASCII is the same in both forms, and the usual case. */
export function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII, controls included
  return /^[\x00-\x7f]*$/.test(text)
}

/** Converts a string of the configuration, which is UTF-8. */
export function toByteText(text: string): string {
  return isAscii(text) ? text : Buffer.from(text).toString('latin1')
}

/** Converts to the bytes that the characters stand for. */
export function toBytes(byteText: string): Buffer {
  return Buffer.from(byteText, 'latin1')
}

/** Converts to readable text, decoding UTF-8 where the bytes are valid UTF-8. */
export function toPlainText(byteText: string): string {
  return isAscii(byteText) ? byteText : toBytes(byteText).toString()
}

/** Converts to a key or path. A string stays a string where that means the same bytes. */
export function toKey(byteText: string): string | Buffer {
  return isAscii(byteText) ? byteText : toBytes(byteText)
}

/** Converts to a value: valid UTF-8 becomes a string, so that it is read back as a string. */
export function toValue(byteText: string): string | Buffer {
  if (isAscii(byteText)) return byteText
  const bytes = toBytes(byteText)
  return isUtf8(bytes) ? bytes.toString() : bytes
}

/** Longer numbers are out of range in any case, and reading them takes time. */
const MAX_DIGITS = 20

/**
 * Reads the number at the start of a string as C's `strtol` does, which uWSGI uses.
 *
 * @returns 0 if there is no number; beyond 64 bits, the nearest number that fits
 */
export function leadingInteger(text: string): bigint {
  const [, sign = '', digits = ''] = /^[\t-\r ]*([+-]?)0*(\d*)/.exec(text) ?? []
  if (digits === '') return 0n
  if (digits.length > MAX_DIGITS) return sign === '-' ? MIN_INT64 : MAX_INT64
  const value = BigInt(digits) * (sign === '-' ? -1n : 1n)
  if (value > MAX_INT64) return MAX_INT64
  return value < MIN_INT64 ? MIN_INT64 : value
}
