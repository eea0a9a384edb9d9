/**
 * Stores the items of a dump in a cache one by one, so that the sizes of the two caches may differ.
 *
 * All records come before all values, so keys are held until their values arrive; values are not
 * held. After a dump that turns out to be wrong or incomplete its keys are deleted again.
 */

import { MAX_KEY_SIZE_LIMIT, REPLICATION, type ReplicableCache } from '../base/index.ts'
import {
  type DumpGeometry,
  type DumpRecord,
  dumpAreaSize,
  dumpRecordSize,
  inferKeySize,
  msFromUnixSeconds,
  parseDumpRecord,
} from '../protocols/uwsgi/index.ts'
import { DumpFailure, type DumpSource } from './dump-source.ts'

/** How many items of a dump were stored. */
export interface RestoreCounts {
  readonly restored: number
  /** Items without room here: the cache is full, or a key or value is too large for it. */
  readonly skipped: number
}

/**
 * @param isSure - Whether the server sent the whole geometry. Otherwise the geometry is that of
 * this cache, and the size of the dump shows whether the key sizes agree.
 */
export async function restoreDump(
  source: DumpSource,
  geometry: DumpGeometry,
  isSure: boolean,
  cache: ReplicableCache,
): Promise<RestoreCounts> {
  source.expect(dumpAreaSize(geometry))
  const applied: Buffer[] = []
  try {
    const records = await readRecords(source, geometry)
    const counts = await restoreValues(source, geometry, records, cache, applied)
    if (!isSure) await requireSameSize(source, geometry)
    return counts
  } catch (error) {
    for (const key of applied) cache[REPLICATION].apply({ kind: 'delete', key })
    if (isSure || !(error instanceof DumpFailure)) throw error
    await requireSameSize(source, geometry)
    throw error
  }
}

interface NumberedRecord extends DumpRecord {
  readonly number: number
}

/** Memory that one dump may take while it is read: its keys, and some facts for each. */
const MAX_HELD_SIZE = 512 * 1024 * 1024
const HELD_PER_KEY = 200

async function readRecords(source: DumpSource, geometry: DumpGeometry): Promise<NumberedRecord[]> {
  const records: NumberedRecord[] = []
  const recordSize = dumpRecordSize(geometry)
  let heldSize = 0
  for (let number = 0; number < geometry.items; number++) {
    const bytes = await source.take(recordSize)
    const record = number === 0 ? 'unused' : parseDumpRecord(bytes, geometry)
    if (record === 'unused') continue
    if (record === 'malformed') throw new DumpFailure(`record ${number} of the dump is malformed`)
    heldSize += record.key.length + HELD_PER_KEY
    if (heldSize > MAX_HELD_SIZE) throw new DumpFailure('the dump has too many keys')
    records.push({ ...record, number })
  }
  return records
}

async function restoreValues(
  source: DumpSource,
  geometry: DumpGeometry,
  records: readonly NumberedRecord[],
  cache: ReplicableCache,
  applied: Buffer[],
): Promise<RestoreCounts> {
  const { maxItems } = cache.stats()
  const oldestFirst = orderByUse(records)
  // A smaller cache keeps the items that were used last.
  const wanted = new Set(oldestFirst.slice(Math.max(0, oldestFirst.length - maxItems)))
  const counts = { restored: 0, skipped: records.length - wanted.size }
  const { blockSize, blocks } = geometry
  const isListed = records.some(record => record.older !== 0 || record.newer !== 0)
  let position = 0
  for (const record of [...records].sort((a, b) => a.firstBlock - b.firstBlock)) {
    const start = record.firstBlock * blockSize
    if (start < position) throw new DumpFailure('two items of the dump share a block')
    await source.skip(start - position)
    position = start + record.valueSize
    const fits = record.valueSize <= cache.maxValueSize && record.key.length <= cache.maxKeySize
    if (!wanted.has(record) || !fits) {
      if (wanted.has(record)) counts.skipped++
      await source.skip(record.valueSize)
      continue
    }
    const value = await source.take(record.valueSize)
    const { key } = record
    const isRelative = isListed && record.expires < FIRST_MOMENT
    const expiresAtMs = isRelative ? 0 : msFromUnixSeconds(record.expires)
    applied.push(key)
    if (!cache[REPLICATION].apply({ kind: 'set', key, value, type: record.type, expiresAtMs }))
      counts.skipped++
    else if (cache.has(key)) counts.restored++ // an expired item is not there
  }
  await source.skip(blocks * blockSize - position)
  if (cache.stats().eviction === 'lru')
    for (const { key } of oldestFirst) cache[REPLICATION].promote(key)
  return counts
}

/**
 * A uWSGI cache with purge_lru stores the TTL in seconds instead of a moment, and ignores it (fault
 * F31 in docs/reference/uwsgi-faults.md). No dump was made before 2001.
 */
const FIRST_MOMENT = 1_000_000_000

/** Orders records by last use. Records that the dump's list does not reach come first. */
function orderByUse(records: readonly NumberedRecord[]): NumberedRecord[] {
  const byNumber = new Map(records.map(record => [record.number, record]))
  const listed = new Set<NumberedRecord>()
  let at = records.find(record => record.older === 0 && record.newer !== 0)
  while (at !== undefined && !listed.has(at)) {
    listed.add(at)
    at = byNumber.get(at.newer)
  }
  return [...records.filter(record => !listed.has(record)), ...listed]
}

/**
 * uWSGI does not announce its key size (fault F36 in docs/reference/uwsgi-faults.md), but the size
 * of the dump shows it. Bytes that do not fit any key size are ignored, as uWSGI does.
 */
async function requireSameSize(source: DumpSource, geometry: DumpGeometry): Promise<void> {
  const size = await source.measure(dumpAreaSize({ ...geometry, keySize: MAX_KEY_SIZE_LIMIT }))
  const keySize = inferKeySize(size, geometry)
  if (keySize === undefined || keySize === geometry.keySize) return
  throw new DumpFailure(`invalid cache key size, expected ${geometry.keySize} received ${keySize}`)
}
