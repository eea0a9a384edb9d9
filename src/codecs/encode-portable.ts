/**
 * Values to bytes, as far as any reader may have them: which of the stored types a value becomes.
 *
 * Nothing here serializes objects of V8's kinds; that is structured.ts, and stays on this machine.
 */

// Imported, because the global is a getter: 20 ns at each use.
import { Buffer } from 'node:buffer'
import {
  isWellFormed,
  type NativeText,
  nativeText,
  UndercroftError,
  VALUE_TYPE,
  type ValueSource,
} from '../base/index.ts'
import { isPlainData } from './plain.ts'

const MIN_INT64 = -(2n ** 63n)
const MAX_INT64 = 2n ** 63n - 1n
const TWO_TO_32 = 2 ** 32

/** Undefined: only the structured clone algorithm may keep this value. */
export function encodePortable(value: unknown): ValueSource | undefined {
  if (typeof value === 'string') return encodeText(value)
  if (value instanceof Uint8Array) return encodeBytes(value)
  if (typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0)) {
    return new IntegerSource(value)
  }
  if (typeof value === 'bigint' && value >= MIN_INT64 && value <= MAX_INT64) {
    return new BigIntSource(value)
  }
  if (value === undefined) {
    throw new UndercroftError(
      'UNDERCROFT_VALUE_UNSUPPORTED',
      'undefined cannot be stored, for get answers it on a miss; store null, or delete the key',
    )
  }
  return isPlainData(value) ? textSource(JSON.stringify(value), VALUE_TYPE.json) : undefined
}

function encodeText(text: string): ValueSource {
  const size = Buffer.byteLength(text)
  if (size === text.length) return new AsciiSource(text)
  // UTF-8 replaces lone surrogates; a string that has one is kept as it is in memory.
  if (!isWellFormed(text)) return new Utf16Source(text)
  return new Utf8Source(text, size, VALUE_TYPE.utf8)
}

/** JSON is always well-formed: JSON.stringify escapes lone surrogates. */
function textSource(text: string, type: number): ValueSource {
  return new Utf8Source(text, Buffer.byteLength(text), type)
}

function encodeBytes(bytes: Uint8Array): ValueSource | undefined {
  if (Buffer.isBuffer(bytes)) return new BytesSource(bytes, VALUE_TYPE.buffer)
  if (Object.getPrototypeOf(bytes) === Uint8Array.prototype) {
    return new BytesSource(bytes, VALUE_TYPE.uint8Array)
  }
  return undefined
}

class AsciiSource implements ValueSource {
  readonly type = VALUE_TYPE.ascii
  readonly size: number
  readonly #text: string

  constructor(text: string) {
    this.size = text.length
    this.#text = text
  }

  writeTo(target: Buffer, offset: number): void {
    ;(target as Buffer & NativeText).latin1Write(this.#text, offset, this.size)
  }
}

class Utf8Source implements ValueSource {
  readonly type: number
  readonly size: number
  readonly #text: string

  constructor(text: string, size: number, type: number) {
    this.type = type
    this.size = size
    this.#text = text
  }

  writeTo(target: Buffer, offset: number): void {
    nativeText(target).utf8Write(this.#text, offset, this.size)
  }
}

class Utf16Source implements ValueSource {
  readonly type = VALUE_TYPE.utf16
  readonly size: number
  readonly #text: string

  constructor(text: string) {
    this.size = text.length * 2
    this.#text = text
  }

  writeTo(target: Buffer, offset: number): void {
    nativeText(target).ucs2Write(this.#text, offset, this.size)
  }
}

/** Bytes that are encoded already. */
export class BytesSource implements ValueSource {
  readonly type: number
  readonly size: number
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array, type: number) {
    this.type = type
    this.size = bytes.byteLength
    this.#bytes = bytes
  }

  writeTo(target: Buffer, offset: number): void {
    target.set(this.#bytes, offset)
  }
}

/** A safe integer as 64 bits, little-endian. */
class IntegerSource implements ValueSource {
  readonly type = VALUE_TYPE.integer
  readonly size = 8
  readonly #value: number

  constructor(value: number) {
    this.#value = value
  }

  writeTo(target: Buffer, offset: number): void {
    target.writeUInt32LE(this.#value >>> 0, offset)
    target.writeInt32LE(Math.floor(this.#value / TWO_TO_32), offset + 4)
  }
}

class BigIntSource implements ValueSource {
  readonly type = VALUE_TYPE.bigint
  readonly size = 8
  readonly #value: bigint

  constructor(value: bigint) {
    this.#value = value
  }

  writeTo(target: Buffer, offset: number): void {
    target.writeBigInt64LE(this.#value, offset)
  }
}
