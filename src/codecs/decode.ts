/**
 * Decodes values of all types from shared memory, including those that only V8 can serialize.
 *
 * Deserializing is safe only for bytes that processes of this machine wrote, so no code that uses
 * the network imports this file.
 */

import { deserialize } from 'node:v8'
import { VALUE_TYPE, type ValueDecoder } from '../base/index.ts'
import { copyBytes, decodePortable } from './decode-portable.ts'

/** Decodes a value, and copies everything: the bytes may change as soon as this returns. */
export function decodeValue(bytes: Buffer, offset: number, size: number, type: number): unknown {
  if (type === VALUE_TYPE.structured) return deserialize(copyBytes(bytes, offset, size))
  return decodePortable(bytes, offset, size, type)
}

/** Decodes a value as `decodeValue` does, and deeply freezes plain objects and arrays. */
export function decodeFrozen(bytes: Buffer, offset: number, size: number, type: number): unknown {
  const value = decodeValue(bytes, offset, size, type)
  if (type === VALUE_TYPE.json) freezeAll(value)
  return value
}

/** @returns the decoder: if callers may share `objects`, the one that freezes them */
export function decoderFor({ objects }: { readonly objects: boolean }): ValueDecoder<unknown> {
  return objects ? decodeFrozen : decodeValue
}

/** Freezes a tree that JSON.parse made. Not recursive, as the tree can be deeper than the stack. */
function freezeAll(root: unknown): void {
  const waiting = [root]
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value !== 'object' || value === null) continue
    Object.freeze(value)
    for (const part of Object.values(value)) if (typeof part === 'object') waiting.push(part)
  }
}
