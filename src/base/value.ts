/**
 * Declares the types of values, and the interfaces that encode and decode them.
 */

/**
 * The type that is stored with each value. Segments store these numbers, so new ones are only
 * appended.
 *
 * Peers that do not know the types (nginx, Python) can read the bytes: text is UTF-8, plain data is
 * JSON, and a counter is 8 bytes, little-endian.
 */
export const VALUE_TYPE = {
  buffer: 0,
  uint8Array: 1,
  /** UTF-8 text whose bytes are all below 0x80. It has one byte a character, and decodes faster. */
  ascii: 2,
  utf8: 3,
  /** Text with lone surrogates, which UTF-8 cannot represent. */
  utf16: 4,
  /** A 64-bit integer that was stored as a number. */
  integer: 5,
  /** A 64-bit integer that was stored as a bigint. */
  bigint: 6,
  json: 7,
  /** A value that only the structured clone algorithm keeps, as V8 serializes it. */
  structured: 8,
  /** A value that the cache's codec encoded. */
  custom: 9,
} as const

const LAST_VALUE_TYPE = VALUE_TYPE.custom

/**
 * Added to the type of a value whose bytes are compressed. How is written in front of the bytes.
 */
export const COMPRESSED = 0x80

/** @returns whether a stored type is one of this version, compressed or not */
export function isValueType(type: number): boolean {
  return (type & ~COMPRESSED) <= LAST_VALUE_TYPE
}

/** The names of the types, as `getItem` returns them and the network carries them. */
export type ValueTypeName =
  | 'bytes'
  | 'uint8array'
  | 'text'
  | 'utf16'
  | 'integer'
  | 'bigint'
  | 'json'
  | 'structured'
  | 'custom'

/** An encoded value that writes its bytes directly to their place, without another copy. */
export interface ValueSource {
  readonly type: number
  /** Exact size in bytes. */
  readonly size: number
  writeTo(target: Buffer, offset: number): void
  /** The value before it was compressed; undefined if it was not. */
  readonly plain?: ValueSource | undefined
}

/** Decodes bytes in shared memory. It must copy them, because they may change after it returns. */
export type ValueDecoder<T> = (bytes: Buffer, offset: number, size: number, type: number) => T
