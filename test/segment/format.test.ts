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
import { RECORDS } from './pinned-records.ts'

const CONSTANTS: readonly (readonly [actual: number, pinned: number])[] = [
  [FORMAT_VERSION, 3],
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
  ...{ HEADER, BOOT, LOCK, STATE, USE_CLOCK, ADAPTIVE, CELL, METRICS, HISTOGRAM, BUCKET, SLOT },
  ...{ TAG, TRAILER, EVENT_RING, EVENT },
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
    const types = [
      ...['buffer', 'uint8Array', 'ascii', 'utf8', 'utf16', 'integer', 'bigint', 'json'],
      ...['structured', 'custom'],
    ]
    assert.deepEqual(VALUE_TYPE, Object.fromEntries(types.map((name, type) => [name, type])))
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
