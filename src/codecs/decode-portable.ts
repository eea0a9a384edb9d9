/**
 * Decodes the types that are safe to decode, regardless of who wrote the bytes. Decoding copies
 * everything, because the bytes may change as soon as it returns. If the bytes changed before, the
 * reader discards the result.
 */

// Imported, because the global is a getter that costs 20 ns at each use.
import { Buffer } from 'node:buffer'
import { COUNTER_SIZE, type NativeText, UndercroftError, VALUE_TYPE } from '../base/index.ts'

const TWO_TO_32 = 2 ** 32

export function decodePortable(bytes: Buffer, offset: number, size: number, type: number): unknown {
  const text = bytes as Buffer & NativeText
  switch (type) {
    case VALUE_TYPE.ascii:
      return text.latin1Slice(offset, offset + size)
    case VALUE_TYPE.buffer:
      return copyBytes(bytes, offset, size)
    case VALUE_TYPE.integer:
      return size === COUNTER_SIZE ? decodeInteger(bytes, offset) : undecodable(type, size)
    case VALUE_TYPE.utf8:
      return text.utf8Slice(offset, offset + size)
    case VALUE_TYPE.json:
      return JSON.parse(text.utf8Slice(offset, offset + size))
    case VALUE_TYPE.bigint:
      return size === COUNTER_SIZE ? bytes.readBigInt64LE(offset) : undecodable(type, size)
    case VALUE_TYPE.uint8Array:
      return new Uint8Array(bytes.subarray(offset, offset + size)) // A copy, and not a Buffer.
    case VALUE_TYPE.utf16:
      return text.ucs2Slice(offset, offset + size)
    default:
      return undecodable(type, size)
  }
}

/** @returns a copy of the bytes as stored, regardless of their type */
export function copyBytes(bytes: Buffer, offset: number, size: number): Buffer {
  const copy = Buffer.allocUnsafe(size)
  const end = offset + size
  // Up to Node 24 `copy` cuts the start of its source to 32 bits, and copies the bytes of another
  // item. A subarray is correct, but slower.
  if (end > TWO_TO_32) copy.set(bytes.subarray(offset, end))
  else bytes.copy(copy, 0, offset, end)
  return copy
}

/** @returns a number if it is exact; else a bigint, as a counter may have grown too large */
function decodeInteger(bytes: Buffer, offset: number): number | bigint {
  const value = bytes.readInt32LE(offset + 4) * TWO_TO_32 + bytes.readUInt32LE(offset)
  return Number.isSafeInteger(value) ? value : bytes.readBigInt64LE(offset)
}

function undecodable(type: number, size: number): never {
  throw new UndercroftError(
    'UNDERCROFT_CORRUPT',
    `a value of type ${type} and ${size} bytes cannot be decoded; ` +
      'was it written by a newer version?',
  )
}
