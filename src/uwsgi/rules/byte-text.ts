/**
 * Text as rules work on it: one character a byte, as uWSGI works on bytes and as `node:http` gives
 * header text. So a regular expression, `hex` or a key means the same bytes as there.
 */

import { isUtf8 } from 'node:buffer'

/** Nothing but ASCII is the same in both forms, and the usual case. */
export function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII, controls included
  return /^[\x00-\x7f]*$/.test(text)
}

/** From text of a configuration, which is UTF-8. */
export function toByteText(text: string): string {
  return isAscii(text) ? text : Buffer.from(text).toString('latin1')
}

/** For people: UTF-8 where it is that. */
export function toPlainText(byteText: string): string {
  return isAscii(byteText) ? byteText : Buffer.from(byteText, 'latin1').toString()
}

/** As a key or path: text stays text where that means the same bytes. */
export function toKey(byteText: string): string | Buffer {
  return isAscii(byteText) ? byteText : Buffer.from(byteText, 'latin1')
}

/** As a value: text where it is UTF-8, so that it comes back as text; else its bytes. */
export function toValue(byteText: string): string | Buffer {
  if (isAscii(byteText)) return byteText
  const bytes = Buffer.from(byteText, 'latin1')
  return isUtf8(bytes) ? bytes.toString() : bytes
}
