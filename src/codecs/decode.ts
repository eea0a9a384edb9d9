/**
 * Decodes values of all types from shared memory, including those that only V8 can serialize.
 *
 * Deserializing is safe only for bytes that processes of this machine wrote, so no code that uses
 * the network imports this file.
 */

import { deserialize } from 'node:v8'
import { VALUE_TYPE } from '../base/index.ts'
import { copyBytes, decodePortable } from './decode-portable.ts'

/** Decodes a value, and copies everything: the bytes may change as soon as this returns. */
export function decodeValue(bytes: Buffer, offset: number, size: number, type: number): unknown {
  if (type === VALUE_TYPE.structured) return deserialize(copyBytes(bytes, offset, size))
  return decodePortable(bytes, offset, size, type)
}
