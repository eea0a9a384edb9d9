import { describeCacheContract } from '../support/cache-contract.ts'

describeCacheContract('a cache in shared memory', { options: () => ({}) })
describeCacheContract('a cache in shared memory, bitmap mode', {
  options: () => ({ bitmap: true, blockSize: 512, blocks: 100 }),
})
describeCacheContract('a cache in private memory', { options: () => ({ memory: 'private' }) })
describeCacheContract('a cache with uWSGI hash and odd block size', {
  options: () => ({ hash: 'djb33x', blockSize: 1501 }),
})
