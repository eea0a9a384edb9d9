import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { Cache, type CacheOptions, UndercroftError } from '../../src/index.ts'
import { until, within } from '../../testing/deadline.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { onEnd } from '../../testing/scope.ts'
import { processDir } from '../../testing/temp-dir.ts'

const directory = processDir()
let serial = 0

function open<V>(t: TestContext, options: Partial<CacheOptions> = {}): Cache<V> {
  const name = `loading-${++serial}`
  const cache = Cache.open<V>({ name, directory, memory: 'private', maxItems: 10, ...options })
  onEnd(t, () => cache.destroy())
  return cache
}

const hasCode = (code: string) => (error: unknown) =>
  error instanceof UndercroftError && error.code === code

describe('getOrSet', () => {
  test('gives what is there, and loads nothing', async t => {
    const cache = open<string>(t)
    cache.set('key', 'there')
    assert.equal(await cache.getOrSet('key', () => assert.fail('loaded')), 'there')
  })

  test('stores what was loaded, for as long as it is told', async t => {
    const clock = new ManualClock()
    const cache = open<number>(t, { clock })
    assert.equal(await cache.getOrSet('key', () => 1, { ttlMs: 1000 }), 1)
    assert.equal(await cache.getOrSet('key', () => 2), 1)
    clock.advance(1000)
    assert.equal(await cache.getOrSet('key', async () => 3), 3)
    assert.equal(cache.ttlMs('key'), Infinity)
  })

  test('loads once however many ask, and gives each an object of its own', async t => {
    const cache = open<{ name: string }>(t)
    let loads = 0
    const load = async () => {
      await new Promise(setImmediate)
      return { name: `load ${++loads}` }
    }
    const values = await Promise.all(Array.from({ length: 50 }, () => cache.getOrSet('key', load)))
    assert.deepEqual(values, Array(50).fill({ name: 'load 1' }))
    assert.equal(new Set(values).size, 50)
    assert.deepEqual([...cache.keys()], ['key'])
  })

  test('loads different keys at the same time, keys of bytes too', async t => {
    const cache = open<string>(t)
    let free: () => void = () => {}
    const bothLoad = new Promise<void>(resolve => {
      free = resolve
    })
    const text = cache.getOrSet('k', async () => {
      await bothLoad
      return 'of text'
    })
    const bytes = cache.getOrSet(Buffer.from('other'), () => {
      free()
      return 'of bytes'
    })
    assert.deepEqual(await within('both', Promise.all([text, bytes])), ['of text', 'of bytes'])
    assert.equal(await cache.getOrSet('other', () => 'again'), 'of bytes')
  })

  test('fails as the load fails, for all who wait for it; the next call loads again', async t => {
    const cache = open<string>(t)
    let loads = 0
    const load = async () => {
      await new Promise(setImmediate)
      throw new Error(`load ${++loads}`)
    }
    const all = await Promise.allSettled([cache.getOrSet('key', load), cache.getOrSet('key', load)])
    const reasons = all.map(result => (result.status === 'rejected' ? result.reason.message : ''))
    assert.deepEqual(reasons, ['load 1', 'load 1'])
    const failing = () => {
      throw new Error('at once')
    }
    await assert.rejects(cache.getOrSet('key', failing), { message: 'at once' })
    assert.equal(await cache.getOrSet('key', () => 'at last'), 'at last')
    assert.deepEqual([...cache.keys()], ['key'])
  })

  test('does not store undefined, and stores null', async t => {
    const cache = open<string | null | undefined>(t)
    assert.equal(await cache.getOrSet('key', () => undefined), undefined)
    assert.equal(cache.has('key'), false)
    assert.equal(await cache.getOrSet('key', () => null), null)
    assert.equal(await cache.getOrSet('key', () => 'more'), null)
  })

  test('a load that hangs keeps a caller of its own process no longer than waitMs', async t => {
    const cache = open<string>(t)
    const hanging: Promise<string> = new Promise(() => {})
    cache.getOrSet('key', () => hanging).catch(() => {})
    const second = cache.getOrSet('key', () => 'loaded as well', { waitMs: 30 })
    assert.equal(await within('the second load', second), 'loaded as well')
    assert.equal(cache.get('key'), 'loaded as well')
  })

  test('after a hanging load one waiting caller loads, and later callers wait', async t => {
    const cache = open<string>(t)
    const hanging: Promise<string> = new Promise(() => {})
    cache.getOrSet('key', () => hanging).catch(() => {})
    let loads = 0
    const load = async () => {
      loads++
      await until('the third caller waits', () => hasThird)
      return `load ${loads}`
    }
    let hasThird = false
    const second = cache.getOrSet('key', load, { waitMs: 30 })
    await until('the second caller loads', () => loads === 1)
    const third = cache.getOrSet('key', load)
    hasThird = true
    assert.deepEqual(await within('both', Promise.all([second, third])), ['load 1', 'load 1'])
  })

  test('gives what it loaded though the cache is full', async t => {
    const cache = open<string>(t, { maxItems: 1, eviction: 'none' })
    cache.set('other', 'x')
    assert.equal(await cache.getOrSet('key', () => 'loaded'), 'loaded')
    assert.equal(cache.has('key'), false)
  })

  test('counts one miss for a load, however often it had to look', async t => {
    const cache = open<string>(t)
    await cache.getOrSet('key', () => 'loaded')
    const { misses, hits } = cache.stats()
    assert.deepEqual({ misses, hits }, { misses: 1, hits: 0 })
  })

  test('refuses what cannot work', async t => {
    const cache = open<string>(t)
    const load = () => 'x'
    const isInvalid = hasCode('UNDERCROFT_OPTION_INVALID')
    await assert.rejects(cache.getOrSet('key', load, { waitMs: -1 }), isInvalid)
    await assert.rejects(cache.getOrSet('key', load, { waitMs: 600_001 }), isInvalid)
    await assert.rejects(cache.getOrSet('key', 'x' as unknown as () => string), isInvalid)
    await assert.rejects(cache.getOrSet('', load), hasCode('UNDERCROFT_KEY_INVALID'))
    const tooLarge = () => 'x'.repeat(cache.maxValueSize + 1)
    await assert.rejects(cache.getOrSet('key', tooLarge), hasCode('UNDERCROFT_VALUE_TOO_LARGE'))
    assert.deepEqual([...cache.keys()], [])
    cache.close()
    await assert.rejects(cache.getOrSet('key', load), hasCode('UNDERCROFT_CLOSED'))
  })
})
