/**
 * The promises of every cache of this machine beyond those of any cache: groups, versions, loads,
 * locks and iteration in steps. They are tested with all modes, and with namespaces.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Cache, CacheNamespace, CacheOptions } from '../src/index.ts'
import { until } from './deadline.ts'
import type { ManualClock } from './manual-clock.ts'

/** The methods that a cache and a namespace of it share, without those of its end. */
type LocalCache = Pick<
  CacheNamespace,
  {
    [K in keyof CacheNamespace]: K extends keyof Cache ? K : never
  }[keyof CacheNamespace]
>

export interface LocalSubject extends Disposable {
  readonly cache: Omit<LocalCache, 'clear' | 'namespace'>
  /** The cache that the subject is a part of, or the subject. */
  readonly whole: Cache
  readonly clock: ManualClock
}

export interface LocalSetting {
  open(options?: Partial<CacheOptions>): LocalSubject
}

export function describeLocalContract(name: string, { open }: LocalSetting): void {
  describe(`${name} keeps the contract of local caches`, () => {
    groups(open)
    versions(open)
    loads(open)
    pinsAndLocks(open)
    iteration(open)
  })
}

type Open = LocalSetting['open']

function groups(open: Open): void {
  test('a deleted tag takes all its items, read before or not, and no others', () => {
    using subject = open()
    const { cache, whole } = subject
    cache.set('a', 1, { tags: ['x'] })
    cache.set('b', 2, { tags: ['y', 'x'] })
    cache.set('c', 3, { tags: ['y'] })
    for (let i = 0; i < 3; i++) assert.equal(cache.get('a'), 1) // a near copy by now
    whole.deleteTag('x')
    assert.deepEqual(cache.getMany(['a', 'b', 'c']), [undefined, undefined, 3])
    assert.equal(cache.set('a', 4, { tags: ['x'] }), true)
    assert.equal(cache.get('a'), 4)
  })

  test('an item of a tag that is deleted softly is stale, and a later one fresh', () => {
    using subject = open()
    const { cache, whole } = subject
    cache.set('a', 1, { tags: ['x'], ttlMs: 1000 })
    whole.deleteTag('x', { soft: true })
    assert.equal(cache.get('a'), undefined)
    assert.equal(cache.getEntry('a', { stale: true })?.value, 1)
    cache.set('a', 2, { tags: ['x'] })
    assert.equal(cache.getEntry('a')?.isStale, false)
  })

  test('counters have tags, and go with them', () => {
    using subject = open()
    const { cache, whole } = subject
    assert.equal(cache.increment('n', 2, { tags: ['x'] }), 2)
    assert.deepEqual(cache.tagsOf('n'), ['x'])
    whole.deleteTags(['w', 'x'])
    assert.equal(cache.increment('n'), 1)
  })
}

function versions(open: Open): void {
  test('an entry has its value, its end, its tags, and whether it is stale', () => {
    using subject = open()
    const { cache, clock } = subject
    const now = clock.nowMs()
    cache.set('k', 'v', { tags: ['x'], ttlMs: 10, staleMs: 20 })
    const { version, ...entry } = cache.getEntry('k') ?? assert.fail('no entry')
    const moments = { freshUntilMs: now + 10, expiresAtMs: now + 30 }
    assert.deepEqual(entry, { value: 'v', tags: ['x'], isStale: false, ...moments })
    clock.advance(10)
    assert.equal(cache.getEntry('k'), undefined)
    assert.equal(cache.getEntry('k', { stale: true })?.isStale, true)
    clock.advance(20)
    assert.equal(cache.getEntry('k', { stale: true }), undefined)
  })

  test('compareAndSet stores over the version that was read, and over nothing for 0', () => {
    using subject = open()
    const { cache } = subject
    assert.equal(cache.compareAndSet('k', 0, 'a'), true)
    assert.equal(cache.compareAndSet('k', 0, 'b'), false)
    const { version } = cache.getEntry('k') ?? assert.fail('no entry')
    assert.equal(cache.compareAndSet('k', version, 'b'), true)
    assert.equal(cache.compareAndSet('k', version, 'c'), false)
    assert.equal(cache.peek('k'), 'b')
  })

  test('update changes a value again if another writer came in between', () => {
    using subject = open()
    const { cache } = subject
    let calls = 0
    const result = cache.update('n', value => {
      if (++calls === 1) cache.set('n', 10)
      return Number(value ?? 0) + 1
    })
    assert.deepEqual([result, calls, cache.get('n')], [11, 2, 11])
  })

  test('deleteMany says how many live items it deleted', () => {
    using subject = open()
    const { cache } = subject
    cache.setMany(Object.entries({ a: 1, b: 2, c: 3 }))
    assert.equal(cache.deleteMany(['a', 'b', 'absent']), 2)
    assert.deepEqual([...cache.keys()], ['c'])
  })
}

