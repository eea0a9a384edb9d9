/**
 * The promises of every adapter that keeps values: it answers as its host expects it of a store,
 * over several processes and after their deaths, and no exception reaches the application.
 */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { Cache, type CacheOptions } from '../../../src/index.ts'
import { Child } from '../../../testing/child.ts'
import { until } from '../../../testing/deadline.ts'
import { ManualClock } from '../../../testing/manual-clock.ts'
import { onEnd } from '../../../testing/scope.ts'
import { memoryDir } from '../../../testing/temp-dir.ts'
import { warningsOf } from '../warnings.ts'
import type { Task } from './subject-child.ts'
import { SUBJECTS, type Subject } from './subjects.ts'

const PREFIX = 'users'

for (const [name, make] of Object.entries(SUBJECTS)) {
  /** Opens a cache that is this test's alone, and the adapter over it. */
  const open = (t: TestContext, options: Partial<CacheOptions> = {}) => {
    const all = { name: 'contract', maxItems: 1000, directory: memoryDir(t), ...options }
    const cache = Cache.open(all)
    const subject = make({ cache }, PREFIX)
    onEnd(t, () => cache.close())
    return { all, cache, subject }
  }

  const startProcess = async (t: TestContext, options: CacheOptions) => {
    const child = await Child.start<Task, string | boolean | null>(
      t,
      new URL('./subject-child.js', import.meta.url),
    )
    await child.ask({ kind: 'open', subject: name, options, prefix: PREFIX })
    return child
  }

  describe(`the adapter ${name}`, () => {
    test('shows each process what the others stored', async t => {
      const { all, subject } = open(t)
      const children = [await startProcess(t, all), await startProcess(t, all)]
      for (const [index, child] of children.entries()) {
        assert.equal(await child.ask({ kind: 'set', key: `of-${index}`, value: 'v' }), true)
      }
      for (const child of children) {
        assert.equal(await child.ask({ kind: 'get', key: 'of-0' }), 'v')
        assert.equal(await child.ask({ kind: 'get', key: 'of-1' }), 'v')
      }
      assert.equal(await subject.get('of-1'), 'v')
      await subject.delete('of-1')
      assert.equal(await children[0]?.ask({ kind: 'get', key: 'of-1' }), null)
    })

    test('survives a process that is killed while it writes', async t => {
      const { all, cache, subject } = open(t)
      for (let round = 0; round < 2; round++) {
        const child = await startProcess(t, all)
        const before = await subject.get('key-7')
        await child.ask({ kind: 'write for ever' })
        await until('the process writes', async () => (await subject.get('key-7')) !== before)
        await child.kill()
        assert.equal(await subject.set('after', `round ${round}`), true)
        assert.equal(await subject.get('after'), `round ${round}`)
        assert.match((await subject.get('key-7')) ?? '', /^(value-\d+)+$/)
      }
      assert.deepEqual(cache.verify().problems, [])
    })

    test('takes keys of any length and of any text, and tells them apart', async t => {
      const { subject } = open(t)
      const long = 'k'.repeat(4000)
      const keys = [
        `${long}a`,
        `${long}b`,
        'é'.repeat(130),
        '漢'.repeat(90),
        '😀'.repeat(70),
        'x#y',
      ]
      for (const key of keys) assert.equal(await subject.set(key, `of ${key}`), true)
      for (const key of keys) assert.equal(await subject.get(key), `of ${key}`)
      await subject.delete(keys[0] ?? '')
      assert.equal(await subject.get(keys[0] ?? ''), undefined)
      assert.equal(await subject.get(keys[1] ?? ''), `of ${keys[1]}`)
    })

    test('takes values of a megabyte, and refuses one that is larger than the cache', async t => {
      const warnings = warningsOf(t)
      const { cache, subject } = open(t)
      const large = 'x'.repeat(1_000_000)
      assert.equal(await subject.set('large', large), true)
      assert.equal(await subject.get('large'), large)
      const tooLarge = 'x'.repeat(cache.maxValueSize + 1)
      assert.equal(await subject.set('too large', tooLarge), false)
      assert.equal(await subject.set('too large', tooLarge), false)
      assert.equal(await subject.get('too large'), undefined)
      assert.deepEqual(warnings(), ['UNDERCROFT_VALUE_TOO_LARGE'])
    })

    test('refuses values of a full cache that may not evict, and keeps the old ones', async t => {
      const warnings = warningsOf(t)
      const { subject } = open(t, { maxItems: 8, eviction: 'none' })
      const stored: string[] = []
      for (let i = 0; i < 12; i++) if (await subject.set(`k${i}`, 'v')) stored.push(`k${i}`)
      assert.equal(stored.length, 8)
      for (const key of stored) assert.equal(await subject.get(key), 'v')
      assert.deepEqual(warnings(), ['UNDERCROFT_FULL'])
    })

    test('misses and refuses after its cache was closed', async t => {
      const warnings = warningsOf(t)
      const { cache, subject } = open(t)
      await subject.set('k', 'v')
      cache.close()
      assert.equal(await subject.get('k'), undefined)
      assert.equal(await subject.set('k', 'v'), false)
      await subject.delete('k')
      await subject.clear?.()
      assert.deepEqual(warnings(), ['UNDERCROFT_CLOSED'])
    })

    test('closes the cache that it opened, and no other', async t => {
      const warnings = warningsOf(t)
      const { all, cache, subject } = open(t)
      const own = make(all, PREFIX)
      await own.set('k', 'v')
      await own.close()
      assert.equal(await own.get('k'), undefined)
      assert.deepEqual(warnings(), ['UNDERCROFT_CLOSED'])
      await subject.close()
      assert.equal(await subject.get('k'), 'v')
      assert.equal(cache.stats().openers, 1)
    })

    test('lets an item end at its millisecond', async t => {
      const clock = new ManualClock()
      const options = {
        name: `ends-${process.pid}`,
        maxItems: 10,
        memory: 'private',
        clock,
      } as const
      const subject = make(options, PREFIX)
      onEnd(t, () => subject.close())
      t.mock.method(Date, 'now', clock.nowMs) // Hosts read the time themselves.
      assert.equal(await subject.set('k', 'v', 1000), true)
      clock.advance(999)
      assert.equal(await subject.get('k'), 'v')
      clock.advance(1)
      assert.equal(await subject.get('k'), undefined)
    })

    test('clears its own prefix only, and prefixes cannot meet', async t => {
      const { cache, subject } = open(t)
      const others = ['users-archive', 'user', 'users:b', 'keyv'].map(prefix =>
        make({ cache }, prefix),
      )
      await subject.set('b:k', 'of users')
      await subject.set('k'.repeat(500), 'of users')
      for (const [index, other] of others.entries()) await other.set('k', `of ${index}`)
      assert.equal(await subject.get('b:k'), 'of users')
      if (subject.clear === undefined) return
      await subject.clear()
      assert.equal(await subject.get('b:k'), undefined)
      assert.equal(await subject.get('k'.repeat(500)), undefined)
      for (const [index, other] of others.entries()) {
        assert.equal(await other.get('k'), `of ${index}`)
      }
    })

    test('clears also in a cache without tags', async t => {
      const { subject, cache } = open(t, { maxTags: 0 })
      if (subject.clear === undefined) return
      const other = make({ cache }, 'other')
      for (let i = 0; i < 20; i++) await subject.set(`k${i}`, 'v')
      await other.set('k', 'v')
      await subject.clear()
      for (let i = 0; i < 20; i++) assert.equal(await subject.get(`k${i}`), undefined)
      assert.equal(await other.get('k'), 'v')
    })

    test('refuses options that are misspelt or missing, by name', t => {
      const { cache } = open(t)
      const wrong: readonly (readonly [object, RegExp])[] = [
        [{ nam: 'x' }, /no option "nam"/],
        [{ cache, maxItems: 10 }, /no option "maxItems"; allowed are cache/],
        [{ name: 'x', maxItem: 10 }, /did you mean|maxItems/],
        [{ cache: {} }, /cache must be a Cache or a namespace/],
      ]
      for (const [options, message] of wrong) {
        assert.throws(() => make(options as never, PREFIX) as Subject, {
          code: 'UNDERCROFT_OPTION_INVALID',
          message,
        })
      }
    })

    test('takes a namespace of a cache', async t => {
      const { cache } = open(t)
      const subject = make({ cache: cache.namespace('tenant') as never }, PREFIX)
      const other = make({ cache: cache.namespace('other') as never }, PREFIX)
      await subject.set('k', 'v')
      assert.equal(await subject.get('k'), 'v')
      assert.equal(await other.get('k'), undefined)
      cache.namespace('tenant').clear()
      assert.equal(await subject.get('k'), undefined)
    })
  })
}
