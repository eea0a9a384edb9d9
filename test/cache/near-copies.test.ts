import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { REPLICATION } from '../../src/base/index.ts'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { ManualClock } from '../../testing/manual-clock.ts'

let opened = 0

/** Opens two caches of one name. The second changes items that the first keeps copies of. */
function openTwice<V>(t: TestContext, options: Partial<CacheOptions> = {}): [Cache<V>, Cache<V>] {
  const name = `near-${process.pid}-${++opened}`
  const all: CacheOptions = {
    name,
    maxItems: 64,
    eviction: 'lru',
    memory: 'private',
    ...options,
  }
  const pair: [Cache<V>, Cache<V>] = [Cache.open<V>(all), Cache.open<V>(all)]
  t.after(() => {
    for (const cache of pair) cache.close()
  })
  return pair
}

/** Reads the item so often that the cache keeps a copy. */
function readOften<V>(cache: Cache<V>, key: string): V | undefined {
  for (let i = 0; i < 3; i++) cache.get(key)
  return cache.get(key)
}

describe('a near copy is never stale', () => {
  const changes: readonly [string, (cache: Cache<unknown>) => void, unknown][] = [
    ['set', cache => cache.set('k', 'new'), 'new'],
    ['set to another kind of value', cache => cache.set('k', 7), 7],
    ['replace', cache => cache.replace('k', 'new'), 'new'],
    ['delete', cache => cache.delete('k'), undefined],
    ['clear', cache => cache.clear(), undefined],
    ['the deletion of its tag', cache => cache.deleteTag('tag'), undefined],
    ['the soft deletion of its tag', cache => cache.deleteTag('tag', { soft: true }), undefined],
    ['touch with no time left', cache => cache.touch('k', 0), undefined],
    [
      'delete and add',
      cache => {
        cache.delete('k')
        cache.add('k', 'new')
      },
      'new',
    ],
    [
      'eviction',
      cache => {
        for (let i = 0; i < 64; i++) cache.set(`other-${i}`, i)
      },
      undefined,
    ],
  ]
  for (const [what, change, expected] of changes) {
    for (const bitmap of [true, false]) {
      test(`after ${what} by another (${bitmap ? 'bitmap' : 'one block'})`, t => {
        const [here, there] = openTwice<unknown>(t, { bitmap })
        there.set('k', 'old', { tags: ['tag'] })
        assert.equal(readOften(here, 'k'), 'old')
        change(there)
        assert.equal(here.get('k'), expected)
        assert.equal(readOften(here, 'k'), expected)
      })
    }
  }

  test('after an increment by another', t => {
    const [here, there] = openTwice<number>(t)
    there.set('n', 1)
    assert.equal(readOften(here, 'n'), 1)
    for (let i = 2; i < 50; i++) {
      there.increment('n')
      assert.equal(here.get('n'), i)
    }
  })

  test('from the millisecond the item expires, and again with a later end', t => {
    const clock = new ManualClock()
    const [here, there] = openTwice<string>(t, { clock })
    there.set('k', 'v', { ttlMs: 10 })
    assert.equal(readOften(here, 'k'), 'v')
    there.touch('k', 20)
    clock.advance(19)
    assert.equal(readOften(here, 'k'), 'v')
    clock.advance(1)
    assert.equal(here.get('k'), undefined)
  })

  test('after the cache was destroyed under it and made anew', t => {
    const [here, there] = openTwice<string>(t)
    there.set('k', 'old')
    assert.equal(readOften(here, 'k'), 'old')
    here.close()
    assert.throws(() => here.get('k'), { code: 'UNDERCROFT_CLOSED' })
  })
})

