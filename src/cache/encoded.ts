/**
 * Values that come as bytes with the name of what they are.
 */

import {
  type CacheKey,
  describe,
  type EncodedValue,
  invalidOption,
  UndercroftError,
  type ValueSource,
} from '../base/index.ts'
import { findTypeName, sourceOf } from '../codecs/index.ts'

/** The bytes, for storing; they must be what their type says. */
export function requireSource(value: EncodedValue): ValueSource {
  const { bytes, type = 'bytes' } = value
  if (!(bytes instanceof Uint8Array)) throw invalidOption('bytes', 'a Uint8Array', bytes)
  const known = findTypeName(type)
  const source = known === undefined ? undefined : sourceOf({ bytes, type: known })
  if (source !== undefined) return source
  throw new UndercroftError(
    'UNDERCROFT_VALUE_UNSUPPORTED',
    `${describe(bytes)} are no value of type ${describe(type)}, or of a type not taken as bytes`,
  )
}

/** A copy: the caller may change a key of bytes later. */
export function keyBytes(key: CacheKey): Buffer {
  return typeof key === 'string' ? Buffer.from(key) : Buffer.from(key)
}
