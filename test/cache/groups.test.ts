import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { processDir } from '../../testing/temp-dir.ts'

const directory = processDir()
let opened = 0

function open<V = unknown>(t: TestContext, options: Partial<CacheOptions> = {}) {
  const clock = new ManualClock()
  const name = `groups-${++opened}`
  const cache = Cache.open<V>({ name, directory, maxItems: 100, clock, ...options })
  t.after(() => {
    assert.deepEqual(cache.verify().problems, [])
    cache.destroy()
  })
  return { cache, clock }
}

describe('entries', () => {
  test('tell what is known of an item, and a value from a miss', t => {
    const { cache, clock } = open(t)
    const now = clock.nowMs()
    assert.equal(cache.getEntry('k'), undefined)
    cache.set('k', null, { ttlMs: 10, staleMs: 20, tags: ['a', 'b', 'a'] })
    const { version, ...entry } = cache.getEntry('k') ?? {}
    assert.deepEqual(entry, {
      value: null,
      freshUntilMs: now + 10,
      expiresAtMs: now + 30,
      isStale: false,
      tags: ['a', 'b'],
    })
    assert.ok(Number.isSafeInteger(version))
    assert.deepEqual(cache.tagsOf('k'), ['a', 'b'])
    assert.equal(cache.tagsOf('absent'), undefined)
    cache.set('plain', 1)
    assert.deepEqual(cache.tagsOf('plain'), [])
    assert.equal(cache.getEntry('plain')?.expiresAtMs, Infinity)
    assert.equal(cache.getEntry('plain')?.freshUntilMs, Infinity)
  })

  test('count as get, while peek and tagsOf count nothing', t => {
    const { cache } = open(t)
    cache.set('k', 1)
    cache.getEntry('k')
    cache.getEntry('absent')
    cache.peek('k')
    cache.peek('absent')
    cache.tagsOf('k')
    const { hits, misses } = cache.stats()
    assert.deepEqual({ hits, misses }, { hits: 1, misses: 1 })
    assert.equal(cache.peek('k'), 1)
    assert.equal(cache.size, 1)
  })

  test('have options that are refused when misspelt', t => {
    const { cache } = open(t)
    const misspelt = { soft: true } as { stale?: boolean }
    assert.throws(() => cache.getEntry('k', misspelt), { code: 'UNDERCROFT_OPTION_INVALID' })
    const wrong = { stale: true } as { soft?: boolean }
    assert.throws(() => cache.deleteTag('t', wrong), { code: 'UNDERCROFT_OPTION_INVALID' })
    const number = { pinned: 1 } as unknown as { pinned: boolean }
    assert.throws(() => cache.set('k', 1, number), { code: 'UNDERCROFT_OPTION_INVALID' })
    assert.throws(() => cache.set('k', 1, { staleMs: -1 }), { code: 'UNDERCROFT_OPTION_INVALID' })
    assert.equal(cache.size, 0)
  })
})

describe('versions', () => {
  test('change with each store and count of an item, and not with a touch', t => {
    const { cache } = open(t)
    const seen = new Set<number | undefined>()
    const changes = [
      () => cache.set('k', 1),
      () => cache.set('k', 1),
      () => cache.increment('k'),
      () => cache.replace('k', 1),
      () => void (cache.delete('k') && cache.add('k', 1)),
      () => void (cache.clear() && cache.add('k', 1)),
    ]
    for (const change of changes) {
      change()
      const version = cache.getEntry('k')?.version
      assert.ok(!seen.has(version), `${version} is new`)
      seen.add(version)
      cache.touch('k', 1000)
      assert.equal(cache.getEntry('k')?.version, version)
    }
  })

  test('compareAndSet stores over the version that was read, and over no other', t => {
    const { cache } = open<number>(t)
    assert.equal(cache.compareAndSet('k', 0, 1), true)
    assert.equal(cache.compareAndSet('k', 0, 2), false)
    const version = cache.getEntry('k')?.version ?? 0
    assert.equal(cache.compareAndSet('k', version, 2), true)
    assert.equal(cache.compareAndSet('k', version, 3), false)
    assert.equal(cache.get('k'), 2)
    cache.delete('k')
    assert.equal(cache.compareAndSet('k', version, 3), false)
    assert.equal(cache.get('k'), undefined)
  })

  test('update changes a value in one step, although others write in between', t => {
    const { cache } = open<number>(t)
    assert.equal(
      cache.update('k', () => undefined),
      undefined,
    )
    assert.equal(
      cache.update('k', (value = 0) => value + 1),
      1,
    )
    let isFirst = true
    const result = cache.update('k', (value = 0) => {
      if (isFirst) cache.set('k', 10)
      isFirst = false
      return value + 1
    })
    assert.equal(result, 11)
    assert.equal(cache.get('k'), 11)
    assert.equal(
      cache.update('k', () => undefined),
      11,
    )
    const never = () =>
      cache.update('k', (value = 0) => {
        cache.set('k', value)
        return value + 1
      })
    assert.throws(never, { code: 'UNDERCROFT_CONTENDED', message: /"k" changed 1000 times/ })
  })
})

describe('groups of items', () => {
  test('go with their tags, softly as stale ones', t => {
    const { cache } = open(t)
    cache.setMany(Object.entries({ a: 1, b: 2 }), { tags: ['red', 'blue'] })
    cache.set('c', 3, { tags: ['green'] })
    cache.deleteTags(['blue', 'unknown'], { soft: true })
    assert.deepEqual(cache.getMany(['a', 'b', 'c']), [undefined, undefined, 3])
    assert.equal(cache.getEntry('a', { stale: true })?.isStale, true)
    assert.deepEqual([...cache.keys()], ['c'])
    cache.deleteTag('red')
    assert.equal(cache.getEntry('a', { stale: true }), undefined)
    assert.equal(cache.deleteMany(['a', 'c', 'absent']), 1)
  })

  test('of pinned items and counters are refused beyond an eighth', t => {
    const { cache } = open(t, { maxItems: 8 })
    assert.equal(cache.increment('n', 1, { pinned: true }), 1)
    assert.equal(cache.increment('n', 1, { pinned: true }), 2)
    for (const pin of [
      () => cache.set('k', 1, { pinned: true }),
      () => cache.increment('m', 1, { pinned: true }),
    ]) {
      assert.throws(pin, { code: 'UNDERCROFT_PINS_FULL', message: /an eighth/ })
    }
    assert.equal(cache.has('k'), false)
  })
})

describe('a load during which a tag is deleted', () => {
  for (const soft of [false, true]) {
    test(`returns its value, which nobody gets after it (${soft ? 'soft' : 'hard'})`, async t => {
      const { cache } = open<string>(t)
      const load = () => {
        cache.deleteTag('red', { soft })
        return 'old'
      }
      assert.equal(await cache.getOrSet('k', load, { tags: ['red'] }), 'old')
      assert.equal(cache.get('k'), undefined)
      assert.equal(await cache.getOrSet('k', () => 'new', { tags: ['red'] }), 'new')
      assert.equal(cache.get('k'), 'new')
    })
  }
})
