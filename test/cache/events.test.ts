import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { Cache, type CacheEvents, UndercroftError } from '../../src/index.ts'
import { until, within } from '../../testing/deadline.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { collect, EVENTS, open, plain, settled } from './collected-events.ts'

describe('the events of a cache', () => {
  test('name each change, in order, with the version that getEntry returns', async t => {
    const cache = open(t)
    const seen = collect(cache)
    cache.set('a', 1)
    cache.add('b', 'two', { tags: ['t'] })
    cache.add('b', 'refused')
    cache.replace('a', 3)
    cache.increment('n')
    cache.increment('n')
    cache.touch('a', 1000)
    const version = cache.getEntry('a')?.version
    cache.delete('a')
    cache.delete('absent')
    cache.deleteTag('t', { soft: true })
    cache.deleteTag('t')
    cache.clear()
    const all = await settled(cache, seen)
    assert.deepEqual(plain(all), [
      ...['set a', 'set b', 'set a', 'set n', 'set n', 'delete a'],
      ...['invalidate t softly', 'invalidate t', 'clear ""'],
    ])
    assert.equal((all[2] as CacheEvents['set']).version, version)
  })

  test('name keys of any length and any letters', async t => {
    const cache = open(t, { maxKeySize: 1000, maxItems: 2000, events: 16_384 })
    const seen = collect(cache)
    const keys = Array.from({ length: 1000 }, (_, size) => `${size} ü ${'k'.repeat(size)}`)
      .map(key => key.slice(0, 900))
      .filter(key => cache.set(key, 1))
    const all = await settled(cache, seen)
    assert.deepEqual(
      plain(all),
      keys.map(key => `set ${key}`),
    )
  })

  test('name what expired when it is swept, and what was evicted', async t => {
    const clock = new ManualClock()
    const cache = open(t, { clock, eviction: 'lru', maxItems: 2, sweepMs: 0 })
    const seen = collect(cache)
    cache.set('short', 1, { ttlMs: 10 })
    clock.advance(10)
    cache.sweep()
    for (const key of ['a', 'b', 'c']) cache.set(key, 1)
    const all = plain(await settled(cache, seen))
    assert.deepEqual(all.slice(0, 6), [
      ...['set short', 'expire short', 'set a', 'set b', 'evict a', 'set c'],
    ])
  })

  test('name an expired item that a delete removes an expired one', async t => {
    const clock = new ManualClock()
    const cache = open(t, { clock })
    const seen = collect(cache)
    cache.set('short', 1, { ttlMs: 10 })
    clock.advance(10)
    assert.equal(cache.delete('short'), false)
    assert.deepEqual(plain(await settled(cache, seen)), ['set short', 'expire short'])
  })

  test('say once that a full cache was cleared', async t => {
    const cache = open(t, { eviction: 'clear', maxItems: 2 })
    const seen = collect(cache)
    for (const key of ['a', 'b', 'c']) cache.set(key, 1)
    const all = plain(await settled(cache, seen))
    assert.deepEqual(all, ['set a', 'set b', 'clear "" full', 'set c'])
  })

  test('begin with the first change after the listener', async t => {
    const cache = open(t)
    cache.set('before', 1)
    const seen = collect(cache)
    cache.set('after', 1)
    assert.deepEqual(plain(await settled(cache, seen)), ['set after'])
  })

  test('give a listener that was too slow a gap with the number of events it missed', async t => {
    const cache = open(t)
    const seen = collect(cache)
    for (let i = 0; i < EVENTS + 100; i++) cache.set('k', i)
    await until('the gap came', () => seen.length > 0)
    cache.set('k', 'after')
    assert.deepEqual(plain(await settled(cache, seen)), [`gap ${EVENTS + 100}`, 'set k'])
  })

  test('reach a listener that reads in time without a gap, round and round the ring', async t => {
    const cache = open(t, { maxKeySize: 300 })
    let count = 0
    let gaps = 0
    cache.on('set', ({ key }) => {
      assert.equal(key, `${count++}`.padEnd(50 + (count % 200), '.'))
    })
    cache.on('gap', () => gaps++)
    for (let i = 0; i < 10_000; i++) {
      cache.set(`${i}`.padEnd(50 + ((i + 1) % 200), '.'), i)
      if (i % 500 === 499) await until('all came', () => count === i + 1)
    }
    assert.equal(gaps, 0)
  })
})

