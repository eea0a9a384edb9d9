import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Cache } from '../../src/index.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { memoryDir } from '../../testing/temp-dir.ts'

describe('the life of a cache', () => {
  for (const memory of ['shared', 'private'] as const) {
    test(`after destroy the next to open it gets an empty one (${memory})`, t => {
      const options = { name: 'life', directory: memoryDir(t), memory }
      const first = Cache.open({ ...options, maxItems: 10 })
      using second = Cache.open(options)
      first.set('k', 'old')
      first.destroy()
      assert.throws(() => Cache.open(options), { code: 'UNDERCROFT_NO_SUCH_CACHE' })
      using fresh = Cache.open({ ...options, maxItems: 20 })
      assert.equal(fresh.get('k'), undefined)
      assert.equal(second.get('k'), 'old', 'those attached go on with what they have')
      first.destroy()
      using again = Cache.open(options) // a second destroy of the old one is none of this
      fresh.set('k', 'new')
      assert.equal(again.get('k'), 'new')
    })
  }

  test('opened and closed many times keeps its items and leaks no file', t => {
    const options = { name: 'life', directory: memoryDir(t), maxItems: 10 }
    using first = Cache.open(options)
    for (let i = 0; i < 500; i++) {
      using cache = Cache.open(options)
      assert.equal(cache.increment('n'), i + 1)
    }
    assert.equal(first.get('n'), 500)
  })

  test('a TTL is never taken for none, even at the beginning of Unix time', t => {
    const clock = new ManualClock()
    clock.advance(-clock.nowMs())
    using cache = Cache.open({ name: 'life', directory: memoryDir(t), maxItems: 10, clock })
    cache.set('k', 'v', { ttlMs: 0 })
    clock.advance(1)
    assert.equal(cache.get('k'), undefined)
  })
})
