/**
 * The form for people and other programs: a line of JSON for each item.
 *
 * A value is in `value` as its type suggests: text as a string, numbers as numbers, plain data as
 * it is. Bytes that JSON would not keep exactly are in `valueBase64`.
 */

import { isUtf8 } from 'node:buffer'
import {
  COUNTER_SIZE,
  type ItemCircumstances,
  isWellFormed,
  MAX_INT64,
  MIN_INT64,
  type ValueTypeName,
} from '../base/index.ts'
import { findTypeName } from '../codecs/index.ts'
import type { ByteReader } from './byte-reader.ts'
import {
  type DumpItem,
  type DumpPart,
  type DumpWriter,
  dumpInvalid,
  isMoment,
  MAX_DUMPED_VALUE_SIZE,
  parseObject,
} from './format.ts'

/** JSON needs up to 6 bytes for one (`\u0000`). */
const MAX_LINE_SIZE = 6 * MAX_DUMPED_VALUE_SIZE

export const NDJSON_WRITER: DumpWriter = {
  item({ key, bytes, type, expiresAtMs, circumstances }) {
    const value = jsonValueOf(bytes, type)
    return toLine({
      ...(isUtf8(key) ? { key: key.toString() } : { keyBase64: key.toString('base64') }),
      type,
      ...(value === undefined ? { valueBase64: bytes.toString('base64') } : { value }),
      ...(expiresAtMs === 0 ? {} : { expiresAtMs }),
      ...(circumstances === undefined ? {} : fieldsOf(circumstances)),
    })
  },
  end: count => toLine({ end: true, items: count }),
}

function fieldsOf({ tags, freshUntilMs, pinned }: ItemCircumstances): object {
  return {
    ...(tags.length === 0 ? {} : { tags }),
    ...(freshUntilMs === 0 ? {} : { freshUntilMs }),
    ...(pinned ? { pinned } : {}),
  }
}

function toLine(fields: object): Buffer {
  return Buffer.from(`${JSON.stringify(fields)}\n`)
}

/** @returns undefined if the bytes cannot be made again from a JSON value */
function jsonValueOf(bytes: Buffer, type: ValueTypeName): unknown {
  switch (type) {
    case 'bytes':
    case 'uint8array':
    case 'text':
      return isUtf8(bytes) ? bytes.toString() : undefined
    case 'utf16':
      return bytes.length % 2 === 0 ? bytes.toString('utf16le') : undefined
    case 'integer':
    case 'bigint': {
      if (bytes.length !== COUNTER_SIZE) return undefined
      const integer = bytes.readBigInt64LE()
      const number = Number(integer)
      return Number.isSafeInteger(number) ? number : String(integer)
    }
    case 'json':
      return plainDataOf(bytes.toString())
    case 'structured':
    case 'custom':
      return undefined
  }
}

/** JSON of other programs can have numbers or spaces that a parser does not keep. */
function plainDataOf(json: string): unknown {
  try {
    const value: unknown = JSON.parse(json)
    return JSON.stringify(value) === json ? value : undefined
  } catch {
    return undefined
  }
}

const ITEM_FIELDS: ReadonlySet<string> = new Set([
  ...['key', 'keyBase64', 'type', 'value', 'valueBase64', 'expiresAtMs'],
  ...['tags', 'freshUntilMs', 'pinned'],
])

export async function readNdjson(reader: ByteReader): Promise<DumpPart> {
  const fields = parseObject(await reader.line(MAX_LINE_SIZE))
  if (fields === undefined) throw dumpInvalid('a line of the dump is not a JSON object')
  if (fields.end === true) return { count: countOf(fields.items) }
  const stranger = Object.keys(fields).find(name => !ITEM_FIELDS.has(name))
  if (stranger !== undefined) {
    // Without a field that it does not know, an item could live longer than its maker meant.
    throw dumpInvalid(`an item of the dump has the field "${stranger}", which is not known here`)
  }
  return itemOf(fields)
}

function itemOf(fields: Readonly<Record<string, unknown>>): DumpItem {
  const { key, type, expiresAtMs = 0 } = fields
  const keyBytes = typeof key === 'string' ? bytesOfText(key) : bytesOfBase64(fields.keyBase64)
  if (keyBytes === undefined) throw dumpInvalid('an item of the dump has no valid key')
  const name = JSON.stringify(key ?? fields.keyBase64)
  const known = typeof type === 'string' ? findTypeName(type) : undefined
  if (known === undefined) throw dumpInvalid(`the type of the item ${name} is not known here`)
  const bytes =
    'valueBase64' in fields ? bytesOfBase64(fields.valueBase64) : bytesOf(fields.value, known)
  if (bytes === undefined) throw dumpInvalid(`the item ${name} has no valid value of type ${known}`)
  const endsAtMs = requireTime('expiresAtMs', name, expiresAtMs)
  const circumstances = circumstancesOf(name, fields)
  return { key: keyBytes, bytes, type: known, expiresAtMs: endsAtMs, circumstances }
}

function circumstancesOf(
  item: string,
  { tags = [], freshUntilMs = 0, pinned = false }: Readonly<Record<string, unknown>>,
): ItemCircumstances | undefined {
  if (!isListOfStrings(tags)) {
    throw dumpInvalid(`the tags of the item ${item} must be an array of strings`)
  }
  if (typeof pinned !== 'boolean') {
    throw dumpInvalid(`pinned of the item ${item} must be true or false`)
  }
  const freshAtMs = requireTime('freshUntilMs', item, freshUntilMs)
  if (tags.length === 0 && freshAtMs === 0 && !pinned) return undefined
  return { tags, freshUntilMs: freshAtMs, pinned }
}

function isListOfStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(element => typeof element === 'string')
}

function requireTime(field: string, item: string, value: unknown): number {
  if (isMoment(value)) return value
  throw dumpInvalid(`the ${field} of the item ${item} is not a time in Unix milliseconds`)
}

function bytesOf(value: unknown, type: ValueTypeName): Buffer | undefined {
  switch (type) {
    case 'bytes':
    case 'uint8array':
    case 'text':
      return typeof value === 'string' ? bytesOfText(value) : undefined
    case 'utf16':
      return typeof value === 'string' ? Buffer.from(value, 'utf16le') : undefined
    case 'integer':
    case 'bigint':
      return bytesOfInteger(value)
    case 'json':
      return value === undefined ? undefined : Buffer.from(JSON.stringify(value))
    case 'structured':
    case 'custom':
      return undefined
  }
}

function bytesOfText(text: string): Buffer | undefined {
  return isWellFormed(text) ? Buffer.from(text) : undefined
}

function bytesOfBase64(text: unknown): Buffer | undefined {
  if (typeof text !== 'string' || text.length % 4 !== 0) return undefined
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined
}

function bytesOfInteger(value: unknown): Buffer | undefined {
  const isNumber = typeof value === 'number' && Number.isSafeInteger(value)
  if (!isNumber && !(typeof value === 'string' && /^-?\d{1,19}$/.test(value))) return undefined
  const integer = BigInt(value)
  if (integer < MIN_INT64 || integer > MAX_INT64) return undefined
  const bytes = Buffer.alloc(COUNTER_SIZE)
  bytes.writeBigInt64LE(integer)
  return bytes
}

function countOf(items: unknown): number {
  if (typeof items === 'number' && Number.isSafeInteger(items) && items >= 0) return items
  throw dumpInvalid('the end of the dump does not have the number of its items')
}
