import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { VALUE_TYPE } from '../../src/base/index.ts'
import { isCompleteInfo, keySizeOf, packInfo, valueTypeOf } from '../../src/engine/item-info.ts'
import {
  ADAPTIVE,
  BOOT,
  BOOT_OFFSET,
  BUCKET,
  CELL,
  CELL_COUNT,
  CELL_STRIDE,
  CELLS_OFFSET,
  CHANGE_STEP,
  CHECKSUM_SIZE,
  EVENT,
  EVENT_FULL,
  EVENT_KIND,
  EVENT_KIND_SHIFT,
  EVENT_RING,
  EVENT_SOFT,
  EVENT_STRIDE,
  FIXED_SIZE,
  FORMAT_VERSION,
  HEADER,
  HEADER_OFFSET,
  HISTOGRAM,
  HISTOGRAM_BUCKETS,
  INFO_PINNED,
  INFO_TRAILER,
  INFO_WRITING,
  LOAD_HISTOGRAM_OFFSET,
  LOCK,
  LOCK_OFFSET,
  LOCK_WAIT_HISTOGRAM_OFFSET,
  MAGIC_HIGH,
  MAGIC_LOW,
  MARK_MASK,
  METRICS,
  METRICS_OFFSET,
  RECOVERY,
  SLOT,
  STATE,
  STATE_OFFSET,
  TAG,
  TAG_GROUP_SIZE,
  TRAILER,
  USE_CLOCK,
  USE_CLOCK_OFFSET,
} from '../../src/segment/format.ts'
import { EVICTIONS, HASHES, HEAP_ENTRY_SIZE, HEAP_LEAD } from '../../src/segment/geometry.ts'
import type { RecordLayout } from '../../src/segment/record.ts'
import { readText } from '../tidy/sources.ts'

/** Offsets and types as segments that exist have them. A change here needs a new FORMAT_VERSION. */
const RECORDS = {
  HEADER: {
    magicLow: '0 i32',
    magicHigh: '4 i32',
    formatVersion: '8 i32',
    hash: '12 i32',
    eviction: '16 i32',
    bitmap: '20 i32',
    maxKeySize: '24 i32',
    seedLow: '28 i32',
    seedHigh: '32 i32',
    ignoresTtl: '36 i32',
    maxItems: '40 f64',
    blockSize: '48 f64',
    blockCount: '56 f64',
    bucketCount: '64 f64',
    size: '72 f64',
    checksums: '80 i32',
    maxTags: '84 i32',
    eventPlaces: '88 i32',
    checksum: '92 i32',
  },
  BOOT: {
    id0: '0 i32',
    id1: '4 i32',
    id2: '8 i32',
    id3: '12 i32',
    inode: '16 f64',
    closed: '24 i32',
  },
  LOCK: { owner: '0 i32', nextSerial: '4 i32', needsRecovery: '8 i32', progress: '12 i32' },
  STATE: {
    itemCount: '0 i32',
    usedSlotCount: '4 i32',
    firstFreeSlot: '8 i32',
    freeBlockCount: '12 i32',
    nextBlock: '16 i32',
    sweepSlot: '20 i32',
    heapSize: '24 i32',
    lastFreedBlock: '28 i32',
    earliestExpiryAtMs: '32 f64',
    roundEarliestExpiryAtMs: '40 f64',
    full: '48 f64',
    evicted: '56 f64',
    expired: '64 f64',
    takeovers: '72 f64',
    dropped: '80 f64',
    lastModifiedAtMs: '88 f64',
    unsealedSlot: '96 i32',
    reservedSlotCount: '100 i32',
    reservedBlockCount: '104 i32',
    pinnedItemCount: '108 i32',
    pinnedBlockCount: '112 i32',
    unused: '116 i32',
    generation: '120 f64',
    tagUses: '128 f64',
    tagsForgottenAt: '136 f64',
    tagsEvicted: '144 f64',
    invalidated: '152 f64',
    lastFencing: '160 f64',
  },
  USE_CLOCK: { ticks: '0 f64' },
  ADAPTIVE: {
    smallCount: '0 i32',
    mainCount: '4 i32',
    candidates: '8 i32',
    unused: '12 i32',
    smallPart: '16 f64',
    mainWorth: '24 f64',
    smallEvicted: '32 f64',
    mainEvicted: '40 f64',
  },
  CELL: { hits: '0 f64', misses: '8 f64', nearHits: '16 f64', staleHits: '24 f64' },
  METRICS: { loadFailures: '0 i64', loadWaits: '8 i64' },
  HISTOGRAM: { sumNs: '0 i64' },
  BUCKET: { version: '0 i32', firstSlot: '4 i32' },
  SLOT: {
    hash: '0 i32',
    nextSlot: '4 i32',
    info: '8 i32',
    valueSize: '12 i32',
    firstBlock: '16 i32',
    changes: '20 i32',
    expiresAtMs: '24 f64',
  },
  TAG: {
    fingerprintLow: '0 i32',
    fingerprintHigh: '4 i32',
    deletedAt: '8 f64',
    staleAt: '16 f64',
    lastUse: '24 f64',
  },
  TRAILER: {
    freshUntilMs: '0 f64',
    generation: '8 f64',
    valueSize: '16 i32',
    tagCount: '20 i32',
  },
  EVENT_RING: { end: '0 i32', waiting: '4 i32', eventCount: '8 i32', wakeUp: '12 i32' },
  EVENT: { info: '0 i32', position: '4 i32', slot: '8 i32', changes: '12 i32' },
}

