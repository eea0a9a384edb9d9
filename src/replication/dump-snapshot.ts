/**
 * The snapshot that a dump is made from, taken before the first byte is sent: an area has all
 * records before all values, and other processes continue to write, so each item is copied whole.
 *
 * Some numbers of each item stay in memory; keys and values go into logs. The order of the items
 * has no meaning. Records are numbered from 1.
 */

import { randomUUID } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import {
  djb33xHash,
  murmur2Hash,
  type PagedItem,
  REPLICATION,
  type ReplicableCache,
  type ValueTypeName,
} from '../base/index.ts'
import { DUMP_BUCKET_COUNT, type DumpGeometry, unixSeconds } from '../protocols/uwsgi/index.ts'

/** One item's record without its key. The numbers are those of the dump. */
export interface SnapshotRecord {
  readonly keySize: number
  readonly hash: number
  readonly valueSize: number
  readonly firstBlock: number
  readonly type: ValueTypeName
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

/** @returns the geometry of a uWSGI cache of this size. uWSGI never uses its first place. */
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
      await setImmediate() // lets other clients run
    } while (cursor !== 0)
  } catch (error) {
    await taker[Symbol.asyncDispose]()
    throw error
  }
  if (eviction === 'lru') linkByUse(taker.records)
  return taker
}

/** Bytes of items that are copied in one turn of the event loop. */
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

  /** Skips an item without a place: while others write, a pass may meet more items than fit. */
  async add({ key, bytes, type = 'bytes', expiresAtMs, lastUse }: PagedItem): Promise<void> {
    const { items, blocks, blockSize } = this.geometry
    const number = this.records.length + 1
    const firstBlock = this.#bitmap ? this.#nextBlock : number
    const blockCount = Math.max(1, Math.ceil(bytes.length / blockSize))
    if (number >= items || firstBlock + blockCount > blocks) return
    this.#nextBlock += blockCount
    const hash = (this.hash === 'murmur2' ? murmur2Hash : djb33xHash)(key, key.length) >>> 0
    const bucket = hash % DUMP_BUCKET_COUNT
    const previous = this.#lastInBucket[bucket]
    const before = this.records[previous - 1]
    if (before !== undefined) before.next = number
    this.#lastInBucket[bucket] = number
    const expires = unixSeconds(expiresAtMs)
    const sizes = { keySize: key.length, valueSize: bytes.length, firstBlock, type }
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

/** Bytes of one write to a log's file, and of one read. */
const LOG_CHUNK_SIZE = 1_048_576

/**
 * Bytes written once, in order, and then read once, in order. The first bytes stay in memory; the
 * others go into a file without a name, which the system frees with the process.
 */
export class ByteLog {
  readonly #held: Uint8Array[] = []
  #heldLeft: number
  #pending: Uint8Array[] = []
  #pendingSize = 0
  #file: FileHandle | undefined

  constructor(heldSize: number) {
    this.#heldLeft = heldSize
  }

  /** Keeps the bytes themselves: the caller must not change them afterwards. */
  async append(bytes: Uint8Array): Promise<void> {
    if (this.#file === undefined && bytes.length <= this.#heldLeft) {
      this.#heldLeft -= bytes.length
      this.#held.push(bytes)
      return
    }
    this.#file ??= await openNameless()
    this.#pending.push(bytes)
    this.#pendingSize += bytes.length
    if (this.#pendingSize >= LOG_CHUNK_SIZE) await this.#writePending()
  }

  /** Yields all bytes, in chunks of any size. */
  async *read(): AsyncGenerator<Buffer, void, undefined> {
    for (const bytes of this.#held) yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    if (this.#file === undefined) return
    await this.#writePending()
    for (let offset = 0; ; ) {
      const chunk = Buffer.allocUnsafe(LOG_CHUNK_SIZE)
      const { bytesRead } = await this.#file.read(chunk, 0, LOG_CHUNK_SIZE, offset)
      if (bytesRead === 0) return
      yield chunk.subarray(0, bytesRead)
      offset += bytesRead
    }
  }

  async close(): Promise<void> {
    await this.#file?.close()
  }

  async #writePending(): Promise<void> {
    const bytes = Buffer.concat(this.#pending)
    this.#pending = []
    this.#pendingSize = 0
    await this.#file?.appendFile(bytes)
  }
}

/** After a kill between the two steps an empty file remains. */
async function openNameless(): Promise<FileHandle> {
  const path = join(tmpdir(), `undercroft-dump-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600)
  await unlink(path)
  return file
}
