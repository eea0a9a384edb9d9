/**
 * All values, local ones: what is not portable goes through V8's serialization.
 *
 * Deserializing is safe only for bytes that processes of this machine wrote, so nothing that talks
 * to a network uses this file.
 */

import { deserialize, serialize } from 'node:v8'
import {
  describe,
  UndercroftError,
  VALUE_TYPE,
  type ValueDecoder,
  type ValueSource,
} from '../base/index.ts'
import { copyBytes, decodePortable } from './decode-portable.ts'
import { encodedBytes, encodePortable } from './encode-portable.ts'

/** Throws UNDERCROFT_VALUE_UNSUPPORTED for what the structured clone algorithm refuses. */
export function encodeValue(value: unknown): ValueSource {
  return encodePortable(value) ?? encodeStructured(value)
}

/** Copies everything out: the bytes may change as soon as this returns. */
export function decodeValue(bytes: Buffer, offset: number, size: number, type: number): unknown {
  if (type === VALUE_TYPE.structured) return deserialize(copyBytes(bytes, offset, size))
  return decodePortable(bytes, offset, size, type)
}

/** As `decodeValue`; plain objects and arrays come frozen, with all they hold. */
export function decodeFrozen(bytes: Buffer, offset: number, size: number, type: number): unknown {
  const value = decodeValue(bytes, offset, size, type)
  if (type === VALUE_TYPE.json) freezeAll(value)
  return value
}

/** The decoder for callers that may get the same object as others do, or only their own. */
export function decoderFor({ objects }: { readonly objects: boolean }): ValueDecoder<unknown> {
  return objects ? decodeFrozen : decodeValue
}

/** What JSON.parse made: a tree. Not recursive, because it can be deeper than the stack. */
function freezeAll(root: unknown): void {
  const waiting = [root]
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value !== 'object' || value === null) continue
    Object.freeze(value)
    for (const part of Object.values(value)) if (typeof part === 'object') waiting.push(part)
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
        'strings, bytes, numbers and whatever structuredClone keeps can',
      { cause: error },
    )
  }
}
