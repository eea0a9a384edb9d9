import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { until, within } from '../../testing/deadline.ts'
import { fail, hasCode, openWithClock, pendingLoad } from './loading-setting.ts'

const double = (missing: readonly string[]) => missing.map(key => key + key)

describe('getOrSetMany', () => {
  test('loads what is missing in one call, and returns all values in order', async t => {
    const { cache } = openWithClock(t)
    cache.set('b', 'there')
    const calls: (readonly string[])[] = []
    const load = (missing: readonly string[]) => {
      calls.push(missing)
      return double(missing)
    }
    const options = { ttlMs: 1000, tags: ['letters'] }
    const values = await cache.getOrSetMany(['a', 'b', 'c', 'a'], load, options)
    assert.deepEqual(values, ['aa', 'there', 'cc', 'aa'])
    assert.deepEqual(calls, [['a', 'c']])
    assert.deepEqual([cache.ttlMs('c'), cache.getEntry('c')?.tags], [1000, ['letters']])
    assert.deepEqual(await cache.getOrSetMany([], () => assert.fail('loaded')), [])
    assert.deepEqual([...cache.keys()].sort(), ['a', 'b', 'c'])
  })

  test('takes a Map, whose absent keys have no value and can be remembered', async t => {
    const { cache } = openWithClock<string | undefined>(t)
    const load = () => new Map([['a', 'from the map']])
    const options = { negativeTtlMs: 1000 }
    const expected = ['from the map', undefined]
    assert.deepEqual(await cache.getOrSetMany(['a', 'b'], load, options), expected)
    const none = () => assert.fail('loaded')
    assert.deepEqual(await cache.getOrSetMany(['a', 'b'], none, options), expected)
  })

  test('waits for keys that others load, and loads only the rest', async t => {
    const { cache } = openWithClock(t)
    const pending = pendingLoad()
    const one = cache.getOrSet('a', pending.load)
    await until('the load', () => pending.count > 0)
    const calls: (readonly string[])[] = []
    const many = cache.getOrSetMany(['a', 'b'], missing => {
      calls.push(missing)
      return double(missing)
    })
    await until('the rest', () => cache.has('b'))
    pending.finish('loaded alone')
    assert.deepEqual(await within('all', Promise.all([one, many])), [
      'loaded alone',
      ['loaded alone', 'bb'],
    ])
    assert.deepEqual(calls, [['b']])
  })

  test('returns stale values at once, and refreshes them in one call', async t => {
    const { cache, clock } = openWithClock(t)
    const options = { ttlMs: 1000, staleMs: 1000 }
    await cache.getOrSetMany(['a', 'b'], double, options)
    clock.advance(1000)
    let calls = 0
    const load = (missing: readonly string[]) => {
      calls++
      return missing.map(key => `new ${key}`)
    }
    assert.deepEqual(await cache.getOrSetMany(['a', 'b'], load, options), ['aa', 'bb'])
    await until('the new values', () => cache.get('a') === 'new a' && cache.get('b') === 'new b')
    assert.equal(calls, 1)
  })

  test('fails as its load fails, but for keys whose old value is kept', async t => {
    const { cache, clock, errors } = openWithClock(t)
    const options = { ttlMs: 1000, staleIfErrorMs: 1000 }
    await cache.getOrSetMany(['a', 'b'], double, options)
    clock.advance(1000)
    assert.deepEqual(await cache.getOrSetMany(['a', 'b'], () => fail('down'), options), [
      'aa',
      'bb',
    ])
    assert.equal(errors.length, 1)
    const failing = cache.getOrSetMany(['a', 'c'], () => fail('down'), options)
    await assert.rejects(failing, { message: 'down' })
  })

  test('lets the load decide for all that it loads, within its time', async t => {
    const { cache } = openWithClock(t)
    await cache.getOrSetMany(['a', 'b'], (missing, { setTtl, setTags }) => {
      setTtl(500)
      setTags(['decided'])
      return double(missing)
    })
    assert.deepEqual([cache.ttlMs('a'), cache.ttlMs('b')], [500, 500])
    assert.deepEqual(cache.getEntry('b')?.tags, ['decided'])
    await cache.getOrSetMany(['c', 'd'], (missing, { skip }) => {
      skip()
      return double(missing)
    })
    assert.equal(cache.has('c') || cache.has('d'), false)
    const signals: AbortSignal[] = []
    const hanging = cache.getOrSetMany(
      ['e', 'f'],
      (_, { signal }) => {
        signals.push(signal)
        return new Promise(() => {})
      },
      { timeoutMs: 30 },
    )
    await assert.rejects(hanging, hasCode('UNDERCROFT_LOAD_TIMEOUT'))
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true],
    )
  })

  test('refuses what cannot work', async t => {
    const { cache } = openWithClock(t)
    const isInvalid = hasCode('UNDERCROFT_OPTION_INVALID')
    await assert.rejects(
      cache.getOrSetMany(['a', 'b'], () => ['one']),
      isInvalid,
    )
    await assert.rejects(
      cache.getOrSetMany(['a'], () => 'a' as unknown as string[]),
      isInvalid,
    )
    await assert.rejects(cache.getOrSetMany(['a'], 'x' as unknown as typeof double), isInvalid)
    await assert.rejects(cache.getOrSetMany(['a', ''], double), hasCode('UNDERCROFT_KEY_INVALID'))
  })
})

describe('memoize', () => {
  test('computes the result for each key once, and caches it with its options', async t => {
    const { cache } = openWithClock(t)
    let calls = 0
    const greet = (name: string, times: number) => `${++calls}: ${name} `.repeat(times)
    const key = (name: string, times: number) => `greet:${name}:${times}`
    const memoized = cache.memoize(greet, { key, ttlMs: 1000 })
    assert.deepEqual(await Promise.all([memoized('Ada', 2), memoized('Ada', 2)]), [
      '1: Ada 1: Ada ',
      '1: Ada 1: Ada ',
    ])
    assert.equal(await memoized('Eve', 1), '2: Eve ')
    assert.equal(cache.ttlMs('greet:Ada:2'), 1000)
  })

  test('refuses what cannot work, at once where it can', async t => {
    const { cache } = openWithClock(t)
    const isInvalid = hasCode('UNDERCROFT_OPTION_INVALID')
    const key = () => 'key'
    const compute = () => 'value'
    assert.throws(() => cache.memoize('x' as unknown as () => string, { key }), isInvalid)
    assert.throws(() => cache.memoize(compute, {} as { key: () => string }), isInvalid)
    assert.throws(() => cache.memoize(compute, { key, ttl: 5 } as { key: () => string }), isInvalid)
    await assert.rejects(cache.memoize(compute, { key: () => '' })(), {
      code: 'UNDERCROFT_KEY_INVALID',
    })
  })
})
