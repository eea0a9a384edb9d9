/**
 * Dumps: a whole cache as one answer, laid out as in uWSGI's memory. Modifier2 6 and 7.
 *
 * uWSGI 2.0.21, uwsgi.h, struct uwsgi_cache_item, and core/cache.c, cache_sync. A dump is a
 * dictionary and an area: `items` records and `blocks` blocks without any gap. The dump does not
 * announce the size of the area; a reader knows it from its own configuration. Record 0 is unused.
 */

import { MAX_KEY_SIZE_LIMIT } from '../../base/index.ts'
import { parseDecimal } from './numbers.ts'
import { type DictionaryPair, parseDictionary } from './packet.ts'

/** The sizes that decide where each byte of an area is. */
export interface DumpGeometry {
  /** Records, including the unused first one. */
  readonly items: number
  readonly blockSize: number
  readonly keySize: number
  readonly blocks: number
}

/** One item, and its neighbours by record number. 0: there is no neighbour. */
export interface DumpRecord {
  readonly key: Buffer
  readonly hash: number
  readonly valueSize: number
  readonly firstBlock: number
  /** Unix seconds; 0: never. */
  readonly expires: number
  /** The neighbours in the bucket's chain. */
  readonly previous: number
  readonly next: number
  /** The neighbours by use: `older` is nearer to eviction. */
  readonly older: number
  readonly newer: number
}

/** Buckets of a uWSGI cache without the option `hashsize`. The chains are built for this number. */
export const DUMP_BUCKET_COUNT = 65_536

export function dumpRecordSize(geometry: DumpGeometry): number {
  return RECORD.key + geometry.keySize
}

export function dumpAreaSize(geometry: DumpGeometry): number {
  return dumpRecordSize(geometry) * geometry.items + geometry.blockSize * geometry.blocks
}

/** @returns the size of keys that an area of this size has, or undefined if there is none. */
export function inferKeySize(areaSize: number, geometry: DumpGeometry): number | undefined {
  const size = (areaSize - geometry.blockSize * geometry.blocks) / geometry.items - RECORD.key
  return Number.isInteger(size) && size > 0 && size <= MAX_KEY_SIZE_LIMIT ? size : undefined
}

/** Writes a record at `offset` into zeroed bytes. */
export function writeDumpRecord(target: Buffer, offset: number, record: DumpRecord): void {
  writeNumber(target, offset + RECORD.keySize, record.key.length)
  writeNumber(target, offset + RECORD.hash, record.hash >>> 0)
  writeNumber(target, offset + RECORD.valueSize, record.valueSize)
  writeNumber(target, offset + RECORD.firstBlock, record.firstBlock)
  writeNumber(target, offset + RECORD.expires, record.expires)
  writeNumber(target, offset + RECORD.previous, record.previous)
  writeNumber(target, offset + RECORD.next, record.next)
  writeNumber(target, offset + RECORD.older, record.older)
  writeNumber(target, offset + RECORD.newer, record.newer)
  target.set(record.key, offset + RECORD.key)
}

/** @returns `malformed` for an item that a cache of this geometry cannot hold. */
export function parseDumpRecord(
  bytes: Buffer,
  geometry: DumpGeometry,
): DumpRecord | 'unused' | 'malformed' {
  const keySize = readNumber(bytes, RECORD.keySize)
  if (keySize === 0) return 'unused'
  const valueSize = readNumber(bytes, RECORD.valueSize)
  const firstBlock = readNumber(bytes, RECORD.firstBlock)
  const { blocks, blockSize } = geometry
  if (keySize > geometry.keySize || firstBlock >= blocks) return 'malformed'
  if (valueSize > (blocks - firstBlock) * blockSize) return 'malformed'
  return {
    key: Buffer.from(bytes.subarray(RECORD.key, RECORD.key + keySize)),
    hash: readNumber(bytes, RECORD.hash),
    valueSize,
    firstBlock,
    expires: readNumber(bytes, RECORD.expires),
    previous: readNumber(bytes, RECORD.previous),
    next: readNumber(bytes, RECORD.next),
    older: readNumber(bytes, RECORD.older),
    newer: readNumber(bytes, RECORD.newer),
  }
}

