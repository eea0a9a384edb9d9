/**
 * A remote cache keeps the promises of every cache, and code that takes any cache takes both kinds.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnyCache } from '../../src/base/cache-like.ts'
import { RemoteCache } from '../../src/client/index.ts'
import { Cache } from '../../src/index.ts'
import { describeCacheContract } from '../../testing/cache-contract.ts'
import { remoteSetting } from '../../testing/contract-settings.ts'
import { processDir } from '../../testing/temp-dir.ts'

describeCacheContract('a remote cache', remoteSetting)

test('Cache and RemoteCache are both an AnyCache, which the compiler checks', async () => {
  const directory = processDir()
  using local = Cache.open<string>({ name: 'any', directory, memory: 'private', maxItems: 10 })
  await using remote = new RemoteCache<string>('any@127.0.0.1:1') // connects when it is used
  const caches = [local, remote] satisfies readonly AnyCache<string>[]
  assert.deepEqual(
    caches.map(cache => cache.name),
    ['any', 'any'],
  )
})