describe('a listener', () => {
  test('ends by its function, with a block of `using`, or by a signal', async t => {
    const cache = open(t)
    const seen = collect(cache)
    const heard: string[] = []
    const stop = cache.on('set', () => heard.push('function'))
    const block = cache.on('set', () => heard.push('block'))
    const controller = new AbortController()
    const { signal } = controller
    cache.on('set', () => heard.push('signal'), { signal })
    cache.on('set', () => heard.push('too late'), { signal: AbortSignal.abort() })
    cache.set('a', 1)
    await settled(cache, seen)
    assert.deepEqual(heard.slice(0, 3), ['function', 'block', 'signal'])
    stop()
    stop()
    block[Symbol.dispose]()
    controller.abort()
    heard.length = 0
    seen.length = 0
    cache.set('a', 2)
    assert.deepEqual(plain(await settled(cache, seen)), ['set a'])
    assert.deepEqual(heard, [])
  })

  test('that throws causes an uncaught exception, and the others get the event', async t => {
    const cache = open(t)
    const uncaught = once(process, 'uncaughtException')
    // The test runner listens as well, and would fail the test.
    const others = process.rawListeners('uncaughtException').slice(0, -1)
    for (const other of others) process.off('uncaughtException', other as () => void)
    t.after(() => {
      for (const other of others) process.on('uncaughtException', other as () => void)
    })
    cache.on('set', () => {
      throw new Error('of the listener')
    })
    const seen = collect(cache)
    cache.set('a', 1)
    const [error] = await within('the exception', uncaught)
    assert.equal((error as Error).message, 'of the listener')
    assert.deepEqual(plain(seen), ['set a'])
  })

  test('may close the cache', async t => {
    const cache = open(t)
    let calls = 0
    cache.on('set', () => {
      calls++
      cache.close()
    })
    cache.set('a', 1)
    cache.set('b', 2)
    await until('it was called', () => calls > 0)
    assert.equal(calls, 1)
  })

  test('is refused where there are no events, and with options that do not exist', t => {
    const silent = open(t, { events: 0 })
    assert.throws(() => silent.on('set', () => {}), { code: 'UNDERCROFT_NO_EVENTS' })
    assert.throws(() => silent.watch('k', () => {}), { code: 'UNDERCROFT_NO_EVENTS' })
    const cache = open(t)
    const bad: readonly (() => unknown)[] = [
      () => cache.on('changed' as 'set', () => {}),
      () => cache.on('set', undefined as never),
      () => cache.on('set', () => {}, { once: true } as never),
      () => cache.on('set', () => {}, { signal: {} as AbortSignal }),
      () => cache.on('set', () => {}, { keepAlive: 1 as never }),
      () => cache.watch('k', 'f' as never),
    ]
    for (const call of bad) assert.throws(call, { code: 'UNDERCROFT_OPTION_INVALID' })
    assert.throws(() => cache.watch('', () => {}), { code: 'UNDERCROFT_KEY_INVALID' })
    cache.close()
    assert.throws(() => cache.on('set', () => {}), { code: 'UNDERCROFT_CLOSED' })
    assert.throws(() => cache.watch('k', () => {}), { code: 'UNDERCROFT_CLOSED' })
  })

  test('is one of 10000 at most', t => {
    const cache = open(t)
    for (let i = 0; i < 10_000; i++) cache.watch(`k${i}`, () => {})
    const code = 'UNDERCROFT_OPTION_INVALID'
    assert.throws(() => cache.on('set', () => {}), { code, message: /10000/ })
  })
})

test('the number of events is rounded up, and must be the one of the cache', t => {
  const options = { name: `events-${process.pid}-sizes`, memory: 'private', maxItems: 10 } as const
  const cache = Cache.open({ ...options, events: 5000 })
  t.after(() => cache.close())
  assert.equal(cache.stats().eventPlaces, 8192)
  Cache.open({ ...options, events: 8000 }).close()
  Cache.open(options).close()
  const code = 'UNDERCROFT_GEOMETRY_MISMATCH'
  assert.throws(() => Cache.open({ ...options, events: 0 }), { code, message: /events is 8192/ })
  for (const events of [1, 4095, 2 ** 24 + 1, 5000.5, true as never]) {
    assert.throws(() => Cache.open({ ...options, events }), UndercroftError)
  }
})
