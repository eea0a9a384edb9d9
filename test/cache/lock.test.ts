import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { onEnd } from '../../testing/scope.ts'
import { tempDir } from '../../testing/temp-dir.ts'

const TTL = { ttlMs: 10_000 }
const AT_ONCE = { ttlMs: 10_000, waitMs: 0 }
const HELD = { code: 'UNDERCROFT_LOCK_HELD' }
const INVALID = { code: 'UNDERCROFT_OPTION_INVALID' }

let serial = 0

function open<V>(t: TestContext, options: Partial<CacheOptions> = {}): Cache<V> {
  const name = `lock-${process.pid}-${++serial}`
  const cache = Cache.open<V>({ name, memory: 'private', maxItems: 100, ...options })
  onEnd(t, () => {
    assert.deepEqual(cache.verify().problems, [])
    cache.destroy()
  })
  return cache
}

describe('a lock', () => {
  test('is held by one caller, until it is released', async t => {
    const cache = open(t)
    const lock = await cache.lock('job', TTL)
    assert.equal(lock.key, 'job')
    assert.equal(lock.isHeld, true)
    await assert.rejects(cache.lock('job', AT_ONCE), HELD)
    const other = await cache.lock('another', AT_ONCE)
    assert.equal(lock.release(), true)
    assert.equal(lock.isHeld, false)
    assert.equal(lock.release(), false)
    assert.equal(lock.renew(), false)
    assert.equal(other.isHeld, true)
    assert.equal((await cache.lock('job', AT_ONCE)).isHeld, true)
  })

  test('leaves the item of its key alone', async t => {
    const cache = open<string>(t)
    cache.set('job', 'value')
    const lock = await cache.lock('job', TTL)
    assert.equal(cache.get('job'), 'value')
    lock.release()
    assert.deepEqual([...cache.keys()], ['job'])
    assert.equal(cache.stats().pinned, 0)
  })

  test('is released by using, also after an error, and quietly after close', async t => {
    const cache = open(t)
    await assert.rejects(async () => {
      using _ = await cache.lock('job', TTL)
      throw new Error('work failed')
    }, /work failed/)
    const closing = Cache.open({ name: 'lock-closed', memory: 'private', maxItems: 10 })
    {
      using lock = await closing.lock('job', TTL)
      closing.close()
      assert.throws(() => lock.release(), { code: 'UNDERCROFT_CLOSED' })
    }
    assert.equal((await cache.lock('job', AT_ONCE)).isHeld, true)
  })

  test('ends at its TTL, and the holder of before cannot touch the next one', async t => {
    const clock = new ManualClock()
    const cache = open(t, { clock })
    const first = await cache.lock('job', { ttlMs: 1000 })
    clock.advance(999)
    assert.equal(first.isHeld, true)
    clock.advance(1)
    assert.equal(first.isHeld, false)
    const second = await cache.lock('job', { ttlMs: 1000, waitMs: 0 })
    assert.ok(second.fencing > first.fencing)
    assert.equal(first.isHeld, false)
    assert.equal(first.renew(), false)
    assert.equal(first.release(), false)
    assert.equal(second.isHeld, true)
  })

  test('is held longer by renew', async t => {
    const clock = new ManualClock()
    const cache = open(t, { clock })
    const lock = await cache.lock('job', { ttlMs: 1000 })
    clock.advance(900)
    assert.equal(lock.renew(), true)
    clock.advance(900)
    assert.equal(lock.isHeld, true)
    assert.equal(lock.renew(5000), true)
    clock.advance(4999)
    assert.equal(lock.isHeld, true)
    clock.advance(1)
    assert.equal(lock.isHeld, false)
    assert.throws(() => lock.renew(Infinity), INVALID)
  })

  test('is one for a string and for its bytes, and for long keys too', async t => {
    const cache = open(t)
    const long = 'x'.repeat(256)
    for (const key of ['job', 'käse', long]) {
      using _ = await cache.lock(key, TTL)
      await assert.rejects(cache.lock(Buffer.from(key), AT_ONCE), HELD)
    }
    using _ = await cache.lock(Buffer.from([0xff]), TTL)
    await assert.rejects(cache.lock(Buffer.from([0xff]), AT_ONCE), HELD)
  })

  test('of a namespace survives its clear, but not that of the cache', async t => {
    const cache = open(t)
    const space = cache.namespace('n')
    const lock = await space.lock('job', TTL)
    using _ = await cache.lock('job', AT_ONCE)
    space.clear()
    assert.equal(lock.isHeld, true)
    await assert.rejects(cache.lock('n:job', AT_ONCE), HELD)
    cache.clear()
    assert.equal(lock.isHeld, false)
  })
})

describe('the callers that wait for a lock', () => {
  test('get it one at a time, in the order in which they asked', async t => {
    const cache = open(t)
    const order: number[] = []
    let inside = 0
    const work = async (index: number) => {
      using _ = await cache.lock('job', TTL)
      assert.equal(++inside, 1)
      await new Promise(setImmediate)
      inside--
      order.push(index)
    }
    await Promise.all(Array.from({ length: 20 }, (_, index) => work(index)))
    assert.deepEqual(
      order,
      Array.from({ length: 20 }, (_, index) => index),
    )
  })

  test('stop waiting after waitMs, and those behind them still get it', async t => {
    const cache = open(t)
    const holder = await cache.lock('job', TTL)
    const first = cache.lock('job', { ...TTL, waitMs: 30_000 })
    const impatient = cache.lock('job', { ...TTL, waitMs: 5 })
    const last = cache.lock('job', { ...TTL, waitMs: 30_000 })
    await assert.rejects(impatient, {
      ...HELD,
      message: /^"job" is locked, and did not become free within 5 ms/,
    })
    holder.release()
    const next = await first
    const order = [next.fencing]
    next.release()
    order.push((await last).fencing)
    assert.ok(order[1] > order[0])
  })

  test('get the errors of the cache when it is closed', async () => {
    const cache = Cache.open({ name: 'lock-waiting', memory: 'private', maxItems: 10 })
    await cache.lock('job', TTL)
    const waiting = [cache.lock('job', TTL), cache.lock('job', TTL)]
    cache.close()
    for (const lock of waiting) await assert.rejects(lock, { code: 'UNDERCROFT_CLOSED' })
  })
})

