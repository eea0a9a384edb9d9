/**
 * The promises of every cache. They are tested with shared memory, with private memory, and with
 * both ways of storing values.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Cache, type CacheOptions } from '../src/index.ts'
import { ManualClock } from './manual-clock.ts'
import { SAMPLE_VALUES } from './sample-values.ts'
import { processDir } from './temp-dir.ts'

export interface ContractSetting {
  /** The options of this kind of cache. The contract adds its own. */
  options(): Partial<CacheOptions>
}

const THREE = [
  ['a', 1],
  ['b', 2],
  ['c', 3],
] as const

const directory = processDir()
let serial = 0

export function describeCacheContract(name: string, setting: ContractSetting): void {
  function open<V = unknown>(options: Partial<CacheOptions> = {}) {
    const clock = new ManualClock()
    const cache = Cache.open<V>({
      name: `contract-${++serial}`,
      directory,
      maxItems: 10,
      clock,
      ...setting.options(),
      ...options,
    })
    return {
      cache,
      clock,
      [Symbol.dispose]() {
        assert.deepEqual(cache.verify().problems, [])
        cache.destroy()
      },
    }
  }

  describe(`${name} keeps the cache contract`, () => {
    test('what was set is got, in the kind it was', () => {
      using subject = open()
      const { cache } = subject
      for (const [index, value] of SAMPLE_VALUES.entries()) {
        const key = `key-${index % 10}`
        assert.equal(cache.set(key, value), true)
        assert.deepStrictEqual(cache.get(key), value)
      }
    })

    test('a key never set is a miss', () => {
      using subject = open()
      assert.equal(subject.cache.get('absent'), undefined)
      assert.equal(subject.cache.has('absent'), false)
      assert.equal(subject.cache.ttlMs('absent'), undefined)
      assert.equal(subject.cache.delete('absent'), false)
      assert.equal(subject.cache.touch('absent', 10), false)
    })

    test('add stores only what is absent, replace only what is there', () => {
      using subject = open()
      const { cache } = subject
      assert.equal(cache.replace('k', 1), false)
      assert.equal(cache.add('k', 2), true)
      assert.equal(cache.add('k', 3), false)
      assert.equal(cache.get('k'), 2)
      assert.equal(cache.replace('k', 4), true)
      assert.equal(cache.get('k'), 4)
    })

    test('text and its UTF-8 bytes are one key', () => {
      using subject = open()
      const { cache } = subject
      for (const key of ['plain', 'käse', '日本', '\0', 'x'.repeat(200), 'é'.repeat(100)]) {
        cache.set(key, key)
        assert.equal(cache.get(Buffer.from(key)), key)
        assert.equal(cache.delete(new Uint8Array(Buffer.from(key))), true)
      }
    })

    test('an item is gone at the moment it expires, not one millisecond later or earlier', () => {
      using subject = open()
      const { cache, clock } = subject
      cache.set('k', 'v', { ttlMs: 1000 })
      clock.advance(999)
      assert.equal(cache.get('k'), 'v')
      assert.equal(cache.ttlMs('k'), 1)
      clock.advance(1)
      assert.equal(cache.get('k'), undefined)
      assert.equal(cache.has('k'), false)
      assert.equal(cache.ttlMs('k'), undefined)
      assert.equal(cache.touch('k', 5000), false)
      assert.equal(cache.replace('k', 'w'), false)
      assert.deepEqual([...cache.keys()], [])
      assert.equal(cache.delete('k'), false)
    })

    test('an expired key can be added again', () => {
      using subject = open()
      const { cache, clock } = subject
      cache.set('k', 'old', { ttlMs: 10 })
      clock.advance(10)
      assert.equal(cache.add('k', 'new'), true)
      assert.equal(cache.get('k'), 'new')
      assert.equal(cache.ttlMs('k'), Infinity)
    })

    test('a counter that expired begins anew', () => {
      using subject = open()
      const { cache, clock } = subject
      assert.equal(cache.increment('hits', 5, { ttlMs: 100 }), 5)
      assert.equal(cache.increment('hits', 5, { ttlMs: 9999 }), 10)
      clock.advance(100)
      assert.equal(cache.increment('hits', 1, { ttlMs: 100 }), 1)
    })

    test('a set without a TTL ends an earlier one; touch gives a new one', () => {
      using subject = open()
      const { cache, clock } = subject
      for (const options of [{ ttlMs: 10 }, {}]) cache.set('k', 'v', options)
      assert.equal(cache.ttlMs('k'), Infinity)
      assert.equal(cache.touch('k', 50), true)
      assert.equal(cache.ttlMs('k'), 50)
      clock.advance(50)
      assert.equal(cache.has('k'), false)
    })

    test('counters start at initial, keep 64 bits, and wrap', () => {
      using subject = open()
      const { cache } = subject
      assert.equal(cache.increment('a'), 1)
      assert.equal(cache.increment('a', 41), 42)
      assert.equal(cache.decrement('a', 50), -8)
      assert.equal(cache.multiply('a', -3), 24)
      assert.equal(cache.divide('a', 5), 4)
      assert.equal(cache.divide('a', 0), 0)
      assert.equal(cache.increment('b', 1, { initial: 99 }), 100)
      const largest = 2n ** 63n - 1n
      assert.equal(cache.increment('c', 1n, { initial: largest }), -(2n ** 63n))
      assert.equal(cache.divide('c', -1n), -(2n ** 63n))
      assert.equal(cache.get('c'), -(2n ** 63n))
    })

    test('a number that could not hold the result is refused, and the value kept', () => {
      using subject = open()
      const { cache } = subject
      cache.set('n', Number.MAX_SAFE_INTEGER)
      assert.throws(() => cache.increment('n'), { code: 'UNDERCROFT_COUNTER_RANGE' })
      assert.equal(cache.get('n'), Number.MAX_SAFE_INTEGER)
      assert.equal(cache.increment('n', 1n), 2n ** 53n)
    })

    test('arithmetic on what is no counter is refused, and the value kept', () => {
      using subject = open()
      const { cache } = subject
      cache.set('text', '12345678')
      assert.throws(() => cache.increment('text'), { code: 'UNDERCROFT_NOT_A_COUNTER' })
      assert.equal(cache.get('text'), '12345678')
      cache.set('bytes', Buffer.from([7, 0, 0, 0, 0, 0, 0, 0]))
      assert.equal(cache.increment('bytes'), 8)
    })

    test('several are set and got in order', () => {
      using subject = open<number>()
      const { cache } = subject
      assert.equal(cache.setMany(THREE), 3)
      assert.deepEqual(cache.getMany(['c', 'absent', 'a']), [3, undefined, 1])
      assert.deepEqual(new Map(cache.entries()), new Map(THREE))
    })

    test('keys page by page come exactly once', () => {
      using subject = open({ maxItems: 100 })
      const { cache } = subject
      for (let i = 0; i < 50; i++) cache.set(`k${i}`, i)
      for (let i = 0; i < 50; i += 2) cache.delete(`k${i}`)
      const seen: string[] = []
      let cursor = 0
      do {
        const page = cache.keyPage(cursor, 7)
        assert.ok(page.keys.length <= 7)
        seen.push(...page.keys.map(String))
        cursor = page.next
      } while (cursor !== 0)
      const expected = Array.from({ length: 25 }, (_, i) => `k${2 * i + 1}`)
      assert.deepEqual(seen.sort(), expected.sort())
    })

    test('clear deletes everything and says how much', () => {
      using subject = open()
      const { cache } = subject
      cache.setMany(THREE)
      assert.equal(cache.clear(), 3)
      assert.equal(cache.clear(), 0)
      assert.deepEqual([...cache.keys()], [])
      cache.set('a', 3)
      assert.equal(cache.get('a'), 3)
    })

    test('after 10 sets into an LRU cache for 3, 3 remain: the ones used last', () => {
      using subject = open({ maxItems: 3, eviction: 'lru' })
      const { cache } = subject
      for (let i = 0; i < 10; i++) {
        cache.set(`k${i}`, i)
        if (i >= 2) cache.get('k0')
      }
      assert.deepEqual([...cache.keys()].sort(), ['k0', 'k8', 'k9'])
      assert.equal(cache.stats().evicted, 7)
    })

    test('an increment is a use of the counter', () => {
      using subject = open({ maxItems: 3, eviction: 'lru' })
      const { cache } = subject
      cache.setMany(THREE)
      cache.increment('a')
      cache.set('d', 4)
      assert.deepEqual([...cache.keys()].sort(), ['a', 'c', 'd'])
    })

    test('without eviction a full cache refuses, counts it, and keeps what it has', () => {
      using subject = open({ maxItems: 3, eviction: 'none' })
      const { cache, clock } = subject
      cache.setMany(THREE)
      assert.equal(cache.set('d', 4), false)
      assert.equal(cache.increment('e'), undefined)
      assert.equal(cache.add('f', 4), false)
      assert.equal(cache.set('a', 'changed'), true)
      assert.equal(cache.stats().full, 3)
      assert.deepEqual(cache.getMany(['a', 'b', 'c', 'd']), ['changed', 2, 3, undefined])
      cache.touch('b', 10)
      clock.advance(10)
      assert.equal(cache.set('d', 4), true, 'what expired makes room')
      assert.equal(cache.stats().expired, 1)
    })

    test('hits and misses are counted; has and entries count nothing', () => {
      using subject = open()
      const { cache } = subject
      cache.set('a', 1)
      cache.get('a')
      cache.get('b')
      cache.getMany(['a', 'c'])
      cache.has('a')
      cache.has('b')
      assert.equal([...cache.entries()].length, 1)
      const { hits, misses, items } = cache.stats()
      assert.deepEqual([hits, misses, items], [2, 2, 1])
    })

    test('bad keys, values and durations are refused by name, and nothing is lost', () => {
      using subject = open({ maxKeySize: 10 })
      const { cache } = subject
      cache.set('k', 'v')
      for (const key of ['', '12345678901', Buffer.alloc(0), 'é'.repeat(6), '\ud800']) {
        assert.throws(() => cache.set(key, 1), { code: 'UNDERCROFT_KEY_INVALID' })
        assert.throws(() => cache.get(key), { code: 'UNDERCROFT_KEY_INVALID' })
      }
      for (const key of [5, null, undefined, {}]) {
        assert.throws(() => cache.get(key as string), { code: 'UNDERCROFT_KEY_INVALID' })
      }
      for (const ttlMs of [-1, Number.NaN, '5']) {
        assert.throws(() => cache.set('k', 1, { ttlMs: ttlMs as number }), {
          code: 'UNDERCROFT_OPTION_INVALID',
        })
      }
      for (const value of [undefined, () => 1, Symbol('s')]) {
        assert.throws(() => cache.set('k', value), { code: 'UNDERCROFT_VALUE_UNSUPPORTED' })
      }
      assert.throws(() => cache.set('k', 'x'.repeat(cache.maxValueSize + 1)), {
        code: 'UNDERCROFT_VALUE_TOO_LARGE',
      })
      assert.equal(cache.get('k'), 'v')
    })

    test('a value of exactly the largest size fits', () => {
      using subject = open()
      const { cache } = subject
      const value = 'x'.repeat(cache.maxValueSize)
      assert.equal(cache.set('k', value), true)
      assert.equal(cache.get('k'), value)
    })

    test('a closed cache says so', () => {
      using subject = open()
      const other = Cache.open({ name: subject.cache.name, directory, ...setting.options() })
      other.close()
      other.close()
      assert.throws(() => other.get('k'), { code: 'UNDERCROFT_CLOSED' })
      assert.throws(() => other.set('k', 1), { code: 'UNDERCROFT_CLOSED' })
      assert.throws(() => [...other.keys()], { code: 'UNDERCROFT_CLOSED' })
    })
  })
}
