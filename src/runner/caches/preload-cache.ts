/**
 * Stores items and files in a cache at start, and logs them in uWSGI's words.
 *
 * The first of several values for one key counts, as in uWSGI. Items from a store file or from
 * another server stay as well. In memory that was kept, items of an earlier run are overwritten:
 * after a file has changed and `serve` restarts, the new content must be served.
 */

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type ByteCache, UndercroftError } from '../../base/index.ts'
import type { CacheDefinition, Preload } from '../../uwsgi/options/index.ts'

/** The cache to preload. */
export type PreloadedCache = Pick<ByteCache, 'name' | 'set' | 'add' | 'has' | 'maxValueSize'>

/** Resolves when every item is stored or a line says why not. */
export async function preloadCache(
  cache: PreloadedCache,
  { preloads, store, sync }: Pick<CacheDefinition, 'preloads' | 'store' | 'sync'>,
  onLog: (line: string) => void,
): Promise<void> {
  const keepsOld = store !== undefined || sync.length > 0
  const stored = new Set<string>()
  for (const each of preloads) {
    const key = each.kind === 'item' ? each.key : each.path
    const label = each.kind === 'file' && each.isGzipped ? '[cache-gzip]' : '[cache]'
    try {
      const value = await readPreload(cache, each)
      const mode = keepsOld || stored.has(key) ? 'add' : 'set'
      requireStored(cache, key, value, mode)
      stored.add(key)
      onLog(`${label} stored "${key}" in "${cache.name}"`)
    } catch (error) {
      onLog(describeFailure(error, key, cache.name))
    }
  }
}

/** Largest file that is read for compression, in bytes: its compressed value may be small. */
const GZIP_SOURCE_LIMIT = 256 * 1024 * 1024

const compress = promisify(gzip)

/** The reason why a value cannot be stored. */
class NotStored extends Error {}

async function readPreload(cache: PreloadedCache, preload: Preload): Promise<Uint8Array> {
  if (preload.kind === 'item') return Buffer.from(preload.value)
  if (!preload.isGzipped) return readWhole(preload.path, cache.maxValueSize)
  const content = await readWhole(preload.path, GZIP_SOURCE_LIMIT)
  return content.length === 0 ? content : compress(content)
}

/**
 * Opens the file without blocking, as a pipe would otherwise block, and reads no more than the
 * limit.
 */
async function readWhole(path: string, limit: number): Promise<Buffer> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  if (!(await file.stat()).isFile()) throw new Error('it is not a regular file')
  const chunks: Buffer[] = []
  for await (const chunk of file.createReadStream({ end: limit })) chunks.push(chunk)
  const content = Buffer.concat(chunks)
  if (content.length > limit) throw new NotStored(`it is larger than ${limit} bytes`)
  return content
}

function requireStored(
  cache: PreloadedCache,
  key: string,
  value: Uint8Array,
  mode: 'add' | 'set',
): void {
  if (value.length === 0) throw new NotStored('it is empty')
  const options = { ttlMs: Number.POSITIVE_INFINITY }
  if (cache[mode](key, value, options)) return
  const isTaken = mode === 'add' && cache.has(key)
  throw new NotStored(isTaken ? 'the key is taken' : 'the cache is full')
}

/** uWSGI ends when a file cannot be read. Here the start continues, and the line is prominent. */
function describeFailure(error: unknown, key: string, cacheName: string): string {
  const reason = error instanceof Error ? error.message : String(error)
  if (error instanceof NotStored || error instanceof UndercroftError) {
    return `[cache-error] unable to store "${key}" in "${cacheName}": ${reason}`
  }
  return `*** cannot read "${key}", so cache "${cacheName}" starts without it: ${reason} ***`
}
