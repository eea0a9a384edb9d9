/**
 * The one place that says which cache the network tests run on.
 *
 * To run them on the real `Cache`, let `openTestCache` open one; nothing else needs to change.
 */

import type { ByteCache } from '../../src/base/index.ts'
import { MemoryCache } from './memory-cache.ts'

/** Sub-options of uWSGI's `cache2`, as the vectors write them. */
export type TestCacheConfig = Readonly<Record<string, string>>

export function openTestCache(config: TestCacheConfig): ByteCache {
  return new MemoryCache({
    name: config.name ?? 'default',
    maxItems: Number(config.items ?? 100),
    keepsOneFree: true,
    ...(config.keysize === undefined ? {} : { maxKeySize: Number(config.keysize) }),
    ...(config.blocksize === undefined ? {} : { blockSize: Number(config.blocksize) }),
    ...(config.blocks === undefined ? {} : { blocks: Number(config.blocks) }),
    ...(config.purge_lru === undefined ? {} : { evicts: true }),
  })
}

/** A line of configuration: `cache2 = name=default,items=100`. */
export function parseCacheLine(line: string): TestCacheConfig {
  const options = line.replace(/^cache2 *= */, '').split(',')
  return Object.fromEntries(options.map(option => option.split('=')))
}
