import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { RemoteCache } from '../../src/client/index.ts'
import { Cache } from '../../src/index.ts'

test('console.log shows a cache as one line with its name and counts', () => {
  const cache = Cache.open({ name: 'shown', maxItems: 10, memory: 'private' })
  cache.set('k', 1)
  cache.get('k')
  cache.get('absent')
  assert.match(
    inspect(cache),
    /^Cache 'shown' \(1 of 10 items, 1 hits, 1 misses, 0\.\d MiB private\)$/,
  )
  cache.close()
  assert.equal(inspect(cache), "Cache 'shown' (closed)")
})

test('console.log shows a remote cache as one line with its name and address', () => {
  const cache = new RemoteCache('shown@127.0.0.1:1')
  assert.equal(inspect(cache), "RemoteCache 'shown' at 127.0.0.1:1")
})
