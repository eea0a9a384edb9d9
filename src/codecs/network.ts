/**
 * Values as they travel: bytes and the name of what they are.
 *
 * Bytes from a network are checked for being what their name says before they are stored, so that
 * no peer can make a local `get` fail. `structured` is only ever a name here: V8's deserializer is
 * not for bytes that anybody could have sent, so such a value neither goes out nor comes in.
 */

import { isAscii, isUtf8 } from 'node:buffer'
import {
  COUNTER_SIZE,
  describe,
  type EncodedValue,
  invalidOption,
  UndercroftError,
  VALUE_TYPE,
  type ValueSource,
  type ValueTypeName,
} from '../base/index.ts'
import { copyBytes, decodePortable } from './decode-portable.ts'
import { encodedBytes, encodePortable } from './encode.ts'

/** Throws UNDERCROFT_VALUE_UNSUPPORTED for what only V8's serialization would keep. */
export function encodeForNetwork(value: unknown): Required<EncodedValue> {
  const source = encodePortable(value)
  if (source === undefined) {
    throw new UndercroftError(
      'UNDERCROFT_VALUE_UNSUPPORTED',
      `${describe(value)} cannot be sent to another machine: text, bytes, numbers, ` +
        '64-bit bigints and plain data can. Send a Date as its text or number, ' +
        'a Map as its entries',
    )
  }
  const bytes = Buffer.allocUnsafe(source.size)
  source.writeTo(bytes, 0)
  return { bytes, type: nameOfType(source.type) }
}

/**
 * The value, which may share memory with `bytes`. Throws UNDERCROFT_VALUE_UNSUPPORTED for one that
 * only processes of its own machine can read, UNDERCROFT_CORRUPT or a SyntaxError for bytes that
 * are not what the name says.
 */
export function decodeFromNetwork(bytes: Buffer, type: ValueTypeName): unknown {
  switch (type) {
    case 'bytes':
      return bytes
    case 'structured':
      throw new UndercroftError(
        'UNDERCROFT_VALUE_UNSUPPORTED',
        "the value is in V8's serialization, which is not read from a network: store plain data, " +
          'or take the bytes as they are with getItem',
      )
    default:
      return decodePortable(bytes, 0, bytes.length, TYPES[type])
  }
}

/** Undefined: no type has this name. */
export function findTypeName(name: string): ValueTypeName | undefined {
  return Object.hasOwn(TYPES, name) ? (name as ValueTypeName) : undefined
}

/** The name under which a stored type travels. */
export function nameOfType(type: number): ValueTypeName {
  return NAMES.get(type) ?? 'structured' // of a newer version: not for us to read, either
}

/** Encoded bytes for storing; undefined: they are not such a value, or one we take from nobody. */
export function sourceOf({ bytes, type = 'bytes' }: EncodedValue): ValueSource | undefined {
  return isOfType(bytes, type) ? encodedBytes(bytes, storedType(bytes, type)) : undefined
}

/** Encoded bytes from a caller, for storing. They must be what their type says. */
export function requireSource(value: EncodedValue): ValueSource {
  const { bytes, type = 'bytes' } = value
  if (!(bytes instanceof Uint8Array)) throw invalidOption('bytes', 'a Uint8Array', bytes)
  const known = findTypeName(type)
  const source = known === undefined ? undefined : sourceOf({ bytes, type: known })
  if (source !== undefined) return source
  throw new UndercroftError(
    'UNDERCROFT_VALUE_UNSUPPORTED',
    known === undefined || known === 'structured'
      ? `values of type ${describe(type)} are not accepted as bytes; types that are: ${ACCEPTED}`
      : `these ${describe(bytes)} are not valid as a value of type ${describe(type)}`,
  )
}

/** A decoder that keeps the bytes as stored, beside the name of what they are. */
export function copyEncoded(
  bytes: Buffer,
  offset: number,
  size: number,
  type: number,
): { readonly bytes: Buffer; readonly type: ValueTypeName } {
  return { bytes: copyBytes(bytes, offset, size), type: nameOfType(type) }
}

const TYPES: Readonly<Record<ValueTypeName, number>> = {
  bytes: VALUE_TYPE.buffer,
  uint8array: VALUE_TYPE.uint8Array,
  text: VALUE_TYPE.utf8,
  utf16: VALUE_TYPE.utf16,
  integer: VALUE_TYPE.integer,
  bigint: VALUE_TYPE.bigint,
  json: VALUE_TYPE.json,
  structured: VALUE_TYPE.structured,
}

const ACCEPTED = Object.keys(TYPES)
  .filter(name => name !== 'structured')
  .join(', ')

const NAMES: ReadonlyMap<number, ValueTypeName> = new Map([
  [VALUE_TYPE.ascii, 'text'] as const,
  ...Object.entries(TYPES).map(([name, type]) => [type, name as ValueTypeName] as const),
])

function storedType(bytes: Uint8Array, type: ValueTypeName): number {
  return type === 'text' && isAscii(bytes) ? VALUE_TYPE.ascii : TYPES[type]
}

function isOfType(bytes: Uint8Array, type: ValueTypeName): boolean {
  switch (type) {
    case 'bytes':
    case 'uint8array':
      return true
    case 'text':
      return isUtf8(bytes)
    case 'utf16':
      return bytes.length % 2 === 0
    case 'integer':
    case 'bigint':
      return bytes.length === COUNTER_SIZE
    case 'json':
      return isUtf8(bytes) && isJson(bytes)
    case 'structured':
      return false
  }
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())
    return true
  } catch {
    return false
  }
}
