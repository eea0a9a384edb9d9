/**
 * Represents one segment in this thread: typed arrays over its bytes, and the checks of its header.
 *
 * The arrays cover the whole segment. Positions follow from the layout, and count elements of the
 * array that they index. The engine, and not this file, interprets items.
 */

import { randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { MAX_KEY_SIZE_LIMIT, type SegmentFile, UndercroftError } from '../base/index.ts'
import type { Mapping } from '../platform/index.ts'
import {
  BOOT,
  BOOT_OFFSET,
  FORMAT_VERSION,
  HEADER,
  LOCK,
  LOCK_OFFSET,
  MAGIC_HIGH,
  MAGIC_LOW,
  STATE,
  STATE_OFFSET,
} from './format.ts'
import {
  BLOCK_COUNT_LIMIT,
  BLOCK_SIZE_LIMIT,
  computeLayout,
  EVICTIONS,
  type Geometry,
  HASHES,
  type Layout,
  MAX_EVENT_PLACES,
  MAX_ITEMS_LIMIT,
  MAX_TAGS_LIMIT,
  MIN_EVENT_PLACES,
} from './geometry.ts'
import type { RecordLayout } from './record.ts'

export class Segment {
  readonly mapping: Mapping
  readonly geometry: Geometry
  readonly layout: Layout
  /** The path, or the name of a private cache, for messages. */
  readonly label: string
  readonly words: Int32Array
  readonly doubles: Float64Array
  readonly bytes: Buffer
  readonly seedLow: number
  readonly seedHigh: number
  readonly #onClose: ((segment: Segment) => void) | undefined
  #closed = false

  /** @param onClose - is called once, while the segment can still be read and written */
  constructor(
    mapping: Mapping,
    geometry: Geometry,
    label: string,
    onClose?: (segment: Segment) => void,
  ) {
    this.#onClose = onClose
    this.mapping = mapping
    this.geometry = geometry
    this.layout = computeLayout(geometry)
    this.label = label
    this.words = new Int32Array(mapping.buffer)
    this.doubles = new Float64Array(mapping.buffer)
    this.bytes = Buffer.from(mapping.buffer)
    this.seedLow = this.words[headerWord('seedLow')]
    this.seedHigh = this.words[headerWord('seedHigh')]
  }

  /** Undefined for private memory, which is in no file. */
  get file(): SegmentFile | undefined {
    if (!this.mapping.shared) return undefined
    const inode = this.doubles[(BOOT_OFFSET + BOOT.fields.inode.offset) / 8]
    return { path: this.label, inode, checksum: this.words[headerWord('checksum')] }
  }

  /** Ends the mapping. The last opener of a store waits until the device has all of it. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    try {
      this.#onClose?.(this)
    } finally {
      this.mapping.close()
    }
  }
}

/** Writes the header of a new segment, whose other bytes must be zeros. */
export function formatSegment(mapping: Mapping, geometry: Geometry): void {
  const layout = computeLayout(geometry)
  const words = new Int32Array(mapping.buffer)
  const doubles = new Float64Array(mapping.buffer)
  words[headerWord('formatVersion')] = FORMAT_VERSION
  words[headerWord('hash')] = HASHES.indexOf(geometry.hash)
  words[headerWord('eviction')] = EVICTIONS.indexOf(geometry.eviction)
  words[headerWord('bitmap')] = geometry.bitmap ? 1 : 0
  words[headerWord('maxKeySize')] = geometry.maxKeySize
  words[headerWord('ignoresTtl')] = geometry.ignoresTtl ? 1 : 0
  words[headerWord('checksums')] = geometry.checksums ? 1 : 0
  words[headerWord('maxTags')] = geometry.maxTags
  words[headerWord('eventPlaces')] = geometry.eventPlaces
  // The seed is random, so that no client can choose keys that all fall into one chain.
  words[headerWord('seedLow')] = randomInt(2 ** 32)
  words[headerWord('seedHigh')] = randomInt(2 ** 32)
  doubles[headerDouble('maxItems')] = geometry.maxItems
  doubles[headerDouble('blockSize')] = geometry.blockSize
  doubles[headerDouble('blockCount')] = geometry.blockCount
  doubles[headerDouble('bucketCount')] = layout.bucketCount
  doubles[headerDouble('size')] = layout.size
  doubles[(STATE_OFFSET + STATE.fields.earliestExpiryAtMs.offset) / 8] = Infinity
  doubles[(STATE_OFFSET + STATE.fields.roundEarliestExpiryAtMs.offset) / 8] = Infinity
  words[(LOCK_OFFSET + LOCK.fields.nextSerial.offset) / 4] = 1
  words[headerWord('magicLow')] = MAGIC_LOW
  words[headerWord('magicHigh')] = MAGIC_HIGH
  words[headerWord('checksum')] = headerChecksum(new Uint8Array(mapping.buffer, 0, HEADER.size))
}

/** Reads the geometry from the first bytes of a file, which may be any file. */
export function readGeometry(start: Buffer, fileSize: number, label: string): Geometry {
  requireOurHeader(start, label)
  const word = (name: NamesOf<typeof HEADER>) => start.readInt32LE(HEADER.fields[name].offset)
  const double = (name: NamesOf<typeof HEADER>) => start.readDoubleLE(HEADER.fields[name].offset)
  const geometry = {
    maxItems: double('maxItems'),
    maxKeySize: word('maxKeySize'),
    blockSize: double('blockSize'),
    blockCount: double('blockCount'),
    bitmap: word('bitmap') === 1,
    hash: HASHES[word('hash')],
    eviction: EVICTIONS[word('eviction')],
    ignoresTtl: word('ignoresTtl') === 1,
    checksums: word('checksums') === 1,
    maxTags: word('maxTags'),
    eventPlaces: word('eventPlaces'),
  }
  if (!isGeometry(geometry)) {
    throw new UndercroftError(
      'UNDERCROFT_CORRUPT',
      `the header of ${label} is damaged: ${JSON.stringify(geometry)}`,
    )
  }
  const layout = computeLayout(geometry)
  if (double('size') !== layout.size || double('bucketCount') !== layout.bucketCount) {
    throw new UndercroftError(
      'UNDERCROFT_CORRUPT',
      `the header of ${label} contradicts itself: ` +
        `its geometry needs ${layout.size} bytes, it says ${double('size')}`,
    )
  }
  if (fileSize < layout.size) {
    throw new UndercroftError(
      'UNDERCROFT_TRUNCATED',
      `${label} has ${fileSize} bytes; its header needs ${layout.size}. ` +
        'It was cut short: remove it',
    )
  }
  return geometry
}

/** Throws unless this version of the package wrote the header, and no program changed it since. */
function requireOurHeader(start: Buffer, label: string): void {
  const word = (name: NamesOf<typeof HEADER>) => start.readInt32LE(HEADER.fields[name].offset)
  if (
    start.length < HEADER.size ||
    word('magicLow') !== MAGIC_LOW ||
    word('magicHigh') !== MAGIC_HIGH
  ) {
    throw new UndercroftError(
      'UNDERCROFT_NOT_A_SEGMENT',
      `${label} is not an undercroft segment: it does not begin with "undercro". ` +
        'Remove it or use another name',
    )
  }
  if (word('formatVersion') !== FORMAT_VERSION) {
    throw new UndercroftError(
      'UNDERCROFT_VERSION_MISMATCH',
      `${label} has segment format ${word('formatVersion')}; this version of undercroft reads ` +
        `${FORMAT_VERSION}. Use the version that made it, or remove it`,
    )
  }
  if (word('checksum') !== headerChecksum(start)) {
    throw new UndercroftError(
      'UNDERCROFT_CORRUPT',
      `the header of ${label} is damaged: its checksum is wrong. Something else wrote to it; ` +
        'remove it',
    )
  }
}

/** @returns the checksum as the signed word that the header stores */
function headerChecksum(header: Uint8Array): number {
  return crc32(header.subarray(0, HEADER.fields.checksum.offset)) | 0
}

function isGeometry(given: { [K in keyof Geometry]: Geometry[K] | undefined }): given is Geometry {
  return (
    within(given.maxItems, MAX_ITEMS_LIMIT) &&
    within(given.maxKeySize, MAX_KEY_SIZE_LIMIT) &&
    within(given.blockSize, BLOCK_SIZE_LIMIT) &&
    within(given.blockCount, BLOCK_COUNT_LIMIT) &&
    within(given.maxTags, MAX_TAGS_LIMIT, 0) &&
    isEventPlaces(given.eventPlaces) &&
    given.hash !== undefined &&
    given.eviction !== undefined
  )
}

function isEventPlaces(value: number | undefined): boolean {
  if (value === undefined || value === 0) return value === 0
  return within(value, MAX_EVENT_PLACES, MIN_EVENT_PLACES) && (value & (value - 1)) === 0
}

function within(value: number | undefined, max: number, min = 1): boolean {
  return value !== undefined && Number.isInteger(value) && value >= min && value <= max
}

function headerWord(name: NamesOf<typeof HEADER>): number {
  return HEADER.fields[name].offset / 4
}

function headerDouble(name: NamesOf<typeof HEADER>): number {
  return HEADER.fields[name].offset / 8
}

type NamesOf<R> = R extends RecordLayout<infer Names> ? Names : never