const CONSTANTS: readonly (readonly [actual: number, pinned: number])[] = [
  [FORMAT_VERSION, 2],
  [HEADER_OFFSET, 0],
  [BOOT_OFFSET, 192],
  [LOCK_OFFSET, 256],
  [STATE_OFFSET, 384],
  [USE_CLOCK_OFFSET, 640],
  [CELLS_OFFSET, 768],
  [CELL_STRIDE, 64],
  [CELL_COUNT, 256],
  [METRICS_OFFSET, 17_152],
  [LOAD_HISTOGRAM_OFFSET, 17_216],
  [LOCK_WAIT_HISTOGRAM_OFFSET, 18_240],
  [HISTOGRAM_BUCKETS, 127],
  [FIXED_SIZE, 19_264],
  [HEAP_ENTRY_SIZE, 16],
  [HEAP_LEAD, 3],
  [CHECKSUM_SIZE, 4],
  [RECOVERY.none, 0],
  [RECOVERY.rebuild, 1],
  [RECOVERY.check, 2],
  [INFO_WRITING, 0x100_0000],
  [INFO_TRAILER, 0x200_0000],
  [INFO_PINNED, 0x400_0000],
  [TAG.size, 32],
  [TAG_GROUP_SIZE, 8],
  [MARK_MASK, 3],
  [CHANGE_STEP, 4],
  [EVENT_STRIDE, 64],
  [EVENT_KIND_SHIFT, 16],
  [EVENT_SOFT, 0x100_0000],
  [EVENT_FULL, 0x200_0000],
]

const ACTUAL = {
  HEADER,
  BOOT,
  LOCK,
  STATE,
  USE_CLOCK,
  ADAPTIVE,
  CELL,
  METRICS,
  HISTOGRAM,
  BUCKET,
  SLOT,
  TAG,
  TRAILER,
  EVENT_RING,
  EVENT,
}

type RecordName = keyof typeof RECORDS

function fieldsOf(record: RecordLayout<string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record.fields).map(([name, { offset, type }]) => [name, `${offset} ${type}`]),
  )
}

