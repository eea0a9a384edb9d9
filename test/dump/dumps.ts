/** Caches to dump, and dumps as bytes. */

import { type DumpOptions, dump } from '../../src/dump/index.ts'
import { Cache } from '../../src/index.ts'

let made = 0

export function openCache(maxItems = 1000): Cache {
  return Cache.open({ name: `dump-${++made}`, maxItems, memory: 'private' })
}

export async function dumpOf(cache: Cache, options?: DumpOptions): Promise<Buffer> {
  return Buffer.concat(await chunksOf(dump(cache, options)))
}

export async function chunksOf(bytes: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const chunks: Buffer[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return chunks
}
