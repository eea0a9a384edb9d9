import { join } from 'node:path'
import { describeCacheContract } from '../../testing/cache-contract.ts'
import { localSetting, namespaceSetting } from '../../testing/contract-settings.ts'
import { processDir } from '../../testing/temp-dir.ts'

/** The tests share this file and run one after the other: each destroys what it has made. */
const store = join(processDir(), 'contract.store')

describeCacheContract('a cache in shared memory', localSetting({}))
describeCacheContract(
  'a cache in shared memory, single-block mode',
  localSetting({ bitmap: false }),
)
describeCacheContract('a cache in private memory', localSetting({ memory: 'private' }))
describeCacheContract('a store', localSetting({ store }))
describeCacheContract('a namespace', namespaceSetting)
describeCacheContract(
  'a cache with uWSGI hash and odd block size',
  localSetting({ hash: 'djb33x', bitmap: false, blockSize: 1501 }),
)
