import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { Cache, CacheOptions } from '../../src/index.ts'
import { Child } from '../../testing/child.ts'
import { PATIENCE_MS, until, within } from '../../testing/deadline.ts'
import { COLLIDING } from '../../testing/depths.ts'
import type { FailingTask, FailurePoint } from '../../testing/failing-child.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { isStopped } from '../../testing/process-state.ts'
import { CacheProcess, openHere, ownCache } from './cache-process.ts'

const OLD = 'old'.repeat(100)
const NEW = 'new!'.repeat(200)
const OTHERS = Array.from({ length: 30 }, (_, index) => `other-${index}`)

/** `verify` compares the checksums of a store with its items. */
type Kind = 'a cache' | 'a store'

type Failing = Child<FailingTask, string>

/** A cache with the other items and a counter, seen from here, and a process that is to fail. */
async function prepare(
  t: TestContext,
  options: Omit<CacheOptions, 'name' | 'directory'> = {},
  kind: Kind = 'a cache',
) {
  const own = ownCache(t, { maxItems: 100, bitmap: false, blockSize: 1024, ...options })
  const store = join(own.directory, `${own.name}.undercroft`)
  const all = kind === 'a store' ? { ...own, store } : own
  const cache = openHere(t, all)
  for (const key of OTHERS) cache.set(key, `value of ${key}`)
  cache.increment('counter', 5)
  const child: Failing = await Child.start(
    t,
    new URL('../../testing/failing-child.js', import.meta.url),
  )
  const fail = (key: string, signal: FailingTask['signal'], point: FailurePoint) =>
    child.send({ name: all.name, directory: all.directory, key, signal, point })
  const die = async (key: string, point: FailurePoint) => {
    fail(key, 'SIGKILL', point)
    assert.deepEqual(await within('the writer to die', child.exit), {
      code: null,
      signal: 'SIGKILL',
    })
  }
  return { cache, options: all, child, fail, die }
}

/** Asserts that all other items are there, and that the lock was taken over once. */
function assertSurvived(cache: Cache): void {
  assert.deepEqual(cache.verify().problems, [])
  for (const key of OTHERS) assert.equal(cache.get(key), `value of ${key}`)
  assert.equal(cache.stats().takeovers, 1)
}

const MODES = [
  ['one block an item', {}],
  ['bitmap mode', { bitmap: true, blockSize: 64, blocks: 1000 }],
] as const

describe('a process killed while it writes a value', () => {
  for (const [mode, options] of MODES) {
    test(`${mode}: a new item is not there, and nothing else is lost`, async t => {
      const { cache, die } = await prepare(t, options)
      await die('victim', { in: 'set', value: NEW })
      assert.equal(cache.set('after', 1), true)
      assert.equal(cache.get('victim'), undefined)
      assertSurvived(cache)
      assert.equal(cache.set('victim', NEW), true)
      assert.equal(cache.get('victim'), NEW)
    })
  }

  test('one block an item: the item that it wrote over is gone, and nothing else', async t => {
    const { cache, die } = await prepare(t)
    cache.set('victim', OLD)
    await die('victim', { in: 'set', value: NEW })
    assert.equal(cache.set('after', 1), true)
    assert.equal(cache.get('victim'), undefined)
    assertSurvived(cache)
  })

  test('bitmap mode: the old value stays', async t => {
    const { cache, die } = await prepare(t, MODES[1][1])
    cache.set('victim', OLD)
    await die('victim', { in: 'set', value: NEW })
    assert.equal(cache.set('after', 1), true)
    assert.equal(cache.get('victim'), OLD)
    assertSurvived(cache)
  })

  test('processes that only read go on, too', async t => {
    const { cache, options, die } = await prepare(t)
    const reader = await CacheProcess.start(t, options)
    cache.set('victim', OLD)
    await die('victim', { in: 'set', value: NEW })
    assert.equal(await reader.call('get', 'victim'), undefined)
    for (const key of OTHERS) assert.equal(await reader.call('get', key), `value of ${key}`)
    assertSurvived(cache)
  })

  test('an iteration goes on, too, and gives all others', async t => {
    const { cache, die } = await prepare(t)
    cache.set('victim', OLD)
    await die('victim', { in: 'set', value: NEW })
    assert.deepEqual(new Set(cache.keys()), new Set([...OTHERS, 'counter']))
    assertSurvived(cache)
  })
})

