import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Cache, type CacheOptions, type StandardSchema } from '../../src/index.ts'
import { until } from '../../testing/deadline.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { processDir } from '../../testing/temp-dir.ts'
import { openWithClock } from './loading-setting.ts'

const directory = processDir()

/** A schema of strings that are not empty. */
const names: StandardSchema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: value =>
      typeof value === 'string' && value !== ''
        ? { value }
        : { issues: [{ message: 'must be a string that is not empty' }] },
  },
}

/** The codec writes values backwards, so a value that did not pass it is not what was loaded. */
const backwards = {
  encode: (value: unknown) => [...JSON.stringify(value)].reverse().join(''),
  decode: (bytes: Uint8Array) => JSON.parse([...Buffer.from(bytes).toString()].reverse().join('')),
}

/** Opens the cache of another test object again, with other options for its values. */
function openAgain(scope: Scope, { name }: Cache, options: Partial<CacheOptions>): Cache {
  const cache = Cache.open({ name, directory, ...options })
  onEnd(scope, () => cache.close())
  return cache
}

function openShared(scope: Scope, options: Partial<CacheOptions> = {}): Cache {
  const name = `load-values-${process.pid}-${Math.random().toString(36).slice(2)}`
  const cache = Cache.open({ name, directory, maxItems: 100, ...options })
  onEnd(scope, () => cache.destroy())
  return cache
}

describe('a loaded value', () => {
  test('passes the codec of the cache, and so does the old one', async t => {
    const { clock, options } = openWithClock<unknown>(t)
    const cache = Cache.open({ ...options, name: `${options.name}-codec`, codec: backwards })
    onEnd(t, () => cache.destroy())
    const stale = { ttlMs: 1000, staleMs: 5000 }
    assert.deepEqual(await cache.getOrSet('key', () => ({ a: 1 }), stale), { a: 1 })
    assert.equal(cache.getItem('key')?.bytes.toString(), '}1:"a"{')
    clock.advance(1000)
    assert.deepEqual(await cache.getOrSet('key', () => ({ a: 2 }), stale), { a: 1 })
    await until('the new value', () => cache.get('key') !== undefined)
    assert.deepEqual(cache.get('key'), { a: 2 })
    assert.deepEqual([...cache.entries()], [['key', { a: 2 }]])
  })

  test('is compressed as any other', async t => {
    const cache = openShared(t, { compress: { minSize: 100 } })
    const long = 'x'.repeat(10_000)
    assert.equal(await cache.getOrSet('key', () => long), long)
    assert.equal(await cache.getOrSet('key', () => assert.fail('loaded')), long)
  })

  test('that the schema refuses is an error, and nothing is stored', async t => {
    const cache = openShared(t, { schema: names })
    await assert.rejects(
      cache.getOrSet('key', () => ''),
      { code: 'UNDERCROFT_VALUE_INVALID' },
    )
    assert.equal(cache.has('key'), false)
    assert.equal(await cache.getOrSet('key', () => 'Ada'), 'Ada')
  })

  test('replaces one of another process that the schema refuses', async t => {
    const unchecked = openShared(t)
    unchecked.set('key', 7)
    const cache = openAgain(t, unchecked, { schema: names })
    const old: unknown[] = []
    const load = ({ staleValue }: { staleValue: unknown }) => {
      old.push(staleValue)
      return 'Ada'
    }
    assert.equal(await cache.getOrSet('key', load, { staleIfErrorMs: 1000 }), 'Ada')
    assert.deepEqual(old, [undefined])
    assert.equal(unchecked.get('key'), 'Ada')
  })

  test('may be undefined beside a schema, and is remembered', async t => {
    const cache = openShared(t, { schema: names })
    const options = { negativeTtlMs: 10_000 }
    assert.equal(await cache.getOrSet('key', () => undefined, options), undefined)
    assert.equal(await cache.getOrSet('key', () => assert.fail('loaded'), options), undefined)
  })
})
