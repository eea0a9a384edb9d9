/**
 * Encodes values as bytes, and chooses the stored type of a value.
 *
 * Values of portable types may be sent to another machine. V8 serializes any other value, which
 * stays on this machine.
 */

// Imported, because the global is a getter that costs 20 ns at each use.
import { Buffer } from 'node:buffer'
import { serialize } from 'node:v8'
import {
  COUNTER_SIZE,
  describe,
  isWellFormed,
  MAX_INT64,
  MIN_INT64,
  type NativeText,
  nativeText,
  UndercroftError,
  VALUE_TYPE,
  type ValueSource,
} from '../base/index.ts'
import { isPlainData } from './plain.ts'

const TWO_TO_32 = 2 ** 32

/** @returns undefined if only the structured clone algorithm may keep this value */
export function encodePortable(value: unknown): ValueSource | undefined {
  if (typeof value === 'string') return encodeText(value)
  if (value instanceof Uint8Array) return encodeBytes(value)
  if (typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0)) {
    return new EncodedValue(VALUE_TYPE.integer, INTEGER, COUNTER_SIZE, '', NO_BYTES, value)
  }
  if (typeof value === 'bigint' && value >= MIN_INT64 && value <= MAX_INT64) {
    const bytes = Buffer.allocUnsafe(COUNTER_SIZE)
    bytes.writeBigInt64LE(value)
    return encodedBytes(bytes, VALUE_TYPE.bigint)
  }
  if (value === undefined) {
    throw new UndercroftError(
      'UNDERCROFT_VALUE_UNSUPPORTED',
      'undefined cannot be stored, for get answers it on a miss; store null, or delete the key',
    )
  }
  if (!isPlainData(value)) return undefined
  // The JSON is always well-formed, because JSON.stringify escapes lone surrogates.
  const json = JSON.stringify(value)
  return encodedText(json, VALUE_TYPE.json, UTF8, Buffer.byteLength(json))
}

/** Throws UNDERCROFT_VALUE_UNSUPPORTED if the structured clone algorithm refuses the value. */
export function encodeValue(value: unknown): ValueSource {
  return encodePortable(value) ?? encodeStructured(value)
}

/** The source of `undefined`, which only loads store: a `get` cannot tell it from a miss. */
export function encodeUndefined(): ValueSource {
  return encodeStructured(undefined)
}

/**
 * @param plain - the value before it was compressed, if these are compressed bytes
 * @returns the source of a value whose bytes are already encoded
 */
export function encodedBytes(bytes: Uint8Array, type: number, plain?: ValueSource): ValueSource {
  return new EncodedValue(type, BYTES, bytes.byteLength, '', bytes, 0, plain)
}

function encodeText(text: string): ValueSource {
  const size = Buffer.byteLength(text)
  if (size === text.length) return encodedText(text, VALUE_TYPE.ascii, LATIN1, size)
  // UTF-8 replaces lone surrogates, so a string that has one is stored as UTF-16.
  if (!isWellFormed(text)) return encodedText(text, VALUE_TYPE.utf16, UTF16, text.length * 2)
  return encodedText(text, VALUE_TYPE.utf8, UTF8, size)
}

function encodedText(text: string, type: number, form: number, size: number): ValueSource {
  return new EncodedValue(type, form, size, text, NO_BYTES, 0)
}

function encodeBytes(bytes: Uint8Array): ValueSource | undefined {
  if (Buffer.isBuffer(bytes)) return encodedBytes(bytes, VALUE_TYPE.buffer)
  if (Object.getPrototypeOf(bytes) !== Uint8Array.prototype) return undefined
  return encodedBytes(bytes, VALUE_TYPE.uint8Array)
}

/** The ways to make the bytes of a value. */
const LATIN1 = 0
const UTF8 = 1
const UTF16 = 2
const BYTES = 3
const INTEGER = 4

const NO_BYTES = new Uint8Array(0)

/**
 * One class for all forms. So the engine's call of `writeTo` has one target, regardless of the
 * types that a process stores. With a class for each form, a set took 415 ns instead of 300 in a
 * process that stores all types.
 */
class EncodedValue implements ValueSource {
  readonly type: number
  readonly size: number
  readonly plain: ValueSource | undefined
  readonly #form: number
  readonly #text: string
  readonly #bytes: Uint8Array
  readonly #integer: number

  constructor(
    type: number,
    form: number,
    size: number,
    text: string,
    bytes: Uint8Array,
    integer: number,
    plain?: ValueSource,
  ) {
    this.type = type
    this.size = size
    this.plain = plain
    this.#form = form
    this.#text = text
    this.#bytes = bytes
    this.#integer = integer
  }

  writeTo(target: Buffer, offset: number): void {
    const { size } = this
    switch (this.#form) {
      case LATIN1:
        ;(target as Buffer & NativeText).latin1Write(this.#text, offset, size)
        return
      case BYTES:
        target.set(this.#bytes, offset)
        return
      case UTF8:
        nativeText(target).utf8Write(this.#text, offset, size)
        return
      case UTF16:
        nativeText(target).ucs2Write(this.#text, offset, size)
        return
      default:
        target.writeUInt32LE(this.#integer >>> 0, offset)
        target.writeInt32LE(Math.floor(this.#integer / TWO_TO_32), offset + 4)
    }
  }
}

function encodeStructured(value: unknown): ValueSource {
  try {
    return encodedBytes(serialize(value), VALUE_TYPE.structured)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UndercroftError(
      'UNDERCROFT_VALUE_UNSUPPORTED',
      `${describe(value)} cannot be stored (${reason}): ` +
        'strings, bytes, numbers and all values that structuredClone keeps can',
      { cause: error },
    )
  }
}