function loads(open: Open): void {
  test('a missing value is loaded once for all callers, with what the load decides', async () => {
    using subject = open()
    const { cache, whole, clock } = subject
    let count = 0
    const load = async ({ setTtl, setTags }: Parameters<Parameters<Cache['getOrSet']>[1]>[0]) => {
      setTtl(50)
      setTags(['x'])
      return ++count
    }
    const asks = [1, 2, 3].map(() => cache.getOrSet('k', load))
    assert.deepEqual(await Promise.all(asks), [1, 1, 1])
    assert.equal(cache.ttlMs('k'), 50)
    whole.deleteTag('x')
    assert.equal(await cache.getOrSet('k', load), 2)
    clock.advance(50)
    assert.equal(await cache.getOrSet('k', load), 3)
  })

  test('a stale value is returned while it is loaded anew', async () => {
    using subject = open()
    const { cache, clock } = subject
    const options = { ttlMs: 10, staleMs: 1000 }
    await cache.getOrSet('k', () => 'old', options)
    clock.advance(10)
    assert.equal(await cache.getOrSet('k', () => 'new', options), 'old')
    await until('the new value', () => cache.get('k') === 'new')
  })

  test('a value whose tag was deleted during its load is returned, and not stored', async () => {
    using subject = open()
    const { cache, whole } = subject
    const load = () => {
      whole.deleteTag('x')
      return 'before'
    }
    assert.equal(await cache.getOrSet('k', load, { tags: ['x'] }), 'before')
    assert.equal(cache.has('k'), false)
  })

  test('missing keys are loaded in one call, and functions are memoized', async () => {
    using subject = open()
    const { cache } = subject
    cache.set('b', 'B')
    const calls: unknown[] = []
    const loadMany = (keys: readonly string[]) => {
      calls.push(keys)
      return keys.map(key => key.toUpperCase())
    }
    assert.deepEqual(await cache.getOrSetMany(['a', 'b', 'c'], loadMany), ['A', 'B', 'C'])
    assert.deepEqual(calls, [['a', 'c']])
    let computed = 0
    const square = cache.memoize((n: number) => ++computed && n * n, { key: n => `square ${n}` })
    assert.deepEqual([await square(3), await square(3), computed], [9, 9, 1])
  })
}

function pinsAndLocks(open: Open): void {
  test('a pinned item is not evicted while it lives', () => {
    using subject = open({ maxItems: 40 })
    const { cache, clock } = subject
    cache.set('pinned', 1, { pinned: true, ttlMs: 100 })
    for (let i = 0; i < 400; i++) cache.set(`other ${i}`, i)
    assert.equal(cache.get('pinned'), 1)
    clock.advance(100)
    assert.equal(cache.get('pinned'), undefined)
  })

  test('a lock has one holder at a time, and rising fencing numbers', async () => {
    using subject = open({ maxItems: 40 })
    const { cache } = subject
    const first = await cache.lock('job', { ttlMs: 1000 })
    assert.equal(first.isHeld, true)
    await assert.rejects(cache.lock('job', { ttlMs: 1000, waitMs: 0 }), {
      code: 'UNDERCROFT_LOCK_HELD',
    })
    assert.equal(first.release(), true)
    using second = await cache.lock('job', { ttlMs: 1000 })
    assert.ok(second.fencing > first.fencing)
    assert.deepEqual([first.isHeld, first.renew(), first.release()], [false, false, false])
    assert.equal(second.isHeld, true)
  })
}

function iteration(open: Open): void {
  test('keys, entries and scan yield the items whose keys begin with a prefix', async () => {
    using subject = open()
    const { cache } = subject
    cache.setMany(Object.entries({ 'a:1': 1, 'a:2': 2, 'b:1': 3 }))
    assert.deepEqual([...cache.keys({ prefix: 'a:' })].sort(), ['a:1', 'a:2'])
    assert.deepEqual([...cache.entries({ prefix: 'b' })], [['b:1', 3]])
    const scanned: [string, unknown][] = []
    for await (const entry of cache.scan({ prefix: 'a' })) scanned.push(entry)
    assert.deepEqual(Object.fromEntries(scanned), { 'a:1': 1, 'a:2': 2 })
  })
}
