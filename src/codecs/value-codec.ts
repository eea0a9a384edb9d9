/**
 * Encodes and decodes the values of one cache, by its options: a codec, a schema, and compression.
 *
 * Reading has two steps. `read` runs while the engine looks at shared memory. It decodes plain
 * types, and only copies the bytes of the others, because expanding takes long, and because a codec
 * or a schema may call anything, even the same cache. `finish` runs when the engine is done.
 */

import {
  COMPRESSED,
  UndercroftError,
  VALUE_TYPE,
  type ValueDecoder,
  type ValueSource,
  type ValueTypeName,
} from '../base/index.ts'
import { type Codec, decodeBy, encodeBy } from './codec.ts'
import {
  type CompressOptions,
  compress,
  DEFAULT_METHOD,
  expand,
  plainSizeOf,
} from './compression.ts'
import { decodeValue } from './decode.ts'
import { copyBytes, nameOfType } from './decode-portable.ts'
import { encodeValue } from './encode.ts'
import { freezePlain } from './freeze.ts'
import { type StandardSchema, validate } from './schema.ts'

/** The options that decide how values are encoded. */
export interface ValueCodecOptions {
  readonly codec: Codec | undefined
  readonly schema: StandardSchema | undefined
  readonly onInvalid: 'miss' | 'throw'
  readonly compress: CompressOptions | undefined
  /** Several callers share objects, so these are frozen. */
  readonly objects: boolean
}

/** Bytes as stored, before `finish`. */
export class StoredBytes {
  readonly bytes: Buffer
  readonly #type: number

  constructor(bytes: Buffer, type: number) {
    this.bytes = bytes
    this.#type = type
  }

  get isCompressed(): boolean {
    return this.#type >= COMPRESSED
  }

  /** The type of the value, compressed or not. */
  get type(): number {
    return this.#type & ~COMPRESSED
  }

  /** Bytes of the value when it is not compressed. */
  get plainSize(): number {
    return this.isCompressed ? plainSizeOf(this.bytes) : this.bytes.length
  }
}

/** A decoder that leaves everything to `finish`. */
export function copyStored(bytes: Buffer, offset: number, size: number, type: number): StoredBytes {
  return new StoredBytes(copyBytes(bytes, offset, size), type)
}

/** One bit for each type that a get returns as it was set: integers, and all kinds of strings. */
const SAME_TYPES =
  (1 << VALUE_TYPE.integer) |
  (1 << VALUE_TYPE.ascii) |
  (1 << VALUE_TYPE.utf8) |
  (1 << VALUE_TYPE.utf16)

export class ValueCodec {
  /** Decodes plain types, and copies other values as StoredBytes. */
  readonly read: ValueDecoder<unknown>
  readonly #options: ValueCodecOptions
  readonly #maxValueSize: number
  readonly #isPlain: boolean
  readonly #isChecked: boolean

  constructor(options: ValueCodecOptions, maxValueSize: number) {
    const { codec, schema, objects } = options
    this.#options = options
    this.#maxValueSize = maxValueSize
    this.#isPlain = codec === undefined && schema === undefined && options.compress === undefined
    this.#isChecked = schema !== undefined
    this.read = (bytes, offset, size, type) => {
      if (type > VALUE_TYPE.structured) return copyStored(bytes, offset, size, type)
      const value = decodeValue(bytes, offset, size, type)
      return objects && type === VALUE_TYPE.json ? freezePlain(value) : value
    }
  }

  /**
   * @throws UndercroftError - UNDERCROFT_VALUE_UNSUPPORTED, UNDERCROFT_VALUE_INVALID if the schema
   * refuses the value, UNDERCROFT_CODEC_FAILED if the codec throws
   */
  encode(value: unknown): ValueSource {
    return this.#isPlain ? encodeValue(value) : this.#encode(value)
  }

  #encode(value: unknown): ValueSource {
    const { codec, schema } = this.#options
    if (schema !== undefined) validate(schema, value)
    return this.pack(codec === undefined ? encodeValue(value) : encodeBy(codec, value))
  }

  /** @returns the value as it is stored: compressed, if the options say so */
  pack(source: ValueSource): ValueSource {
    const { compress: options } = this.#options
    if (options === undefined || source.size < options.minSize) return source
    if (source.size > this.#maxValueSize) return source // The engine refuses it.
    return compress(source, options.method ?? DEFAULT_METHOD)
  }

  /** @returns whether a get certainly returns the same integer or string that was set */
  returnsAsSet({ type }: ValueSource): boolean {
    return !this.#isChecked && type < COMPRESSED && ((1 << type) & SAME_TYPES) !== 0
  }

  /** @returns whether `finish` has anything to do */
  mustFinish(raw: unknown): boolean {
    return this.#isChecked ? raw !== undefined : raw instanceof StoredBytes
  }

  /**
   * Completes what `read` or `copyStored` returned.
   *
   * @returns undefined for a value that is invalid, if the options make that a miss
   * @throws UndercroftError - UNDERCROFT_VALUE_INVALID, UNDERCROFT_CODEC_FAILED, UNDERCROFT_CORRUPT
   */
  finish(raw: unknown): unknown {
    return this.mustFinish(raw) ? this.#finish(raw) : raw
  }

  /** @returns the plain bytes, and the name of their type */
  unpack(stored: StoredBytes): { readonly bytes: Buffer; readonly type: ValueTypeName } {
    return { bytes: this.#plainBytes(stored), type: nameOfType(stored.type) }
  }

  #finish(raw: unknown): unknown {
    const { codec, schema, onInvalid, objects } = this.#options
    try {
      const value = raw instanceof StoredBytes ? this.#decode(raw, codec) : raw
      const valid = schema === undefined ? value : validate(schema, value)
      return objects ? freezePlain(valid) : valid
    } catch (error) {
      if (onInvalid === 'miss' && isInvalid(error)) return undefined
      throw error
    }
  }

  #plainBytes(stored: StoredBytes): Buffer {
    return stored.isCompressed ? expand(stored.bytes, this.#maxValueSize) : stored.bytes
  }

  #decode(stored: StoredBytes, codec: Codec | undefined): unknown {
    const bytes = this.#plainBytes(stored)
    if (stored.type !== VALUE_TYPE.custom) return decodeValue(bytes, 0, bytes.length, stored.type)
    if (codec === undefined) {
      throw new UndercroftError(
        'UNDERCROFT_CODEC_FAILED',
        'the value was encoded by a codec, and this process opened the cache without one: open ' +
          'it with the same codec, or take the bytes with getItem',
      )
    }
    return decodeBy(codec, bytes)
  }
}

function isInvalid(error: unknown): boolean {
  return error instanceof UndercroftError && error.code === 'UNDERCROFT_VALUE_INVALID'
}
