/**
 * Putting items and files into a cache at start, in uWSGI's words.
 *
 * Of several for one key the first counts, as in uWSGI. What came from a store or another server
 * stays as well. But a cache without these outlives `serve` here, so what an earlier run left is
 * overwritten: who changes a file and starts anew expects the new one.
 */

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type ByteCache, UndercroftError } from '../../base/index.ts'
import type { CacheDefinition, Preload } from '../../uwsgi/options/index.ts'

/** What is filled. */
export type PreloadedCache = Pick<ByteCache, 'name' | 'set' | 'add' | 'maxValueSize'>

/** Done when everything was stored or said to be not. */
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

/** The most that is read of a file to compress it, in bytes: it may become a small value. */
const GZIP_SOURCE_LIMIT = 256 * 1024 * 1024

const compress = promisify(gzip)

/** Why a value cannot be stored. */
class NotStored extends Error {}

async function readPreload(cache: PreloadedCache, preload: Preload): Promise<Uint8Array> {
  if (preload.kind === 'item') return Buffer.from(preload.value)
  if (!preload.isGzipped) return readWhole(preload.path, cache.maxValueSize)
  const content = await readWhole(preload.path, GZIP_SOURCE_LIMIT)
  return content.length === 0 ? content : compress(content)
}

/** Never waits for anybody, as opening a pipe would, and never reads more than the limit. */
async function readWhole(path: string, limit: number): Promise<Buffer> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  if (!(await file.stat()).isFile()) throw new Error('it is no regular file')
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
  const reason = mode === 'set' ? 'the cache is full' : 'the key is taken, or the cache is full'
  throw new NotStored(reason)
}

/** uWSGI ends when a file cannot be read; here the rest goes on, and this is said loudly. */
function describeFailure(error: unknown, key: string, cacheName: string): string {
  const reason = error instanceof Error ? error.message : String(error)
  if (error instanceof NotStored || error instanceof UndercroftError) {
    return `[cache-error] unable to store "${key}" in "${cacheName}": ${reason}`
  }
  return `*** cannot read "${key}", so cache "${cacheName}" starts without it: ${reason} ***`
}