for (const kind of ['a cache', 'a store'] as const) {
  describe(`a process killed in the middle of (${kind})`, () => {
    test('a delete: the item is there whole or not at all', async t => {
      for (const [afterStores, left] of [
        [1, OLD],
        [2, undefined],
      ] as const) {
        const { cache, die } = await prepare(t, {}, kind)
        cache.set('victim', OLD)
        await die('victim', { in: 'delete', afterStores })
        assert.equal(cache.get('victim'), left)
        assert.equal(cache.set('after', 1), true)
        assertSurvived(cache)
      }
    })

    test('an increment: it counted or did not, and the counter goes on', async t => {
      for (const [afterStores, count] of [
        [1, 5],
        [2, 6],
      ] as const) {
        const { cache, die } = await prepare(t, {}, kind)
        await die('counter', { in: 'increment', afterStores })
        assert.equal(cache.increment('counter', 10), count + 10)
        assertSurvived(cache)
      }
    })

    test('a touch: the item is there, with its old end or its new one', async t => {
      for (const afterStores of [1, 2]) {
        const { cache, die } = await prepare(t, {}, kind)
        cache.set('victim', OLD)
        await die('victim', { in: 'touch', afterStores })
        assert.equal(cache.get('victim'), OLD)
        assert.equal(cache.ttlMs('victim') === Infinity, afterStores === 1)
        assert.equal(cache.set('after', 1), true)
        assertSurvived(cache)
      }
    })
  })
}

describe('a process killed while it clears a full cache', () => {
  test('leaves the items that it had not come to, whole, and its own is not there', async t => {
    const { cache, die } = await prepare(t, { maxItems: 31, eviction: 'clear' })
    // Each deletion makes a version odd, and even again: ten are done, and one is begun.
    await die('victim', { in: 'add', afterStores: 21 })
    const left = OTHERS.filter(key => cache.get(key) === `value of ${key}`)
    assert.equal(left.length, 21)
    assert.equal(cache.get('victim'), undefined)
    assert.equal(cache.set('victim', NEW), true)
    assert.equal(cache.get('victim'), NEW)
    assert.deepEqual(cache.verify().problems, [])
    assert.equal(cache.stats().takeovers, 1)
  })
})

describe('a process killed while it moves an item to the front of its chain', () => {
  test('costs no item of the chain, whether it was in the chain just then or not', async t => {
    for (const after of ['unlink', 'link'] as const) {
      const { cache, die } = await prepare(t, { hash: 'murmur2' })
      for (const key of COLLIDING) cache.set(key, key)
      await die(COLLIDING[0], { in: 'order', after })
      assert.deepEqual(cache.getMany(COLLIDING), COLLIDING.slice())
      assert.equal(cache.set('after', 1), true)
      assertSurvived(cache)
    }
  })
})

describe('a process stopped while it writes a value', () => {
  const LIMIT_MS = 300

  async function stopWriter(t: TestContext, old?: string, options: Partial<CacheOptions> = {}) {
    const prepared = await prepare(t, { lockTimeoutMs: LIMIT_MS, ...options })
    if (old !== undefined) prepared.cache.set('victim', old)
    prepared.fail('victim', 'SIGSTOP', { in: 'set', value: NEW })
    const { pid } = prepared.child
    await until('the writer is stopped', () => isStopped(pid))
    const goOn = async () => {
      process.kill(pid, 'SIGCONT')
      assert.equal(await prepared.child.next(), 'stored')
    }
    return { ...prepared, goOn }
  }

  test('others read on, and are told why they cannot write', async t => {
    const { cache, goOn } = await stopWriter(t)
    const startMs = performance.now()
    assert.throws(() => cache.set('mine', 1), {
      code: 'UNDERCROFT_LOCK_TIMEOUT',
      message: /alive: is its process stopped \(SIGSTOP/,
    })
    assert.ok(performance.now() - startMs >= LIMIT_MS)
    for (const key of OTHERS) assert.equal(cache.get(key), `value of ${key}`)
    assert.equal(cache.get('mine'), undefined)
    assert.equal(cache.get('victim'), undefined)
    await goOn()
  })

  test('whoever reads the very item is told so, too, instead of half a value', async t => {
    const { cache, goOn } = await stopWriter(t, OLD)
    assert.throws(() => cache.get('victim'), { code: 'UNDERCROFT_LOCK_TIMEOUT' })
    await goOn()
  })

  test('holds up nobody who only has the cache open, and upkeep goes on afterwards', async t => {
    const manual = new ManualClock()
    const clock = { nowMs: manual.nowMs, elapsedMs: () => performance.now() }
    // Upkeep that waited for the lock would block this thread for so long that `until` gives up.
    const lockTimeoutMs = 2 * PATIENCE_MS
    const options = { clock, sweepMs: 1, ttlMs: 1000, lockTimeoutMs }
    const { cache, goOn } = await stopWriter(t, undefined, options)
    manual.advance(1000)
    let turns = 0
    await until('upkeep has had its chances', () => ++turns === 20)
    assert.equal(cache.stats().expired, 0)
    await goOn()
    await until('what expired is swept', () => cache.stats().expired > OTHERS.length)
  })

  test('goes on later, and its value is whole', async t => {
    const { cache, goOn } = await stopWriter(t, OLD)
    assert.throws(() => cache.delete('victim'), { code: 'UNDERCROFT_LOCK_TIMEOUT' })
    await goOn()
    assert.equal(cache.get('victim'), NEW)
    assert.equal(cache.set('mine', 1), true)
    assert.equal(cache.stats().takeovers, 0)
  })
})