/** @returns the payload of a request. Only a request for details gets names that uWSGI lacks. */
export function encodeDumpRequest(cacheName: string, wantsDetails: boolean): Buffer {
  return Buffer.from(wantsDetails ? cacheName + DETAILS_MARK : cacheName)
}

export function parseDumpRequest(payload: Buffer): { cacheName: string; wantsDetails: boolean } {
  const text = payload.toString()
  const wantsDetails = text.endsWith(DETAILS_MARK)
  const cacheName = wantsDetails ? text.slice(0, -DETAILS_MARK.length) : text
  return { cacheName, wantsDetails }
}

/** @returns the dictionary before an area: uWSGI's two names, and ours if `details` are given. */
export function dumpPairs(
  geometry: DumpGeometry,
  details: { readonly hash: string } | undefined,
): DictionaryPair[] {
  const pairs: DictionaryPair[] = [
    ['items', String(geometry.items)],
    ['blocksize', String(geometry.blockSize)],
  ]
  if (details === undefined) return pairs
  return [
    ...pairs,
    ['keysize', String(geometry.keySize)],
    ['blocks', String(geometry.blocks)],
    ['hash', details.hash],
    ['hashsize', String(DUMP_BUCKET_COUNT)],
    [DETAILS_NAME, DETAILS_VERSION],
  ]
}

/**
 * Parses the dictionary before an area.
 *
 * @returns undefined when the dictionary is malformed or one of its numbers is not a number.
 */
export function parseDumpPairs(payload: Buffer): AnnouncedDump | undefined {
  const { pairs, complete } = parseDictionary(payload)
  if (!complete) return undefined
  const values = new Map(pairs)
  const announced: { -readonly [Name in keyof DumpGeometry]?: number } = {}
  for (const [word, name] of GEOMETRY_NAMES) {
    const bytes = values.get(word)
    if (bytes === undefined) continue
    const value = parseDecimal(bytes)
    if (value === undefined) return undefined
    announced[name] = value
  }
  const isComplete = values.get(DETAILS_NAME)?.toString('latin1') === DETAILS_VERSION
  return { geometry: announced, isComplete }
}

export interface AnnouncedDump {
  readonly geometry: Partial<DumpGeometry>
  /** The dump comes from an undercroft server, which sends the whole geometry. */
  readonly isComplete: boolean
}

/** Offsets of the fields. All have 64 bits, little-endian, except the key, which comes last. */
const RECORD = {
  flags: 0,
  keySize: 8,
  hash: 16,
  valueSize: 24,
  firstBlock: 32,
  expires: 40,
  hits: 48,
  previous: 56,
  next: 64,
  older: 72,
  newer: 80,
  key: 88,
} as const

/** Follows the name in a request. No cache has such a name, so a uWSGI answers nothing. */
const DETAILS_MARK = '\0undercroft'
const DETAILS_NAME = 'undercroft'
const DETAILS_VERSION = '1'

const GEOMETRY_NAMES: readonly (readonly [string, keyof DumpGeometry])[] = [
  ['items', 'items'],
  ['blocksize', 'blockSize'],
  ['keysize', 'keySize'],
  ['blocks', 'blocks'],
]

const TWO_TO_32 = 2 ** 32

function writeNumber(target: Buffer, offset: number, value: number): void {
  target.writeUInt32LE(value % TWO_TO_32, offset)
  target.writeUInt32LE(Math.floor(value / TWO_TO_32), offset + 4)
}

/** A number beyond 2^53 is not exact, but it is out of every range that it is compared with. */
function readNumber(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * TWO_TO_32
}