describe('the bytes of a segment', () => {
  test('lie where existing segments have them', () => {
    for (const name of Object.keys(RECORDS) as RecordName[]) {
      assert.deepEqual(fieldsOf(ACTUAL[name]), RECORDS[name], name)
    }
    for (const [actual, pinned] of CONSTANTS) assert.equal(actual, pinned)
  })

  test('begin with the word undercro', () => {
    const magic = Buffer.alloc(8)
    magic.writeInt32LE(MAGIC_LOW, 0)
    magic.writeInt32LE(MAGIC_HIGH, 4)
    assert.equal(magic.toString(), 'undercro')
  })

  test('name hashes, policies and kinds of values by the numbers they always had', () => {
    assert.deepEqual(HASHES, ['seeded', 'djb33x', 'murmur2'])
    assert.deepEqual(EVICTIONS, ['none', 'lru', 'adaptive', 'clear'])
    assert.deepEqual(VALUE_TYPE, {
      buffer: 0,
      uint8Array: 1,
      ascii: 2,
      utf8: 3,
      utf16: 4,
      integer: 5,
      bigint: 6,
      json: 7,
      structured: 8,
      custom: 9,
    })
  })

  test('name kinds of events by the numbers they always had', () => {
    const kinds = { set: 1, delete: 2, expire: 3, evict: 4, clear: 5, invalidate: 6, gap: 7 }
    assert.deepEqual(EVENT_KIND, kinds)
  })

  test('hold key size and kind of value in the info of a slot', () => {
    const info = packInfo(65_535, 8)
    assert.equal(info, 0x0008_ffff)
    assert.equal(keySizeOf(info), 65_535)
    assert.equal(valueTypeOf(info), 8)
    assert.equal(isCompleteInfo(info), true)
    for (const bad of [0, 0x0008_0000, info | INFO_WRITING, info | 0x800_0000, -1]) {
      assert.equal(isCompleteInfo(bad), false, bad.toString(16))
    }
  })
})

describe('docs/format/segment.md', () => {
  const page = readText('docs/format/segment.md')

  test('has each field of each record with its offset and type', () => {
    for (const name of Object.keys(RECORDS) as RecordName[]) {
      const chapter = chapterOf(page, name)
      for (const [field, place] of Object.entries(fieldsOf(ACTUAL[name]))) {
        const [offset, type] = place.split(' ')
        const row = new RegExp(`^\\| ${offset} +\\| ${type} +\\| \`${field}\` `, 'm')
        assert.match(chapter, row, `${name}.${field}`)
      }
      const rows = chapter.match(/^\| \d+ +\| (i32|i64|f64) /gm) ?? []
      assert.equal(rows.length, Object.keys(ACTUAL[name].fields).length, `${name} has no more`)
    }
  })

  test('has the offsets of the fixed parts, the version, and the kinds of values', () => {
    for (const [part, offset] of [
      ['HEADER', HEADER_OFFSET],
      ['BOOT', BOOT_OFFSET],
      ['LOCK', LOCK_OFFSET],
      ['STATE', STATE_OFFSET],
      ['USE_CLOCK', USE_CLOCK_OFFSET],
      ['CELL', CELLS_OFFSET],
      ['METRICS', METRICS_OFFSET],
      ['HISTOGRAM', LOAD_HISTOGRAM_OFFSET],
      ['HISTOGRAM', LOCK_WAIT_HISTOGRAM_OFFSET],
    ] as const) {
      assert.match(chapterOf(page, part), new RegExp(`\\bbyte ${offset}\\b`), part)
    }
    assert.match(page, new RegExp(`version ${FORMAT_VERSION}\\b`))
    for (const [name, tag] of Object.entries(VALUE_TYPE)) {
      assert.match(page, new RegExp(`^\\| ${tag} +\\| \`${name}\` `, 'm'))
    }
    for (const [name, kind] of Object.entries(EVENT_KIND)) {
      assert.match(chapterOf(page, 'EVENT'), new RegExp(`^\\| ${kind} +\\| \`${name}\` `, 'm'))
    }
  })
})

/** The text between a record's heading and the next heading. */
function chapterOf(page: string, record: string): string {
  const parts = page.split(/^#+ /m)
  const found = parts.find(part => part.split('\n', 1)[0]?.includes(`\`${record}\``))
  assert.ok(found !== undefined, `a chapter on ${record}`)
  return found
}
