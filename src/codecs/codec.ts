/**
 * Runs the codec of a cache, whose functions can do anything.
 */

import {
  describe,
  isWellFormed,
  UndercroftError,
  VALUE_TYPE,
  type ValueSource,
} from '../base/index.ts'
import { encodedBytes } from './encode.ts'

/** Converts the values of a cache to bytes and back, in place of the cache's own conversion. */
export interface Codec<V = unknown> {
  /** Returns the bytes of a value, or a string, which is stored as UTF-8. */
  encode(value: V): Uint8Array | string
  /** Returns the value of such bytes. They are a copy that the codec may keep. */
  decode(bytes: Buffer): V
}

/** @throws UndercroftError - UNDERCROFT_CODEC_FAILED if it throws or does not return bytes */
export function encodeBy(codec: Codec, value: unknown): ValueSource {
  if (value === undefined) {
    throw new UndercroftError(
      'UNDERCROFT_VALUE_UNSUPPORTED',
      'undefined cannot be stored, for get answers it on a miss; store null, or delete the key',
    )
  }
  const encoded = callEncode(codec, value)
  if (encoded instanceof Uint8Array) return encodedBytes(encoded, VALUE_TYPE.custom)
  if (typeof encoded === 'string' && isWellFormed(encoded)) {
    return encodedBytes(Buffer.from(encoded), VALUE_TYPE.custom)
  }
  throw new UndercroftError(
    'UNDERCROFT_CODEC_FAILED',
    'codec.encode must return a Uint8Array or a string without lone surrogates; got ' +
      describe(encoded),
  )
}

/** @throws UndercroftError - UNDERCROFT_VALUE_INVALID if it throws: the bytes are not its own */
export function decodeBy(codec: Codec, bytes: Buffer): unknown {
  try {
    return codec.decode(bytes)
  } catch (error) {
    throw new UndercroftError(
      'UNDERCROFT_VALUE_INVALID',
      `codec.decode refuses the stored ${bytes.length} bytes: ${messageOf(error)}`,
      { cause: error },
    )
  }
}

function callEncode(codec: Codec, value: unknown): unknown {
  try {
    return codec.encode(value)
  } catch (error) {
    throw new UndercroftError(
      'UNDERCROFT_CODEC_FAILED',
      `codec.encode failed for ${describe(value)}: ${messageOf(error)}`,
      { cause: error },
    )
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
