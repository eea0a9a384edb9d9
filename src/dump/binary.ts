/**
 * The compact form: each item is a head of 20 bytes, its key, its value, and its circumstances.
 *
 * | bytes | field |
 * | - | - |
 * | 1 | 1: an item; 2: the end, with the number of items as `size` |
 * | 1 | the stored type of the value |
 * | 2 | size of the circumstances; 0: the item has none |
 * | 4 | size of the key |
 * | 4 | size of the value, or the number of items |
 * | 8 | when the item ends, in Unix milliseconds as a 64-bit float; 0: never |
 *
 * The circumstances are:
 *
 * | bytes | field |
 * | - | - |
 * | 1 | 1: the item is pinned; 0: it is not |
 * | 8 | when the item becomes stale, in Unix milliseconds as a 64-bit float; 0: never |
 * | 1 and n, for each tag | the size of the tag, and the tag in UTF-8 |
 *
 * All numbers are little-endian. A reader refuses other numbers in the first two fields, so these
 * are free for later versions.
 */

import { isUtf8 } from 'node:buffer'
import {
  COMPRESSED,
  type ItemCircumstances,
  isValueType,
  MAX_KEY_SIZE_LIMIT,
} from '../base/index.ts'
import { nameOfType, STORED_TYPES } from '../codecs/index.ts'
import type { ByteReader } from './byte-reader.ts'
import {
  type DumpPart,
  type DumpWriter,
  dumpInvalid,
  isMoment,
  MAX_DUMPED_VALUE_SIZE,
} from './format.ts'

const HEAD_SIZE = 20
const ITEM = 1
const END = 2

const TAGS_OFFSET = 9
const NOTHING = Buffer.alloc(0)

export const BINARY_WRITER: DumpWriter = {
  item({ key, bytes, type, expiresAtMs, circumstances }) {
    const last = circumstances === undefined ? NOTHING : bytesOf(circumstances)
    const head = headOf(ITEM, STORED_TYPES[type], key.length, bytes.length, expiresAtMs)
    head.writeUInt16LE(last.length, 2)
    return Buffer.concat([head, key, bytes, last])
  },
  end: count => headOf(END, 0, 0, count, 0),
}

function headOf(kind: number, type: number, keySize: number, size: number, atMs: number): Buffer {
  const bytes = Buffer.alloc(HEAD_SIZE)
  bytes.writeUInt8(kind, 0)
  bytes.writeUInt8(type, 1)
  bytes.writeUInt32LE(keySize, 4)
  bytes.writeUInt32LE(size, 8)
  bytes.writeDoubleLE(atMs, 12)
  return bytes
}

/** An item has at most 64 tags of 255 bytes, so the size fits its field. */
function bytesOf({ tags, freshUntilMs, pinned }: ItemCircumstances): Buffer {
  const fixed = Buffer.alloc(TAGS_OFFSET)
  fixed.writeUInt8(pinned ? 1 : 0, 0)
  fixed.writeDoubleLE(freshUntilMs, 1)
  const names = tags.map(tag => Buffer.from(tag))
  return Buffer.concat([fixed, ...names.flatMap(name => [Buffer.from([name.length]), name])])
}

export async function readBinary(reader: ByteReader): Promise<DumpPart> {
  const bytes = await reader.bytes(HEAD_SIZE)
  const kind = bytes.readUInt8(0)
  const type = bytes.readUInt8(1)
  const lastSize = bytes.readUInt16LE(2)
  const keySize = bytes.readUInt32LE(4)
  const size = bytes.readUInt32LE(8)
  const expiresAtMs = bytes.readDoubleLE(12)
  if (kind === END && lastSize === 0) return { count: size }
  const isKnown = kind === ITEM && type < COMPRESSED && isValueType(type)
  const fits = keySize > 0 && keySize <= MAX_KEY_SIZE_LIMIT && size <= MAX_DUMPED_VALUE_SIZE
  if (!isKnown || !fits || !isMoment(expiresAtMs)) throw damaged()
  const key = await reader.bytes(keySize)
  const value = await reader.bytes(size)
  const circumstances = lastSize === 0 ? undefined : circumstancesOf(await reader.bytes(lastSize))
  return { key, bytes: value, type: nameOfType(type), expiresAtMs, circumstances }
}

function circumstancesOf(bytes: Buffer): ItemCircumstances {
  if (bytes.length < TAGS_OFFSET) throw damaged()
  const pinned = bytes.readUInt8(0)
  const freshUntilMs = bytes.readDoubleLE(1)
  if (pinned > 1 || !isMoment(freshUntilMs)) throw damaged()
  const tags: string[] = []
  let at = TAGS_OFFSET
  while (at < bytes.length) {
    const end = at + 1 + bytes.readUInt8(at)
    const name = bytes.subarray(at + 1, end)
    if (end > bytes.length || !isUtf8(name)) throw damaged()
    tags.push(name.toString())
    at = end
  }
  return { tags, freshUntilMs, pinned: pinned === 1 }
}

function damaged(): Error {
  return dumpInvalid('an item of the dump is damaged, or of a kind that is not known here')
}
