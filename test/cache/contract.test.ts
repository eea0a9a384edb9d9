import { describeCacheContract } from '../support/cache-contract.ts'

describeCacheContract('a cache in shared memory', { options: () => ({}) })
describeCacheContract('a cache in shared memory, single-block mode', {
  options: () => ({ bitmap: false }),
})
describeCacheContract('a cache in private memory', { options: () => ({ memory: 'private' }) })
describeCacheContract('a cache with uWSGI hash and odd block size', {
  options: () => ({ hash: 'djb33x', bitmap: false, blockSize: 1501 }),
})
