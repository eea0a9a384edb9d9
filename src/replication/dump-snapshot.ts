/**
 * What a dump will say, taken before its first byte is sent: an area has all records before all
 * values, and others go on writing meanwhile, so each item is copied whole, at one moment.
 *
 * Of each item some numbers are kept in memory; keys and values go to logs. Which item comes first
 * is of no meaning; records are numbered from 1.
 */

import { setImmediate } from 'node:timers/promises'
import {
  djb33xHash,
  murmur2Hash,
  type PagedItem,
  REPLICATION,
  type ReplicableCache,
} from '../base/index.ts'
import { DUMP_BUCKET_COUNT, type DumpGeometry, unixSeconds } from '../protocols/uwsgi/index.ts'
import { ByteLog } from './byte-log.ts'

/** One item's record without its key; numbers as in a dump. */
export interface SnapshotRecord {
  readonly keySize: number
  readonly hash: number
  readonly valueSize: number
  readonly firstBlock: number
  readonly expires: number
  readonly previous: number
  readonly lastUse: number
  next: number
  older: number
  newer: number
}

export interface DumpSnapshot extends AsyncDisposable {
  readonly geometry: DumpGeometry
  readonly hash: DumpHash
  /** Record 1 first. */
  readonly records: readonly SnapshotRecord[]
  readonly keys: ByteLog
  readonly values: ByteLog
}

type DumpHash = 'djb33x' | 'murmur2'

/** The geometry that uWSGI would have, which never uses its first place. */
export function dumpGeometryOf(cache: ReplicableCache): DumpGeometry {
  const { maxItems, blockSize, blocks, maxKeySize, bitmap } = cache.stats()
  const items = maxItems + 1
  return { items, blockSize, keySize: maxKeySize, blocks: bitmap ? blocks : items }
}

export async function takeSnapshot(
  cache: ReplicableCache,
  memorySize: number,
): Promise<DumpSnapshot> {
  const { eviction, hash, bitmap } = cache.stats()
  const name = hash === 'murmur2' ? 'murmur2' : 'djb33x'
  const taker = new SnapshotTaker(dumpGeometryOf(cache), name, bitmap, memorySize)
  try {
    let cursor = 0
    do {
      const { items, next } = cache[REPLICATION].itemPage(cursor, PAGE_SIZE)
      for (const item of items) await taker.add(item)
      cursor = next
      await setImmediate() // other clients have their turn
    } while (cursor !== 0)
  } catch (error) {
    await taker[Symbol.asyncDispose]()
    throw error
  }
  if (eviction === 'lru') linkByUse(taker.records)
  return taker
}

/** Bytes of items copied in one turn of the event loop. */
const PAGE_SIZE = 262_144

class SnapshotTaker implements DumpSnapshot {
  readonly geometry: DumpGeometry
  readonly hash: DumpHash
  readonly records: SnapshotRecord[] = []
  readonly keys: ByteLog
  readonly values: ByteLog
  readonly #bitmap: boolean
  /** Bucket to the number of its last record. */
  readonly #lastInBucket = new Uint32Array(DUMP_BUCKET_COUNT)
  #nextBlock = 0

  constructor(geometry: DumpGeometry, hash: DumpHash, bitmap: boolean, memorySize: number) {
    this.geometry = geometry
    this.hash = hash
    this.#bitmap = bitmap
    this.keys = new ByteLog(memorySize / 2)
    this.values = new ByteLog(memorySize / 2)
  }

  /** What finds no place is left out: while others write, a pass may meet more than fits. */
  async add({ key, bytes, expiresAtMs, lastUse }: PagedItem): Promise<void> {
    const { items, blocks, blockSize } = this.geometry
    const number = this.records.length + 1
    const firstBlock = this.#bitmap ? this.#nextBlock : number
    const blockCount = Math.max(1, Math.ceil(bytes.length / blockSize))
    if (number >= items || firstBlock + blockCount > blocks) return
    this.#nextBlock += blockCount
    const hash = (this.hash === 'murmur2' ? murmur2Hash : djb33xHash)(key, key.length) >>> 0
    const bucket = hash % DUMP_BUCKET_COUNT
    const previous = this.#lastInBucket[bucket] ?? 0
    const before = this.records[previous - 1]
    if (before !== undefined) before.next = number
    this.#lastInBucket[bucket] = number
    const expires = unixSeconds(expiresAtMs)
    const sizes = { keySize: key.length, valueSize: bytes.length, firstBlock }
    this.records.push({ ...sizes, hash, expires, previous, lastUse, next: 0, older: 0, newer: 0 })
    await this.keys.append(key)
    await this.values.append(bytes)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.keys.close()
    await this.values.close()
  }
}

function linkByUse(records: readonly SnapshotRecord[]): void {
  const numbers = records.map((_, index) => index + 1)
  const lastUse = (number: number) => records[number - 1]?.lastUse ?? 0
  numbers.sort((a, b) => lastUse(a) - lastUse(b))
  for (const [index, number] of numbers.entries()) {
    const record = records[number - 1]
    if (record === undefined) continue
    record.older = numbers[index - 1] ?? 0
    record.newer = numbers[index + 1] ?? 0
  }
}
