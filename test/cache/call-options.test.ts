/**
 * Options of single calls: a misspelt one is refused with the name that was meant, never ignored.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Cache, type CacheOptions, type GetOrSetOptions, type TtlOptions } from '../../src/index.ts'
import { processDir } from '../../testing/temp-dir.ts'

const directory = processDir()

function open(): Cache {
  return Cache.open({ name: 'call-options', directory, memory: 'private', maxItems: 10 })
}

/** As a caller without types would write it. */
const misspelt = { ttl: 5 } as TtlOptions
const bytes = Buffer.from('x')

const SET = 'ttlMs, staleMs, tags, pinned'
const LOAD = [
  ...[SET, 'staleIfErrorMs', 'refreshAheadMs', 'timeoutMs', 'softTimeoutMs', 'jitter'],
  ...['negativeTtlMs', 'waitMs'],
].join(', ')
const COUNTER = 'ttlMs, initial, onlyPresent, tags, pinned'

const CALLS: readonly (readonly [
  name: string,
  allowed: string,
  call: (cache: Cache) => unknown,
])[] = [
  ['set', SET, cache => cache.set('k', 1, misspelt)],
  ['set', SET, cache => cache.setMany([['k', 1]], misspelt)],
  ['add', SET, cache => cache.add('k', 1, misspelt)],
  ['replace', SET, cache => cache.replace('k', 1, misspelt)],
  ['setItem', `${SET}, mode`, cache => cache.setItem('k', { bytes }, misspelt)],
  ['increment', COUNTER, cache => cache.increment('k', 1, misspelt)],
  ['decrement', COUNTER, cache => cache.decrement('k', 1n, misspelt)],
  ['multiply', COUNTER, cache => cache.multiply('k', 2, misspelt)],
  ['divide', COUNTER, cache => cache.divide('k', 2, misspelt)],
  [
    'count',
    'ttlMs, initial, onlyPresent, safe, tags, pinned',
    cache => cache.count('k', 'inc', 1n, misspelt),
  ],
  ['getOrSet', LOAD, cache => cache.getOrSet('k', () => 1, misspelt)],
  ['getOrSetMany', LOAD, cache => cache.getOrSetMany(['k'], () => [1], misspelt)],
  ['memoize', `${LOAD}, key`, cache => cache.memoize(() => 1, { key: () => 'k', ...misspelt })()],
]

describe('the options of a call', () => {
  for (const [index, [name, allowed, call]] of CALLS.entries()) {
    test(`${index + 1}. ${name} refuses an unknown name, and stores nothing`, async () => {
      using cache = open()
      await assert.rejects(async () => call(cache), {
        code: 'UNDERCROFT_OPTION_INVALID',
        message: `${name} has no option "ttl"; allowed are ${allowed}; did you mean "ttlMs"?`,
      })
      assert.deepEqual([...cache.keys()], [])
    })
  }

  test('a number in place of an object is refused', async () => {
    using cache = open()
    const sixtySeconds = 60_000 as TtlOptions
    const isRefused = {
      code: 'UNDERCROFT_OPTION_INVALID',
      message: /^the options of \w+ must be an object such as { ttlMs: 60000 }.*; got 60000$/,
    }
    assert.throws(() => cache.set('k', 1, sixtySeconds), isRefused)
    assert.throws(() => cache.setItem('k', { bytes }, sixtySeconds), isRefused)
    assert.throws(() => cache.increment('k', 1, sixtySeconds), isRefused)
    await assert.rejects(
      cache.getOrSet('k', () => 1, sixtySeconds),
      isRefused,
    )
    assert.deepEqual([...cache.keys()], [])
  })

  test('getOrSet refuses them for an item that is there, too', async () => {
    using cache = open()
    cache.set('k', 1)
    const options = { waitMS: 5 } as GetOrSetOptions
    await assert.rejects(
      cache.getOrSet('k', () => 2, options),
      { message: /did you mean "waitMs"\?$/ },
    )
  })

  test('an option that is undefined counts as not given', () => {
    // This compiles with exactOptionalPropertyTypes: callers pass on what they were given.
    const given: { ttlMs?: number; initial?: number } = {}
    using cache = open()
    assert.equal(cache.set('k', 1, { ttlMs: given.ttlMs }), true)
    assert.equal(cache.ttlMs('k'), Infinity)
    assert.equal(cache.increment('n', 1, { initial: given.initial, onlyPresent: undefined }), 1)
    assert.equal(cache.setItem('i', { bytes, type: undefined }, { mode: undefined }), true)
    assert.equal(cache.getItem('i')?.type, 'bytes')
  })

  test('an option of Cache.open that is undefined counts as not given', () => {
    // This compiles with exactOptionalPropertyTypes, for every option but the name.
    const nothing = {
      maxItems: undefined,
      bitmap: undefined,
      blockSize: undefined,
      blocks: undefined,
      maxKeySize: undefined,
      eviction: undefined,
      ignoreTtl: undefined,
      hash: undefined,
      maxTags: undefined,
      events: undefined,
      ttlMs: undefined,
      store: undefined,
      counterInitial: undefined,
      directory: undefined,
      memory: undefined,
      sweepMs: undefined,
      onSweep: undefined,
      lastModified: undefined,
      onError: undefined,
      lockTimeoutMs: undefined,
      near: { maxItems: undefined, maxSize: undefined, objects: undefined, buffers: undefined },
      codec: undefined,
      schema: undefined,
      onInvalid: undefined,
      compress: undefined,
      clock: undefined,
    } satisfies Omit<Required<CacheOptions>, 'name'>
    using cache = Cache.open({ ...nothing, name: 'undefined', maxItems: 10, memory: 'private' })
    using plain = Cache.open({ name: 'undefined', maxItems: 10, memory: 'private' })
    assert.deepEqual(cache.stats(), plain.stats())
    assert.equal(cache.set('k', 1), true)
    assert.equal(cache.ttlMs('k'), Infinity)
  })

  test('one that is inherited counts as given, as does an object without a prototype', () => {
    using cache = open()
    cache.set('k', 1, Object.create({ ttlMs: 60_000 }))
    assert.notEqual(cache.ttlMs('k'), Infinity)
    cache.set('k', 1, Object.assign(Object.create(null), { ttlMs: 60_000 }))
    assert.notEqual(cache.ttlMs('k'), Infinity)
  })
})
