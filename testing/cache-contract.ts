/**
 * The promises of every cache. They are tested with shared memory, with private memory, with both
 * ways of storing values, and with a remote cache. Every answer is awaited, because a remote cache
 * answers by promise.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CacheOptions } from '../src/index.ts'
import { all, EXCEPTION_CHECKS, isPortable, refuses } from './contract-exceptions.ts'
import type { ContractExceptions, ContractSetting } from './contract-settings.ts'
import { SAMPLE_VALUES } from './sample-values.ts'

const THREE = Object.entries({ a: 1, b: 2, c: 3 })

export function describeCacheContract(name: string, setting: ContractSetting): void {
  const { exceptions } = setting
  const momentOfEnd =
    'an item is gone at the moment it expires, not one millisecond later or earlier'
  const open = <V = unknown>(options: Partial<CacheOptions> = {}) => setting.open<V>(options)

  describe(`${name} keeps the cache contract`, () => {
    test('what was set is got, in the kind it was', async () => {
      await using subject = await open()
      const { cache } = subject
      const keepsAll = exceptions.keepsStructuredValues === undefined
      const values = keepsAll ? SAMPLE_VALUES : SAMPLE_VALUES.filter(isPortable)
      for (const [index, value] of values.entries()) {
        const key = `key-${index % 10}`
        assert.equal(await cache.set(key, value), true)
        assert.deepStrictEqual(await cache.get(key), value)
      }
    })

    test('a key never set is a miss', async () => {
      await using subject = await open()
      assert.equal(await subject.cache.get('absent'), undefined)
      assert.equal(await subject.cache.has('absent'), false)
      assert.equal(await subject.cache.ttlMs('absent'), undefined)
      assert.equal(await subject.cache.delete('absent'), false)
      assert.equal(await subject.cache.touch('absent', 10), false)
    })

    test('add stores only what is absent, replace only what is there', async () => {
      await using subject = await open()
      const { cache } = subject
      assert.equal(await cache.replace('k', 1), false)
      assert.equal(await cache.add('k', 2), true)
      assert.equal(await cache.add('k', 3), false)
      assert.equal(await cache.get('k'), 2)
      assert.equal(await cache.replace('k', 4), true)
      assert.equal(await cache.get('k'), 4)
    })

    test('text and its UTF-8 bytes are one key', async () => {
      await using subject = await open()
      const { cache } = subject
      for (const key of ['plain', 'käse', '日本', '\0', 'x'.repeat(200), 'é'.repeat(100)]) {
        await cache.set(key, key)
        assert.equal(await cache.get(Buffer.from(key)), key)
        assert.equal(await cache.delete(new Uint8Array(Buffer.from(key))), true)
      }
    })

    test(momentOfEnd, async () => {
      await using subject = await open()
      const { cache, clock } = subject
      await cache.set('k', 'v', { ttlMs: 1000 })
      clock.advance(999)
      assert.equal(await cache.get('k'), 'v')
      assert.equal(await cache.ttlMs('k'), 1)
      clock.advance(1)
      assert.equal(await cache.get('k'), undefined)
      assert.equal(await cache.has('k'), false)
      assert.equal(await cache.ttlMs('k'), undefined)
      assert.equal(await cache.touch('k', 5000), false)
      assert.equal(await cache.replace('k', 'w'), false)
      assert.deepEqual(await all(cache.keys()), [])
      assert.equal(await cache.delete('k'), false)
    })

    test('an expired key can be added again', async () => {
      await using subject = await open()
      const { cache, clock } = subject
      await cache.set('k', 'old', { ttlMs: 10 })
      clock.advance(10)
      assert.equal(await cache.add('k', 'new'), true)
      assert.equal(await cache.get('k'), 'new')
      assert.equal(await cache.ttlMs('k'), Infinity)
    })

    test('a counter that expired begins anew', async () => {
      await using subject = await open()
      const { cache, clock } = subject
      assert.equal(await cache.increment('hits', 5, { ttlMs: 100 }), 5)
      assert.equal(await cache.increment('hits', 5, { ttlMs: 9999 }), 10)
      clock.advance(100)
      assert.equal(await cache.increment('hits', 1, { ttlMs: 100 }), 1)
    })

    test('a set without a TTL ends an earlier one; touch gives a new one', async () => {
      await using subject = await open()
      const { cache, clock } = subject
      for (const options of [{ ttlMs: 10 }, {}]) await cache.set('k', 'v', options)
      assert.equal(await cache.ttlMs('k'), Infinity)
      assert.equal(await cache.touch('k', 50), true)
      assert.equal(await cache.ttlMs('k'), 50)
      clock.advance(50)
      assert.equal(await cache.has('k'), false)
    })

    test('counters start at initial, keep 64 bits, and wrap', async () => {
      await using subject = await open()
      const { cache } = subject
      assert.equal(await cache.increment('a'), 1)
      assert.equal(await cache.increment('a', 41), 42)
      assert.equal(await cache.decrement('a', 50), -8)
      assert.equal(await cache.multiply('a', -3), 24)
      assert.equal(await cache.divide('a', 5), 4)
      assert.equal(await cache.divide('a', 0), 0)
      assert.equal(await cache.increment('b', 1, { initial: 99 }), 100)
      const largest = 2n ** 63n - 1n
      assert.equal(await cache.increment('c', 1n, { initial: largest }), -(2n ** 63n))
      assert.equal(await cache.divide('c', -1n), -(2n ** 63n))
      assert.equal(await cache.get('c'), -(2n ** 63n))
    })

    test('a number that could not hold the result is refused, and the value kept', async () => {
      await using subject = await open()
      const { cache } = subject
      await cache.set('n', Number.MAX_SAFE_INTEGER)
      await refuses(() => cache.increment('n'), 'UNDERCROFT_COUNTER_RANGE')
      assert.equal(await cache.get('n'), Number.MAX_SAFE_INTEGER)
      assert.equal(await cache.increment('n', 1n), 2n ** 53n)
    })

    test('arithmetic on what is no counter is refused, and the value kept', async () => {
      await using subject = await open()
      const { cache } = subject
      await cache.set('text', '12345678')
      await refuses(() => cache.increment('text'), 'UNDERCROFT_NOT_A_COUNTER')
      assert.equal(await cache.get('text'), '12345678')
      await cache.set('bytes', Buffer.from([7, 0, 0, 0, 0, 0, 0, 0]))
      assert.equal(await cache.increment('bytes'), 8)
    })

    test('several are set and got in order', async () => {
      await using subject = await open<number>()
      const { cache } = subject
      assert.equal(await cache.setMany(THREE), 3)
      assert.deepEqual(await cache.getMany(['c', 'absent', 'a']), [3, undefined, 1])
      assert.deepEqual(new Map(await all(cache.entries())), new Map(THREE))
    })

    test('keys page by page come exactly once', async () => {
      await using subject = await open({ maxItems: 100 })
      const { cache } = subject
      for (let i = 0; i < 50; i++) await cache.set(`k${i}`, i)
      for (let i = 0; i < 50; i += 2) await cache.delete(`k${i}`)
      const seen: string[] = []
      let cursor = 0
      do {
        const page = await cache.keyPage(cursor, 7)
        assert.ok(page.keys.length <= 7)
        seen.push(...page.keys.map(String))
        cursor = page.next
      } while (cursor !== 0)
      const expected = Array.from({ length: 25 }, (_, i) => `k${2 * i + 1}`)
      assert.deepEqual(seen.sort(), expected.sort())
    })

    test('clear deletes everything and says how much', async () => {
      await using subject = await open()
      const { cache } = subject
      await cache.setMany(THREE)
      const counts = exceptions.countsCleared === undefined ? [3, 0] : [undefined, undefined]
      assert.deepEqual([await cache.clear(), await cache.clear()], counts)
      assert.deepEqual(await all(cache.keys()), [])
      await cache.set('a', 3)
      assert.equal(await cache.get('a'), 3)
    })

    test('after 10 sets into an LRU cache for 3, 3 remain: the ones used last', async () => {
      await using subject = await open({ maxItems: 3, eviction: 'lru' })
      const { cache } = subject
      for (let i = 0; i < 10; i++) {
        await cache.set(`k${i}`, i)
        if (i >= 2) await cache.get('k0')
      }
      assert.deepEqual((await all(cache.keys())).sort(), ['k0', 'k8', 'k9'])
      assert.equal((await cache.stats()).evicted, 7)
    })

    test('an increment is a use of the counter', async () => {
      await using subject = await open({ maxItems: 3, eviction: 'lru' })
      const { cache } = subject
      await cache.setMany(THREE)
      await cache.increment('a')
      await cache.set('d', 4)
      assert.deepEqual((await all(cache.keys())).sort(), ['a', 'c', 'd'])
    })

    test('without eviction a full cache refuses, counts it, and keeps what it has', async () => {
      await using subject = await open({ maxItems: 3, eviction: 'none' })
      const { cache, clock } = subject
      await cache.setMany(THREE)
      assert.equal(await cache.set('d', 4), false)
      assert.equal(await cache.increment('e'), undefined)
      assert.equal(await cache.add('f', 4), false)
      assert.equal(await cache.set('a', 'changed'), true)
      assert.equal((await cache.stats()).full, 3)
      assert.deepEqual(await cache.getMany(['a', 'b', 'c', 'd']), ['changed', 2, 3, undefined])
      await cache.touch('b', 10)
      clock.advance(10)
      assert.equal(await cache.set('d', 4), true, 'what expired makes room')
      assert.equal((await cache.stats()).expired, 1)
    })

    test('hits and misses are counted; has and entries count nothing', async () => {
      await using subject = await open()
      const { cache } = subject
      await cache.set('a', 1)
      await cache.get('a')
      await cache.get('b')
      await cache.getMany(['a', 'c'])
      await cache.has('a')
      await cache.has('b')
      if (exceptions.iteratesUncounted === undefined) {
        assert.equal((await all(cache.entries())).length, 1)
      }
      const { hits, misses, items } = await cache.stats()
      assert.deepEqual([hits, misses, items], [2, 2, 1])
    })

    test('bad keys, values and durations are refused by name, and nothing is lost', async () => {
      await using subject = await open({ maxKeySize: 10 })
      const { cache, maxValueSize } = subject
      await cache.set('k', 'v')
      const tooLong = ['12345678901', 'é'.repeat(6)]
      for (const key of ['', Buffer.alloc(0), '\ud800', ...tooLong]) {
        await refuses(() => cache.set(key, 1), 'UNDERCROFT_KEY_INVALID')
        if (tooLong.includes(key as string) && exceptions.refusesLongKeysInReads) continue
        await refuses(() => cache.get(key), 'UNDERCROFT_KEY_INVALID')
      }
      for (const key of [5, null, undefined, {}]) {
        await refuses(() => cache.get(key as string), 'UNDERCROFT_KEY_INVALID')
      }
      for (const ttlMs of [-1, Number.NaN, '5']) {
        await refuses(
          () => cache.set('k', 1, { ttlMs: ttlMs as number }),
          'UNDERCROFT_OPTION_INVALID',
        )
      }
      for (const value of [undefined, () => 1, Symbol('s')]) {
        await refuses(() => cache.set('k', value), 'UNDERCROFT_VALUE_UNSUPPORTED')
      }
      const tooLarge = 'x'.repeat(maxValueSize + 1)
      await refuses(() => cache.set('k', tooLarge), 'UNDERCROFT_VALUE_TOO_LARGE')
      assert.equal(await cache.get('k'), 'v')
    })

    test('a value of exactly the largest size fits', async () => {
      await using subject = await open()
      const { cache } = subject
      const value = 'x'.repeat(subject.maxValueSize)
      assert.equal(await cache.set('k', value), true)
      assert.equal(await cache.get('k'), value)
    })

    test('a closed cache says so', async () => {
      await using subject = await open()
      const other = subject.openAgain()
      await other.close()
      await other.close()
      await refuses(() => other.get('k'), 'UNDERCROFT_CLOSED')
      await refuses(() => other.set('k', 1), 'UNDERCROFT_CLOSED')
      await refuses(() => all(other.keys()), 'UNDERCROFT_CLOSED')
    })

    if (exceptions.answersAtOnce === undefined) {
      test('answers and refusals come at once', async () => {
        await using subject = await open()
        const { cache } = subject
        assert.equal(cache.set('k', 'v'), true)
        assert.equal(cache.get('k'), 'v')
        assert.equal(cache.increment('n'), 1)
        assert.throws(() => cache.get(''), { code: 'UNDERCROFT_KEY_INVALID' })
        assert.throws(() => cache.increment('k'), { code: 'UNDERCROFT_NOT_A_COUNTER' })
        assert.throws(() => cache.set('k', undefined), { code: 'UNDERCROFT_VALUE_UNSUPPORTED' })
      })
    }

    for (const [promise, why] of Object.entries(exceptions)) {
      test(`except that ${why}`, async () => {
        await using subject = await open()
        await EXCEPTION_CHECKS[promise as keyof ContractExceptions](subject.cache)
      })
    }
  })
}
