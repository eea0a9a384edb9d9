/**
 * Writes the items of a cache as a stream of bytes.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type AnyCache,
  type OptionNames,
  REPLICATION,
  type ReplicationAccess,
  requireCallOptions,
  requireOneOf,
  systemClock,
  UndercroftError,
} from '../base/index.ts'
import { BINARY_WRITER } from './binary.ts'
import {
  DUMP_FORMS,
  type DumpForm,
  type DumpItem,
  type DumpWriter,
  firstLine,
  MAX_DUMPED_VALUE_SIZE,
} from './format.ts'
import { NDJSON_WRITER } from './ndjson.ts'

/** A cache that can be dumped: a `Cache`, or a `RemoteCache` of an undercroft server. */
export type DumpableCache = Pick<AnyCache, 'name' | 'keyPage' | 'getItem'> & {
  /** @internal */
  readonly [REPLICATION]?: ReplicationAccess
}

/** How far a dump or a load is. */
export interface DumpProgress {
  /** Items written or read so far. */
  readonly items: number
  /** Bytes of the dump so far. */
  readonly bytes: number
}

/** Options of `dump`. */
export interface DumpOptions {
  /** `ndjson`: a line of JSON for each item. `binary`: smaller and faster. @default 'ndjson' */
  readonly form?: DumpForm | undefined
  /** Is called after each chunk. @default none */
  readonly onProgress?: ((progress: DumpProgress) => void) | undefined
}

const DUMP_OPTION_NAMES: OptionNames<DumpOptions> = { form: true, onProgress: true }

const WRITERS: Readonly<Record<DumpForm, DumpWriter>> = {
  ndjson: NDJSON_WRITER,
  binary: BINARY_WRITER,
}

/**
 * Yields the live items of a cache as the bytes of a dump, which `load` reads.
 *
 * Other threads and processes continue to read and write, and this thread gets a turn of its event
 * loop after each chunk. An item that is there all the time is in the dump exactly once; of one
 * that is changed meanwhile, the dump has the value before or after. A local cache counts no reads,
 * and a remote one counts a hit for each item.
 *
 * @throws UndercroftError - UNDERCROFT_OPTION_INVALID; UNDERCROFT_VALUE_TOO_LARGE for a value of
 * more than 64 MiB; as `keyPage` and `getItem` of a remote cache
 * @example
 * await pipeline(dump(cache), createWriteStream('sessions.ndjson'))
 */
export async function* dump(
  cache: DumpableCache,
  options: DumpOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  requireCallOptions('dump', options, DUMP_OPTION_NAMES)
  const form = requireOneOf('form', options.form ?? 'ndjson', DUMP_FORMS)
  const writer = WRITERS[form]
  let items = 0
  let bytes = 0
  const count = (chunk: Buffer): Buffer => {
    bytes += chunk.length
    options.onProgress?.({ items, bytes })
    return chunk
  }
  yield count(firstLine(form, cache.name, systemClock.nowMs()))
  const access = cache[REPLICATION]
  for await (const page of access === undefined ? remotePages(cache) : localPages(access)) {
    items += page.length
    for (const item of page) requireDumpable(item)
    if (page.length > 0) yield count(Buffer.concat(page.map(item => writer.item(item))))
  }
  yield count(writer.end(items))
}

/** Bytes of items in one step, which takes well under a millisecond. */
const PAGE_SIZE = 64 * 1024

async function* localPages(access: ReplicationAccess): AsyncGenerator<readonly DumpItem[]> {
  let cursor = 0
  do {
    const page = access.itemPage(cursor, PAGE_SIZE)
    yield page.items.map(({ type = 'bytes', ...item }) => ({ ...item, type }))
    cursor = page.next
    await nextTurn()
  } while (cursor !== 0)
}

/** Calls to a server that run at once. */
const BATCH_SIZE = 64

async function* remotePages(cache: DumpableCache): AsyncGenerator<readonly DumpItem[]> {
  let cursor = 0
  do {
    const { keys, next } = await cache.keyPage(cursor, BATCH_SIZE)
    const found = await Promise.all(keys.map(key => readItem(cache, key)))
    yield found.filter(item => item !== undefined)
    cursor = next
  } while (cursor !== 0)
}

/** @returns undefined if the item ended or was deleted after its key was listed */
async function readItem(cache: DumpableCache, key: Buffer): Promise<DumpItem | undefined> {
  const item = await cache.getItem(key)
  if (item === undefined) return undefined
  return { key, ...item, type: item.type ?? 'bytes', circumstances: undefined }
}

function requireDumpable({ key, bytes }: DumpItem): void {
  if (bytes.length <= MAX_DUMPED_VALUE_SIZE) return
  throw new UndercroftError(
    'UNDERCROFT_VALUE_TOO_LARGE',
    `the value of "${key.toString()}" has ${bytes.length} bytes, and a dump takes values of up ` +
      `to ${MAX_DUMPED_VALUE_SIZE}: delete it, or keep it elsewhere`,
  )
}
