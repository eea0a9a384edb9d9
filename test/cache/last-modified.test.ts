import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import type { Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'

const clock = new ManualClock()

function open(t: Scope, options: Partial<CacheOptions> = {}): Cache {
  const sizes = { maxItems: 3, eviction: 'none', sweepMs: 0 } as const
  return Cache.open({ name: 'a', ...sizes, directory: memoryDir(t), clock, ...options })
}

/** @returns whether the call changed the moment of the last change, to now */
function changes(cache: Cache, act: () => unknown): boolean {
  clock.advance(1000)
  const before = cache.stats().lastModifiedAtMs
  act()
  const after = cache.stats().lastModifiedAtMs
  assert.ok(after === before || after === clock.nowMs())
  return after !== before
}

describe('the moment of the last change', () => {
  test('is that of the last set, count, touch, delete or clear that changed something', t => {
    using cache = open(t, { lastModified: true })
    assert.equal(cache.stats().lastModifiedAtMs, 0, 'nothing happened yet')
    const acts: readonly (() => unknown)[] = [
      () => cache.set('k', 1),
      () => cache.set('k', 1),
      () => cache.add('new', 'x', { ttlMs: 5000 }),
      () => cache.replace('new', 'y'),
      () => cache.increment('k'),
      () => cache.increment('n'),
      () => cache.touch('k', 100_000),
      () => cache.delete('new'),
      () => cache.clear(),
    ]
    for (const act of acts) assert.equal(changes(cache, act), true, String(act))
  })

  test('stays where nothing was changed', t => {
    using cache = open(t, { lastModified: true })
    for (const key of ['k', 'text', 'short']) cache.set(key, 'v', { ttlMs: 10 + key.length * 5000 })
    const acts: readonly (() => unknown)[] = [
      () => cache.add('k', 2),
      () => cache.replace('absent', 2),
      () => cache.set('one', 'too many'),
      () => cache.delete('absent'),
      () => cache.touch('absent', 5),
      () => assert.throws(() => cache.increment('text')),
      () => cache.increment('absent', 1, { onlyPresent: true }),
      () => [cache.get('k'), cache.has('k'), [...cache.keys()], cache.verify()],
    ]
    for (const act of acts) assert.equal(changes(cache, act), false, String(act))
    clock.advance(100_000)
    assert.equal(
      changes(cache, () => cache.sweep()),
      false,
      'what expired was gone already',
    )
    assert.equal(
      changes(cache, () => cache.clear()),
      false,
      'of what is empty',
    )
  })

  test('is kept for all as soon as one opener asks, and told to all', t => {
    const directory = memoryDir(t)
    using silent = open(t, { directory })
    silent.set('k', 1)
    assert.equal(silent.stats().lastModifiedAtMs, 0)
    using _asking = open(t, { directory, lastModified: true })
    assert.equal(silent.stats().lastModifiedAtMs, 0)
    silent.set('k', 2)
    assert.equal(silent.stats().lastModifiedAtMs, clock.nowMs())
    using _again = open(t, { directory, lastModified: true })
    assert.equal(silent.stats().lastModifiedAtMs, clock.nowMs())
  })
})
