/**
 * The answer to a dump request, command 6, as chunks to send in order.
 *
 * An area can be far larger than the items in it, so it is made as it is sent. Unused room is sent
 * as zeros; uWSGI sends what deleted items left there (docs/reference/uwsgi-faults.md, F54).
 */

import type { Socket } from 'node:net'
import { type ByteCache, REPLICATION, type ReplicableCache } from '../../base/index.ts'
import { type BudgetShare, type Deadline, writePaced } from '../../net/index.ts'
import {
  ByteSource,
  dumpAreaSize,
  dumpPairs,
  dumpRecordSize,
  encodeDictionaryPacket,
  MODIFIER1_CACHE,
  MODIFIER2_DUMP_REPLY,
  parseDumpRequest,
  writeDumpRecord,
} from '../../protocols/uwsgi/index.ts'
import { type DumpSnapshot, dumpGeometryOf, takeSnapshot } from '../../replication/index.ts'
import { inspect } from './inspection.ts'
import type { ConnectionContext } from './open-connection.ts'

/** Bytes of items that one dump holds in memory. Further bytes go into a file. */
const DUMP_MEMORY_SIZE = 8 * 1024 * 1024

/** Dumps under way or waiting. Each dump under way can take as much disk as its cache. */
const MAX_DUMPS = 8

/** The parts of a connection that a dump needs. */
export interface DumpReceiver {
  readonly socket: Socket
  readonly share: BudgetShare
  readonly deadline: Deadline
}

/**
 * Sends a dump in its turn. The whole dump has one deadline, so that a slow peer does not keep
 * other inspections waiting for long.
 *
 * @returns undefined when there is no such cache, too many dumps wait, or the peer may not inspect.
 */
export function startDump(
  payload: Buffer,
  context: ConnectionContext,
  { socket, share, deadline }: DumpReceiver,
): Promise<void> | undefined {
  const { cacheName, wantsDetails } = parseDumpRequest(payload)
  const cache = context.caches.find(cacheName)
  if (cache === undefined || !isReplicable(cache)) return undefined
  const send = async () => {
    const memorySize = Math.min(DUMP_MEMORY_SIZE, context.budget.left)
    share.hold(memorySize)
    deadline.wait('reply', 0, dumpAreaSize(dumpGeometryOf(cache)))
    await writePaced(socket, dumpReply(cache, wantsDetails, memorySize))
  }
  const turn = inspect(context, socket, send, MAX_DUMPS)
  if (typeof turn === 'string') return undefined
  deadline.clear()
  return turn
}

async function* dumpReply(
  cache: ReplicableCache,
  wantsDetails: boolean,
  memorySize: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  await using snapshot = await takeSnapshot(cache, memorySize)
  const pairs = dumpPairs(snapshot.geometry, wantsDetails ? snapshot : undefined)
  yield* encodeDictionaryPacket(MODIFIER1_CACHE, MODIFIER2_DUMP_REPLY, pairs)
  yield* recordChunks(snapshot)
  yield* blockChunks(snapshot)
}

function isReplicable(cache: ByteCache): cache is ReplicableCache {
  return REPLICATION in cache
}

const CHUNK_SIZE = 65_536
const ZEROS = Buffer.alloc(CHUNK_SIZE)

async function* recordChunks(snapshot: DumpSnapshot): AsyncGenerator<Uint8Array, void, undefined> {
  const { geometry, records } = snapshot
  const recordSize = dumpRecordSize(geometry)
  const recordsInChunk = Math.max(1, Math.floor(CHUNK_SIZE / recordSize))
  const keys = new LogReader(snapshot.keys.read())
  yield* zeros(recordSize) // record 0
  for (let first = 0; first < records.length; first += recordsInChunk) {
    const part = records.slice(first, first + recordsInChunk)
    const chunk = Buffer.alloc(part.length * recordSize)
    for (const [index, record] of part.entries()) {
      const key = await keys.take(record.keySize)
      writeDumpRecord(chunk, index * recordSize, { ...record, key })
    }
    yield chunk
  }
  yield* zeros((geometry.items - 1 - records.length) * recordSize)
}

async function* blockChunks(snapshot: DumpSnapshot): AsyncGenerator<Uint8Array, void, undefined> {
  const { blockSize, blocks } = snapshot.geometry
  const values = new LogReader(snapshot.values.read())
  let position = 0
  for (const { firstBlock, valueSize } of snapshot.records) {
    const offset = firstBlock * blockSize
    yield* zeros(offset - position)
    yield* values.pass(valueSize)
    position = offset + valueSize
  }
  yield* zeros(blocks * blockSize - position)
}

function* zeros(size: number): Generator<Uint8Array, void, undefined> {
  for (let left = size; left > 0; left -= CHUNK_SIZE) {
    yield left < CHUNK_SIZE ? ZEROS.subarray(0, left) : ZEROS
  }
}

/** Takes stretches of known size from the chunks of a log. */
class LogReader {
  readonly #chunks: AsyncGenerator<Buffer, void, undefined>
  readonly #source = new ByteSource()

  constructor(chunks: AsyncGenerator<Buffer, void, undefined>) {
    this.#chunks = chunks
  }

  async take(size: number): Promise<Buffer> {
    for (;;) {
      const bytes = this.#source.take(size)
      if (bytes !== undefined) return bytes
      await this.#pushNext()
    }
  }

  /** Yields the bytes in pieces of any size. */

  async *pass(size: number): AsyncGenerator<Buffer, void, undefined> {
    for (let left = size; left > 0; ) {
      if (!this.#source.hasBytes) await this.#pushNext()
      const piece = this.#source.takeUpTo(left)
      left -= piece.length
      yield piece
    }
  }

  async #pushNext(): Promise<void> {
    const { value } = await this.#chunks.next()
    if (value === undefined) throw new Error('a log is shorter than what was written to it')
    this.#source.push(value)
  }
}
