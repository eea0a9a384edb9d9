/**
 * Bytes in shared memory to values, all kinds: those that only V8's serialization keeps, too.
 *
 * Deserializing is safe only for bytes that processes of this machine wrote, so nothing that talks
 * to a network uses this file.
 */

import { deserialize } from 'node:v8'
import { VALUE_TYPE, type ValueDecoder } from '../base/index.ts'
import { copyBytes, decodePortable } from './decode-portable.ts'

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
