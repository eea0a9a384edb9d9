/**
 * Stores the items of a dump in a cache.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { serialize } from 'node:v8'
import {
  type CacheLike,
  isExpired,
  type OptionNames,
  REPLICATION,
  type ReplicationAccess,
  requireBoolean,
  requireCallOptions,
  systemClock,
  UndercroftError,
} from '../base/index.ts'
import { readBinary } from './binary.ts'
import { type ByteChunks, ByteReader } from './byte-reader.ts'
import type { DumpProgress } from './dump.ts'
import {
  type DumpItem,
  type DumpPart,
  dumpInvalid,
  MAX_FIRST_LINE_SIZE,
  readFirstLine,
} from './format.ts'
import { readNdjson } from './ndjson.ts'

/** A cache that a dump can be loaded into: a `Cache` or a `RemoteCache`. */
export type LoadableCache = Pick<CacheLike, 'setItem'> & {
  /** @internal */
  readonly [REPLICATION]?: ReplicationAccess
}

/** Options of `load`. */
export interface LoadOptions {
  /**
   * Also load values that V8's serialization (dates, maps, sets and others) or a codec encoded,
   * into a local cache. Decoding bytes that someone made up is not safe, so do this only with dumps
   * from a source that you trust. @default false
   */
  readonly trusted?: boolean | undefined
  /** Is called after each batch of items. @default none */
  readonly onProgress?: ((progress: DumpProgress) => void) | undefined
}

const LOAD_OPTION_NAMES: OptionNames<LoadOptions> = { trusted: true, onProgress: true }

/** What happened to the items of a dump. */
export interface LoadReport {
  readonly stored: number
  /** Items that had ended before they were loaded. */
  readonly expired: number
  /** Items that the cache refused because it is full. */
  readonly refused: number
  /** Values of V8's serialization or a codec, without `trusted` or for another version of V8. */
  readonly unreadable: number
}

type Outcome = keyof LoadReport
type Counts = { -readonly [Name in Outcome]: number }

/**
 * Stores the items of a dump, over items that have the same keys. Other items stay.
 *
 * If the dump cannot be read to its end, the items so far are stored, and the error's message says
 * how many.
 *
 * @param source - the chunks of a dump, of either form: a stream of a file, or what `dump` yields
 * @throws UndercroftError - UNDERCROFT_DUMP_INVALID, UNDERCROFT_TRUNCATED if the dump was cut
 * short, UNDERCROFT_VERSION_MISMATCH if a newer undercroft made it, UNDERCROFT_OPTION_INVALID; also
 * as `setItem`: UNDERCROFT_VALUE_TOO_LARGE or UNDERCROFT_KEY_INVALID for an item that the cache's
 * sizes do not allow
 * @example
 * const { stored } = await load(cache, createReadStream('sessions.ndjson'))
 */
export async function load(
  cache: LoadableCache,
  source: ByteChunks,
  options: LoadOptions = {},
): Promise<LoadReport> {
  requireCallOptions('load', options, LOAD_OPTION_NAMES)
  const trusted = requireBoolean('trusted', options.trusted ?? false)
  const reader = new ByteReader(source)
  const counts: Counts = { stored: 0, expired: 0, refused: 0, unreadable: 0 }
  try {
    let items = 0
    for await (const batch of readBatches(reader)) {
      const outcomes = batch.map(async item => counts[await store(cache, item, trusted)]++)
      // All of them, so that the counts in an error's message are final.
      const failed = (await Promise.allSettled(outcomes)).find(isRejected)
      if (failed !== undefined) throw failed.reason
      items += batch.length
      options.onProgress?.({ items, bytes: reader.size })
      await nextTurn()
    }
    return counts
  } catch (error) {
    if (!(error instanceof UndercroftError)) throw error
    const message = `${error.message} (stored so far: ${counts.stored})`
    throw new UndercroftError(error.code, message, { cause: error })
  } finally {
    await reader.close()
  }
}

function isRejected(result: PromiseSettledResult<unknown>): result is PromiseRejectedResult {
  return result.status === 'rejected'
}

/** Items that are stored in one turn of the event loop, or by calls to a server at once. */
const BATCH_SIZE = 64
/** Bytes of values after which a batch is stored although it has fewer items. */
const BATCH_BYTES = 1024 * 1024

/** Yields what was read before a failure, and then fails. */
async function* readBatches(reader: ByteReader): AsyncGenerator<readonly DumpItem[]> {
  const form = readFirstLine(await reader.line(MAX_FIRST_LINE_SIZE))
  const read = form === 'binary' ? readBinary : readNdjson
  let batch: DumpItem[] = []
  let bytes = 0
  let count = 0
  for (;;) {
    let part: DumpPart
    try {
      part = await read(reader)
      if ('count' in part) await requireWhole(reader, part.count, count)
    } catch (error) {
      yield batch
      throw error
    }
    if ('count' in part) break
    count++
    batch.push(part)
    bytes += part.bytes.length
    if (batch.length < BATCH_SIZE && bytes < BATCH_BYTES) continue
    yield batch
    batch = []
    bytes = 0
  }
  yield batch
}

async function requireWhole(reader: ByteReader, claimed: number, count: number): Promise<void> {
  if (claimed !== count) {
    throw dumpInvalid(`the end of the dump speaks of ${claimed} items, and it has ${count}`)
  }
  await reader.requireEnd()
}

async function store(cache: LoadableCache, item: DumpItem, trusted: boolean): Promise<Outcome> {
  const { key, bytes, type, expiresAtMs } = item
  const nowMs = systemClock.nowMs()
  const access = cache[REPLICATION]
  if (isExpired(expiresAtMs, nowMs)) return 'expired'
  if (type === 'structured' || type === 'custom') {
    if (!trusted || access === undefined || !isReadable(item)) return 'unreadable'
  }
  if (access !== undefined) return access.restore(item) ? 'stored' : 'refused'
  const ttlMs = expiresAtMs === 0 ? Number.POSITIVE_INFINITY : expiresAtMs - nowMs
  return (await cache.setItem(key, { bytes, type }, { ttlMs })) ? 'stored' : 'refused'
}

/** V8 writes 255 and the version of its format first. It reads its own and older versions. */
const [V8_MARK = 255, V8_VERSION = 0] = serialize(null)

function isReadable({ bytes, type }: DumpItem): boolean {
  if (type === 'custom') return true
  const [mark, version] = bytes
  return mark === V8_MARK && version !== undefined && version <= V8_VERSION
}
