/**
 * The compact form: each item is a head of 20 bytes, its key, and its value.
 *
 * | bytes | field |
 * | - | - |
 * | 1 | 1: an item; 2: the end, with the number of items as `size` |
 * | 1 | the stored type of the value |
 * | 2 | zero |
 * | 4 | size of the key |
 * | 4 | size of the value, or the number of items |
 * | 8 | when the item ends, in Unix milliseconds as a 64-bit float; 0: never |
 *
 * All numbers are little-endian. A reader refuses other numbers in the first two fields, and others
 * than zero in the third, so these are free for later versions.
 */

import { COMPRESSED, isValueType, MAX_KEY_SIZE_LIMIT } from '../base/index.ts'
import { nameOfType, STORED_TYPES } from '../codecs/index.ts'
import type { ByteReader } from './byte-reader.ts'
import { type DumpPart, type DumpWriter, dumpInvalid, MAX_DUMPED_VALUE_SIZE } from './format.ts'

const HEAD_SIZE = 20
const ITEM = 1
const END = 2

export const BINARY_WRITER: DumpWriter = {
  item: ({ key, bytes, type, expiresAtMs }) =>
    Buffer.concat([
      head(ITEM, STORED_TYPES[type], key.length, bytes.length, expiresAtMs),
      key,
      bytes,
    ]),
  end: count => head(END, 0, 0, count, 0),
}

function head(kind: number, type: number, keySize: number, size: number, atMs: number): Buffer {
  const bytes = Buffer.alloc(HEAD_SIZE)
  bytes.writeUInt8(kind, 0)
  bytes.writeUInt8(type, 1)
  bytes.writeUInt32LE(keySize, 4)
  bytes.writeUInt32LE(size, 8)
  bytes.writeDoubleLE(atMs, 12)
  return bytes
}

export async function readBinary(reader: ByteReader): Promise<DumpPart> {
  const bytes = await reader.bytes(HEAD_SIZE)
  const kind = bytes.readUInt8(0)
  const type = bytes.readUInt8(1)
  const keySize = bytes.readUInt32LE(4)
  const size = bytes.readUInt32LE(8)
  const expiresAtMs = bytes.readDoubleLE(12)
  const isZero = bytes.readUInt16LE(2) === 0
  if (kind === END && isZero) return { count: size }
  const isKnown = kind === ITEM && type < COMPRESSED && isValueType(type) && isZero
  const fits = keySize > 0 && keySize <= MAX_KEY_SIZE_LIMIT && size <= MAX_DUMPED_VALUE_SIZE
  if (!isKnown || !fits || !(expiresAtMs >= 0)) {
    throw dumpInvalid('an item of the dump is damaged, or of a kind that is not known here')
  }
  const key = await reader.bytes(keySize)
  return { key, bytes: await reader.bytes(size), type: nameOfType(type), expiresAtMs }
}
