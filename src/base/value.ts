/**
 * What kind of value an item holds, and a value on its way into shared memory.
 */

/**
 * The tag stored with each value. Stored in segments: append only.
 *
 * The bytes are chosen so that peers who know no tags (nginx, Python) can read them: text is its
 * UTF-8, plain data is JSON, a counter is 8 bytes, little-endian.
 */
export const VALUE_TYPE = {
  buffer: 0,
  uint8Array: 1,
  /** UTF-8 text whose bytes are all below 0x80: one byte a character, quicker to decode. */
  ascii: 2,
  utf8: 3,
  /** Text that UTF-8 cannot hold: it has lone surrogates. */
  utf16: 4,
  /** A 64-bit integer that came as a number. */
  integer: 5,
  /** A 64-bit integer that came as a bigint. */
  bigint: 6,
  json: 7,
  /** What only the structured clone algorithm keeps, as V8 serializes it. */
  structured: 8,
} as const

export const LAST_VALUE_TYPE = 8

/** The kinds of values by name, as `getItem` and the network tell them. */
export type ValueTypeName =
  | 'bytes'
  | 'uint8array'
  | 'text'
  | 'utf16'
  | 'integer'
  | 'bigint'
  | 'json'
  | 'structured'

/** An encoded value that can put its bytes where they belong, without a copy in between. */
export interface ValueSource {
  readonly type: number
  /** Exact size in bytes. */
  readonly size: number
  writeTo(target: Buffer, offset: number): void
}

/** Makes a value of bytes in shared memory. It must copy: the bytes change after it returns. */
export type ValueDecoder<T> = (bytes: Buffer, offset: number, size: number, type: number) => T
