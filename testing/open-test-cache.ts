/**
 * The cache for tests of the network: a real one, in its own memory.
 */

import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { Cache } from '../src/index.ts'
import { processDir } from './temp-dir.ts'

/** Sub-options of uWSGI's `cache2`, as the vectors spell them. */
export type TestCacheConfig = Readonly<Record<string, string>>

/** The caches exist until the test process ends. */
const directory = processDir()

let count = 0

export function openTestCache(config: TestCacheConfig): Cache<Uint8Array> {
  const isLru = config.purge_lru !== undefined
  const home = mkdtempSync(join(directory, `${++count}-`))
  const items = Number(config.items ?? 100)
  return Cache.open<Uint8Array>({
    name: config.name ?? 'default',
    directory: home,
    maxItems: items - 1, // uWSGI never uses its first slot
    maxKeySize: Number(config.keysize ?? 2048),
    blockSize: Number(config.blocksize ?? 65536),
    eviction: isLru ? 'lru' : 'none',
    ignoreTtl: isLru,
    bitmap: config.bitmap !== undefined,
    ...(config.hash === undefined
      ? {}
      : { hash: config.hash === 'murmur2' ? 'murmur2' : 'djb33x' }),
    ...(config.bitmap === undefined ? {} : { blocks: Number(config.blocks ?? items) }),
  })
}

/** @param line - A line such as `cache2 = name=default,items=100`. */
export function parseCacheLine(line: string): TestCacheConfig {
  const options = line.replace(/^cache2 *= */, '').split(',')
  return Object.fromEntries(options.map(option => option.split('=')))
}