describe('a set of a key that has a near copy', () => {
  for (const bitmap of [true, false]) {
    const mode = bitmap ? 'bitmap' : 'one block'
    test(`is seen by all, and gives what was set, whatever its kind (${mode})`, t => {
      const values = ['b', 'ü', '\ud800', 7, -0, 1.5, 2n ** 40n, { a: [1] }, null, Buffer.from('b')]
      const [here, there] = openTwice<unknown>(t, { bitmap, near: { objects: false } })
      for (const value of values) {
        here.set('k', 'before')
        assert.equal(readOften(here, 'k'), 'before')
        assert.equal(here.set('k', value), true)
        assert.deepEqual(there.get('k'), value)
        const plain = there.get('k')
        for (let i = 0; i < 3; i++) assert.deepEqual(here.get('k'), plain)
      }
      assert.deepEqual(here.verify().problems, [])
    })

    test(`finds the item again when others in its chain have changed (${mode})`, t => {
      const [here, there] = openTwice<unknown>(t, { bitmap, maxItems: 8, hash: 'djb33x' })
      for (let round = 0; round < 200; round++) {
        const key = `k${round % 5}`
        readOften(here, key)
        if (round % 3 === 0) there.set(`k${(round + 1) % 5}`, round)
        if (round % 7 === 0) there.delete(key)
        if (round % 11 === 0) there.clear()
        assert.equal(here.set(key, `of ${round}`), true)
        for (const cache of [here, there]) assert.equal(cache.get(key), `of ${round}`)
        assert.deepEqual(here.verify().problems, [])
      }
    })

    test(`ends when it says, and no longer where none is said (${mode})`, t => {
      const clock = new ManualClock()
      const [here] = openTwice<string>(t, { bitmap, clock })
      here.set('k', 'a')
      readOften(here, 'k')
      here.set('k', 'b', { ttlMs: 100 })
      assert.equal(here.get('k'), 'b')
      assert.equal(here.ttlMs('k'), 100)
      clock.advance(100)
      assert.equal(here.get('k'), undefined)
      here.set('k', 'c', { ttlMs: 100 })
      readOften(here, 'k')
      here.set('k', 'd')
      clock.advance(1000)
      assert.equal(here.get('k'), 'd')
      assert.equal(here.ttlMs('k'), Infinity)
    })
  }

  test('is told to who observes, and refused when it is too large, with nothing lost', t => {
    const [here] = openTwice<string>(t, { bitmap: false, blockSize: 64 })
    here.set('k', 'old')
    readOften(here, 'k')
    assert.throws(() => here.set('k', 'x'.repeat(65)), { code: 'UNDERCROFT_VALUE_TOO_LARGE' })
    assert.equal(here.get('k'), 'old')
    const told: string[] = []
    const stop = here[REPLICATION].observe(change => told.push(`${change.kind} ${change.key}`))
    here.set('k', 'new')
    stop()
    assert.deepEqual(told, ['set k'])
  })

  test('changes nothing when there is no room and nothing may be evicted', t => {
    const [here, there] = openTwice<string>(t, {
      maxItems: 2,
      eviction: 'none',
      blockSize: 64,
      blocks: 3,
    })
    here.set('k', 'old')
    readOften(here, 'k')
    there.set('other', 'x'.repeat(128))
    assert.equal(here.set('k', 'y'.repeat(128)), false)
    for (const cache of [here, there]) assert.equal(cache.get('k'), 'old')
  })
})

describe('what is kept', () => {
  test('reads of it count as hits, and keep the item from being evicted', t => {
    const [here, there] = openTwice<string>(t, { maxItems: 4 })
    there.set('hot', 'v')
    readOften(here, 'hot')
    const { hits } = here.stats()
    for (let i = 0; i < 20; i++) {
      assert.equal(here.get('hot'), 'v')
      there.set(`cold-${i}`, 'v')
    }
    assert.equal(here.stats().hits, hits + 20)
  })

  test('objects are the caller’s own unless asked for, and then frozen through and through', t => {
    const [plain, sharing] = openTwice<{ list: { n: number }[] }>(t)
    plain.set('k', { list: [{ n: 1 }] })
    const first = readOften(plain, 'k')
    first?.list.push({ n: 2 })
    assert.deepEqual(plain.get('k'), { list: [{ n: 1 }] })
    using frozen = Cache.open<{ list: { n: number }[] }>({
      name: sharing.name,
      memory: 'private',
      near: { objects: true },
    })
    const value = readOften(frozen, 'k')
    assert.throws(() => value?.list.push({ n: 2 }), TypeError)
    assert.throws(() => Object.assign(value?.list[0] ?? {}, { n: 2 }), TypeError)
    assert.equal(frozen.get('k'), value, 'one object for all')
    plain.set('k', { list: [] })
    assert.deepEqual(frozen.get('k'), { list: [] })
  })

  test('with objects asked for, every way to read gives them frozen, the first read too', t => {
    const [cache] = openTwice<object>(t, { near: { objects: true } })
    cache.set('k', { a: 1 })
    const read = [cache.get('k'), cache.get(Buffer.from('k')), ...cache.getMany(['k'])]
    for (const value of [...read, ...Array.from(cache.entries(), ([, value]) => value)]) {
      assert.ok(Object.isFrozen(value))
    }
  })

  test('bytes are copies unless asked for', t => {
    const [plain] = openTwice<Buffer>(t)
    plain.set('k', Buffer.from('abc'))
    readOften(plain, 'k')?.fill(0)
    assert.equal(String(plain.get('k')), 'abc')
    const [sharing] = openTwice<Buffer>(t, { near: { buffers: true } })
    sharing.set('k', Buffer.from('abc'))
    assert.equal(readOften(sharing, 'k'), sharing.get('k'))
  })

  test('what only V8 can keep is the caller’s own, whatever was asked for', t => {
    const [cache] = openTwice<Map<string, number>>(t, { near: { objects: true, buffers: true } })
    cache.set('k', new Map([['a', 1]]))
    readOften(cache, 'k')?.set('a', 2)
    assert.deepEqual(cache.get('k'), new Map([['a', 1]]))
  })

  test('near: false keeps nothing, and bad options are refused by name', t => {
    const [cache] = openTwice<object>(t, { near: false })
    cache.set('k', { a: 1 })
    assert.notEqual(readOften(cache, 'k'), cache.get('k'))
    const bad: readonly [unknown, RegExp][] = [
      [true, /near must be false or an object/],
      [{ maxItems: 0 }, /near\.maxItems must be/],
      [{ maxSize: -1 }, /near\.maxSize must be/],
      [{ objects: 1 }, /near\.objects must be/],
      [{ size: 1 }, /size/],
    ]
    for (const [near, message] of bad) {
      const options = { name: cache.name, memory: 'private', near } as CacheOptions
      assert.throws(() => Cache.open(options), { code: 'UNDERCROFT_OPTION_INVALID', message })
    }
  })
})
