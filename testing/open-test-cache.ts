/**
 * The one place that says which cache the network tests run on: a real one, in memory of its own.
 */

import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { Cache } from '../src/index.ts'
import { processDir } from './temp-dir.ts'

/** Sub-options of uWSGI's `cache2`, as the vectors write them. */
export type TestCacheConfig = Readonly<Record<string, string>>

/** Caches of these tests live until the test process ends, under a directory of its own. */
const directory = processDir()

let count = 0

export function openTestCache(config: TestCacheConfig): Cache<Uint8Array> {
  const isLru = config.purge_lru !== undefined
  const home = mkdtempSync(join(directory, `${++count}-`))
  const items = Number(config.items ?? 100)
  return Cache.open<Uint8Array>({
    name: config.name ?? 'default',
    directory: home,
    maxItems: items - 1, // as uWSGI, which never uses its first place
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

/** A line of configuration: `cache2 = name=default,items=100`. */
export function parseCacheLine(line: string): TestCacheConfig {
  const options = line.replace(/^cache2 *= */, '').split(',')
  return Object.fromEntries(options.map(option => option.split('=')))
}
