import { join } from 'node:path'
import type { CacheOptions } from '../../src/index.ts'
import { describeCacheContract } from '../../testing/cache-contract.ts'
import {
  localFeatures,
  localSetting,
  namespaceFeatures,
  namespaceSetting,
} from '../../testing/contract-settings.ts'
import { describeLocalContract } from '../../testing/local-contract.ts'
import { processDir } from '../../testing/temp-dir.ts'

/** The tests share this file and run one after the other: each destroys what it has made. */
const store = join(processDir(), 'contract.store')

const MODES: Readonly<Record<string, Partial<CacheOptions>>> = {
  'a cache in shared memory': {},
  'a cache in shared memory, single-block mode': { bitmap: false },
  'a cache in private memory': { memory: 'private' },
  'a store': { store },
  'a cache with uWSGI hash and odd block size': {
    ...{ hash: 'djb33x', bitmap: false, blockSize: 1501 },
  },
}

for (const [name, mode] of Object.entries(MODES)) {
  describeCacheContract(name, localSetting(mode))
  describeLocalContract(name, localFeatures(mode))
}
describeCacheContract('a namespace', namespaceSetting)
describeLocalContract('a namespace', namespaceFeatures)
describeLocalContract('a cache without near copies', localFeatures({ near: false }))
describeLocalContract('a cache with LRU', localFeatures({ eviction: 'lru' }))