describe('fencing numbers', () => {
  test('grow over all locks of a cache, by clear and by another opener', async t => {
    const cache = open(t)
    const other = Cache.open({ name: cache.name, memory: 'private' })
    onEnd(t, () => other.close())
    const numbers: number[] = []
    for (const key of ['a', 'b', 'a', 'c']) {
      for (const subject of [cache, other]) {
        using lock = await subject.lock(key, TTL)
        numbers.push(lock.fencing)
      }
      cache.clear()
    }
    assertGrow(numbers)
  })

  test('grow when the clock goes back, and when the cache is made again', async t => {
    const clock = new ManualClock()
    const numbers: number[] = []
    const cache = open(t, { clock })
    numbers.push(await drawNumber(cache))
    clock.advance(-60_000)
    numbers.push(await drawNumber(cache))
    clock.advance(60_001)
    numbers.push(await drawNumber(open(t, { clock })))
    assertGrow(numbers)
  })

  test('grow over a restart of a store', async t => {
    const store = `${tempDir(t)}/locks.store`
    const options = { name: 'lock-store', store, directory: tempDir(t), maxItems: 10 }
    const clock = new ManualClock()
    const numbers: number[] = []
    for (let i = 0; i < 3; i++) {
      using cache = Cache.open({ ...options, clock })
      numbers.push(await drawNumber(cache))
      clock.advance(-1000)
    }
    assertGrow(numbers)
  })
})

describe('what is pinned', () => {
  for (const eviction of ['adaptive', 'lru', 'clear'] as const) {
    test(`is not taken by eviction ${eviction}: locks, rate-limit windows, leases`, async t => {
      const cache = open<number>(t, { eviction, maxItems: 64, blocks: 64 })
      using lock = await cache.lock('job', TTL)
      cache.increment('window', 5, { ttlMs: 60_000, pinned: true })
      let asked = 0
      const loading = () => cache.getOrSet('loaded', load)
      const load = async () => {
        asked++
        for (let i = 0; i < 1000; i++) cache.set(`filler:${i}`, i)
        assert.equal(cache.has('lease:loaded'), true)
        return 1
      }
      await Promise.all([loading(), loading()])
      assert.equal(asked, 1)
      assert.equal(lock.isHeld, true)
      assert.equal(cache.increment('window'), 6)
      assert.ok(cache.stats().items > 2, 'others were stored')
    })
  }

  test('is at most an eighth of the cache: beyond, locks and windows are refused', async t => {
    const clock = new ManualClock()
    const cache = open<number>(t, { maxItems: 64, clock })
    const locks = []
    for (let i = 0; i < 8; i++) locks.push(await cache.lock(`job:${i}`, { ttlMs: 1000 }))
    const full = { code: 'UNDERCROFT_PINS_FULL' }
    await assert.rejects(cache.lock('one more', AT_ONCE), full)
    assert.throws(() => cache.increment('window', 1, { pinned: true }), full)
    assert.equal(cache.has('window'), false)
    assert.equal(await cache.getOrSet('k', () => 1), 1, 'a lease is taken unpinned then')
    assert.equal(locks[0].renew(), true)
    locks[0].release()
    using _ = await cache.lock('one more', AT_ONCE)
    clock.advance(1000)
    assert.equal(cache.increment('window', 1, { pinned: true }), 1, 'those that ended make room')
  })

  test('a lock is refused where a full cache may not evict', async t => {
    const cache = open<number>(t, { eviction: 'none', maxItems: 10 })
    for (let i = 0; i < 10; i++) cache.set(`k${i}`, i)
    await assert.rejects(cache.lock('job', TTL), {
      code: 'UNDERCROFT_PINS_FULL',
      message: /"job".*full/,
    })
    cache.delete('k0')
    assert.equal((await cache.lock('job', TTL)).isHeld, true)
  })
})

describe('a call of lock is refused', () => {
  test('for wrong options, keys, and a cache that ignores TTLs', async t => {
    const cache = open(t)
    const wrong = [
      undefined,
      {},
      { ttlMs: 0 },
      { ttlMs: Infinity },
      { ttlMs: '5' },
      { ttlMs: 86_400_001 },
      { ttlMs: 5, waitMs: -1 },
      { ttlMs: 5, waitMs: Infinity },
      { ttlMs: 5, wait: 1 },
      5,
    ]
    for (const options of wrong) {
      await assert.rejects(cache.lock('job', options as typeof TTL), INVALID)
    }
    for (const key of ['', 'x'.repeat(257), 5 as unknown as string]) {
      await assert.rejects(cache.lock(key, TTL), { code: 'UNDERCROFT_KEY_INVALID' })
    }
    assert.deepEqual([...cache.keys()], [])
    const endless = open(t, { ignoreTtl: true })
    await assert.rejects(endless.lock('job', TTL), { ...INVALID, message: /ignoreTtl/ })
  })
})

async function drawNumber(cache: Cache): Promise<number> {
  using lock = await cache.lock('job', TTL)
  return lock.fencing
}

function assertGrow(numbers: readonly number[]): void {
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
  )
  assert.ok(numbers.every(Number.isSafeInteger))
}
