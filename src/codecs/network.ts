/**
 * Encodes and decodes values for the network: bytes, and the name of their type.
 *
 * Bytes from the network are stored only if they are of their type, so that no peer can make a
 * local `get` fail. V8's deserializer is not safe for bytes that any peer could have sent, so
 * values of type `structured` are neither sent nor received. Only the name of that type is. The
 * same holds for values of a codec, which need not be safe for such bytes either.
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
import { decodePortable, nameOfType, STORED_TYPES } from './decode-portable.ts'
import { encodedBytes, encodePortable } from './encode.ts'

/** Throws UNDERCROFT_VALUE_UNSUPPORTED for a value that only V8 can serialize. */
export function encodeForNetwork(value: unknown): Required<EncodedValue> {
  const source = encodePortable(value)
  if (source === undefined) {
    throw new UndercroftError(
      'UNDERCROFT_VALUE_UNSUPPORTED',
      `${describe(value)} cannot be sent to another machine: text, bytes, numbers, ` +
        '64-bit bigints and plain data can. Send a Date as its text or number, ' +
        'a Map as its entries, an object with many references to it once',
    )
  }
  const bytes = Buffer.allocUnsafe(source.size)
  source.writeTo(bytes, 0)
  return { bytes, type: nameOfType(source.type) }
}

/**
 * Decodes a value from the network.
 *
 * @returns the value, which may share memory with `bytes`
 * @throws UndercroftError - UNDERCROFT_VALUE_UNSUPPORTED for a value that only processes of its own
 * machine can read; UNDERCROFT_CORRUPT, or a SyntaxError, for bytes that are not of their type
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
    case 'custom':
      throw new UndercroftError(
        'UNDERCROFT_VALUE_UNSUPPORTED',
        'a codec of the cache at the server encoded the value: take its bytes with getItem',
      )
    default:
      return decodePortable(bytes, 0, bytes.length, STORED_TYPES[type])
  }
}

/** @returns undefined if no type has this name */
export function findTypeName(name: string): ValueTypeName | undefined {
  return Object.hasOwn(STORED_TYPES, name) ? (name as ValueTypeName) : undefined
}

/** @returns the source of a value; undefined if its bytes are not of their type, or `structured` */
export function sourceOf({ bytes, type = 'bytes' }: EncodedValue): ValueSource | undefined {
  return isOfType(bytes, type) ? encodedBytes(bytes, storedType(bytes, type)) : undefined
}

/** @returns the source of a caller's value, whose bytes must be of their type */
export function requireSource(value: EncodedValue): ValueSource {
  const { bytes, type = 'bytes' } = value
  if (!(bytes instanceof Uint8Array)) throw invalidOption('bytes', 'a Uint8Array', bytes)
  const known = findTypeName(type)
  const source = known === undefined ? undefined : sourceOf({ bytes, type: known })
  if (source !== undefined) return source
  throw new UndercroftError(
    'UNDERCROFT_VALUE_UNSUPPORTED',
    known === undefined || LOCAL_TYPES.has(known)
      ? `values of type ${describe(type)} are not accepted as bytes; types that are: ${ACCEPTED}`
      : `these ${describe(bytes)} are not valid as a value of type ${describe(type)}`,
  )
}

/** Types whose bytes only processes of their own machine read and write. */
const LOCAL_TYPES: ReadonlySet<string> = new Set(['structured', 'custom'])

const ACCEPTED = Object.keys(STORED_TYPES)
  .filter(name => !LOCAL_TYPES.has(name))
  .join(', ')

function storedType(bytes: Uint8Array, type: ValueTypeName): number {
  return type === 'text' && isAscii(bytes) ? VALUE_TYPE.ascii : STORED_TYPES[type]
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
    case 'custom':
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
