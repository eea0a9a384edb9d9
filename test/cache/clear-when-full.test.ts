import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import type { Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'

const clock = new ManualClock()

function open(t: Scope, options: Partial<CacheOptions> = {}): Cache {
  return Cache.open({
    name: 'a',
    maxItems: 4,
    bitmap: false,
    directory: memoryDir(t),
    clock,
    eviction: 'clear',
    sweepMs: 0,
    ...options,
  })
}

function fill(cache: Cache, count: number, value: unknown = 'v', ttlMs = Infinity): void {
  for (let i = 0; i < count; i++) assert.equal(cache.set(`k${i}`, value, { ttlMs }), true)
}

describe('a cache that clears itself when it is full', () => {
  test('deletes everything once, stores what came, and counts both', t => {
    using cache = open(t)
    fill(cache, 4)
    assert.equal(cache.set('new', 1), true)
    assert.deepEqual([...cache.keys()], ['new'])
    const { full, evicted, items } = cache.stats()
    assert.deepEqual({ full, evicted, items }, { full: 1, evicted: 4, items: 1 })
    assert.deepEqual(cache.verify().problems, [])
  })

  test('does so for a counter and for add, but not for what is there already', t => {
    using cache = open(t)
    fill(cache, 4)
    assert.equal(cache.add('k0', 'other'), false)
    assert.equal(cache.set('k0', 'other'), true)
    assert.equal(cache.stats().items, 4)
    assert.equal(cache.increment('n'), 1)
    assert.deepEqual([...cache.keys()], ['n'])
    fill(cache, 3)
    assert.equal(cache.add('new', 1), true)
    assert.deepEqual([...cache.keys()], ['new'])
  })

  test('takes what has expired first, and keeps the rest if that is enough', t => {
    using cache = open(t)
    fill(cache, 3)
    cache.set('short', 1, { ttlMs: 10 })
    clock.advance(10)
    assert.equal(cache.set('new', 1), true)
    assert.equal(cache.stats().items, 4)
    assert.equal(cache.stats().full, 0)
  })

  test('makes room for a value that needs many blocks', t => {
    using cache = open(t, { maxItems: 20, bitmap: true, blockSize: 10, blocks: 20 })
    fill(cache, 10, 'x'.repeat(20))
    assert.equal(cache.set('large', 'y'.repeat(200)), true)
    assert.deepEqual([...cache.keys()], ['large'])
    assert.equal(cache.get('large'), 'y'.repeat(200))
    assert.deepEqual(cache.verify().problems, [])
  })

  test('never deletes the item that an update is about, nor loses it', t => {
    using cache = open(t, { maxItems: 20, bitmap: true, blockSize: 10, blocks: 20 })
    fill(cache, 10, 'x'.repeat(20))
    assert.equal(cache.set('k3', 'y'.repeat(200)), true)
    assert.deepEqual([...cache.keys()], ['k3'])
    assert.equal(cache.get('k3'), 'y'.repeat(200))
    assert.equal(cache.set('k3', 'z'.repeat(200)), true)
    assert.deepEqual(cache.verify().problems, [])
  })

  test('is one for all who have it open, and for none who ask for something else', t => {
    const directory = memoryDir(t)
    using cache = open(t, { directory })
    using other = Cache.open({ name: 'a', directory })
    fill(other, 5)
    assert.deepEqual([...cache.keys()], ['k4'])
    assert.throws(() => open(t, { directory, eviction: 'none' }), {
      code: 'UNDERCROFT_GEOMETRY_MISMATCH',
      message: /eviction/,
    })
  })
})
