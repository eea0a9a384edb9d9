/**
 * Faults of uWSGI's stores and restarts, and what happens here instead. known-faults-sync.test.ts
 * has those of its dumps and datagrams.
 */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { RemoteCache } from '../../src/client/index.ts'
import { Cache } from '../../src/index.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { serve } from '../../testing/serve-process.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'
import { CacheProcess, ownCache } from '../processes/cache-process.ts'

test('F13: an item from a store ends when it should, and its room comes back', t => {
  const clock = new ManualClock()
  const options = { name: 'a', store: join(tempDir(t), 'a.store'), maxItems: 5, clock, sweepMs: 0 }
  const before = Cache.open(options)
  before.set('short', 1, { ttlMs: 10_000 })
  before.set('long', 1, { ttlMs: 60_000 })
  before.close()
  clock.advance(9_999)
  using after = Cache.open(options)
  assert.equal(after.get('short'), 1)
  clock.advance(1)
  assert.equal(after.get('short'), undefined)
  assert.equal(after.sweep(), 1)
  assert.equal(after.ttlMs('long'), 50_000)
  assert.equal(after.stats().items, 1)
})

test('F17: after a restart from a store in bitmap mode, new items overwrite none', t => {
  const store = join(tempDir(t), 'a.store')
  const sizes = { maxItems: 20, bitmap: true, blockSize: 64, blocks: 60 }
  const options = { name: 'a', store, ...sizes, eviction: 'none' } as const
  const before = Cache.open(options)
  for (let i = 0; i < 10; i++) before.set(`k${i}`, String(i).repeat(150))
  for (const key of ['k3', 'k7']) before.delete(key)
  before.close()
  using after = Cache.open(options)
  for (let i = 0; i < 12; i++) assert.equal(after.set(`new${i}`, 'x'.repeat(150)), true)
  for (const i of [0, 1, 2, 4, 5, 6, 8, 9]) assert.equal(after.get(`k${i}`), String(i).repeat(150))
  assert.deepEqual(after.verify().problems, [])
})

describe('F38: a cache in memory', () => {
  test('is there for the next process when all that had it open are gone', async t => {
    const options = ownCache(t, { maxItems: 5 })
    const first = await CacheProcess.start(t, options)
    await first.call('set', 'k', { deep: ['value'] })
    await first.call('increment', 'n', 5)
    await first.kill()
    const second = await CacheProcess.start(t, options)
    assert.deepEqual(await second.call('get', 'k'), { deep: ['value'] })
    assert.equal(await second.call('increment', 'n', 1), 6)
  })

  test('with keep=1 is there when serve is started again', async t => {
    const cache2 = ['--instance', 'app', '--cache2', 'name=a,items=10,blocksize=64,keep=1']
    const args = [...cache2, '--directory', memoryDir(t)]
    const first = await serve(t, ...args)
    await using one = await RemoteCache.connect(`a@${first.address}`)
    await one.set('k', 'value')
    await first.service.stop()
    const second = await serve(t, ...args)
    await using two = await RemoteCache.connect(`a@${second.address}`)
    assert.equal(await two.get('k'), 'value')
  })
})
