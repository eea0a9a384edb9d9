import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Cache, type GetOrSetOptions } from '../../src/index.ts'
import { until, within } from '../../testing/deadline.ts'
import { hasCode, openWithClock, pendingLoad } from './loading-setting.ts'

describe('a load that takes too long', () => {
  test('fails with UNDERCROFT_LOAD_TIMEOUT for all who wait, and aborts its signal', async t => {
    const { cache } = openWithClock(t)
    let signal: AbortSignal | undefined
    const load = (context: { readonly signal: AbortSignal }): Promise<string> => {
      signal = context.signal
      return new Promise(() => {})
    }
    const asks = [1, 2].map(() => cache.getOrSet('key', load, { timeoutMs: 30 }))
    for (const ask of asks) await assert.rejects(ask, hasCode('UNDERCROFT_LOAD_TIMEOUT'))
    assert.equal(signal?.aborted, true)
    assert.equal(await cache.getOrSet('key', () => 'next'), 'next')
  })

  test('leaves callers the old value that staleIfErrorMs keeps', async t => {
    const { cache, clock, errors } = openWithClock(t)
    const options = { ttlMs: 1000, staleIfErrorMs: 5000, timeoutMs: 30 }
    await cache.getOrSet('key', () => 'old', options)
    clock.advance(1000)
    const value = cache.getOrSet('key', () => new Promise<string>(() => {}), options)
    assert.equal(await within('the old value', value), 'old')
    assert.equal((errors[0] as { code?: string }).code, 'UNDERCROFT_LOAD_TIMEOUT')
  })

  test('is ended when the cache is closed', async t => {
    const { cache } = openWithClock(t)
    const value = cache.getOrSet('key', () => new Promise<string>(() => {}))
    cache.close()
    await assert.rejects(value, hasCode('UNDERCROFT_CLOSED'))
  })
})

describe('a change while a load runs', () => {
  const changes = {
    'a deletion of a tag': { change: 'deleteTag', after: undefined },
    'a deletion of the key': { change: 'delete', after: undefined },
    'a clear': { change: 'clear', after: undefined },
    'a set': { change: 'set', after: 'set meanwhile' },
    'a set and a deletion': { change: 'set and delete', after: undefined },
  } as const

  for (const [name, { change, after }] of Object.entries(changes)) {
    test(`is not undone by what the load stores: ${name}`, async t => {
      const { cache } = openWithClock(t)
      const pending = pendingLoad()
      const first = cache.getOrSet('key', pending.load, { tags: ['orders'] })
      await until('the load', () => pending.count > 0)
      if (change === 'deleteTag') cache.deleteTag('orders')
      if (change === 'delete') cache.delete('key')
      if (change === 'clear') cache.clear()
      if (change.startsWith('set')) cache.set('key', 'set meanwhile')
      if (change === 'set and delete') cache.delete('key')
      // This caller comes after the change, so the value that is being loaded is too old for it.
      const later = cache.getOrSet('key', () => 'loaded after')
      pending.finish('loaded before')
      assert.equal(await first, 'loaded before')
      assert.equal(await later, after ?? 'loaded after')
      assert.equal(cache.get('key'), after ?? 'loaded after')
    })
  }

  test('is not undone by a load ahead of the end', async t => {
    const { cache, clock } = openWithClock(t)
    for (const change of ['delete', 'set'] as const) {
      await cache.getOrSet('key', () => 'first', { ttlMs: 1000 })
      clock.advance(999.9)
      const pending = pendingLoad()
      const options = { ttlMs: 1000, refreshAheadMs: 900 }
      await until('a load ahead', async () => {
        await cache.getOrSet('key', pending.load, options)
        return pending.count > 0
      })
      if (change === 'delete') cache.delete('key')
      else cache.set('key', 'set meanwhile')
      pending.finish('loaded before')
      await until('the end of the load', () => [...cache.keys()].every(key => key === 'key'))
      assert.equal(cache.get('key'), change === 'set' ? 'set meanwhile' : undefined)
      cache.delete('key')
    }
  })
})

describe('options of loading', () => {
  const refused: readonly (readonly [GetOrSetOptions, RegExp])[] = [
    [{ staleIfErorMs: 5 } as GetOrSetOptions, /did you mean "staleIfErrorMs"/],
    [{ staleMs: -1 }, /staleMs must be milliseconds/],
    [{ ttlMs: Number.NaN }, /ttlMs must be milliseconds/],
    [{ timeoutMs: 0 }, /timeoutMs must be milliseconds from 1 to/],
    [{ timeoutMs: Infinity }, /timeoutMs must be milliseconds from 1 to/],
    [{ jitter: 2 }, /jitter must be a number from 0 to 1/],
    [{ negativeTtlMs: -1 }, /negativeTtlMs must be milliseconds/],
    [{ refreshAheadMs: 5 }, /refreshAheadMs needs a ttlMs/],
    [{ jitter: 0.1 }, /jitter needs a ttlMs/],
    [{ ttlMs: 1000, refreshAheadMs: 1000 }, /refreshAheadMs must be less than ttlMs, or/],
    [{ ttlMs: 1000, refreshAheadMs: 500, jitter: 0.5 }, /less than ttlMs times 1 - jitter.* 500/],
    [{ softTimeoutMs: 5 }, /softTimeoutMs needs staleMs or staleIfErrorMs/],
    [{ staleMs: 5, softTimeoutMs: 50, timeoutMs: 50 }, /softTimeoutMs must be less than timeoutMs/],
    [{ tags: 'orders' as unknown as string[] }, /tags must be an array/],
    [{ pinned: 1 as unknown as boolean }, /pinned must be true or false/],
  ]
  for (const [options, message] of refused) {
    test(`are refused before the load: ${JSON.stringify(options)}`, async t => {
      const { cache } = openWithClock(t)
      const rejects = (call: Promise<unknown>) =>
        assert.rejects(call, error => {
          assert.match(String(error), message)
          return hasCode('UNDERCROFT_OPTION_INVALID')(error)
        })
      const load = () => assert.fail('loaded')
      await rejects(cache.getOrSet('key', load, options))
      await rejects(cache.getOrSetMany(['key'], load, options))
    })
  }

  test('may fit only because of the TTL that the cache was opened with', async t => {
    const { cache, options } = openWithClock(t)
    using other = Cache.open<string>({ ...options, ttlMs: 1000 })
    assert.equal(await other.getOrSet('key', () => 'value', { refreshAheadMs: 500 }), 'value')
    assert.equal(cache.ttlMs('key'), 1000)
  })
})
