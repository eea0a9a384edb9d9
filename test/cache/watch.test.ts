import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { until } from '../../testing/deadline.ts'
import { collect, EVENTS, isLast, open, plain, settled } from './collected-events.ts'

describe('watch', () => {
  test('passes the new value after each change, and undefined when the item is gone', async t => {
    const cache = open(t)
    const values: unknown[] = []
    cache.watch('flag', value => values.push(value))
    const changes: readonly (readonly [() => unknown, unknown])[] = [
      [() => cache.set('flag', true), true],
      [() => cache.set('flag', { on: 1 }), { on: 1 }],
      [() => cache.delete('flag'), undefined],
      [() => cache.set('flag', 'tagged', { tags: ['t'] }), 'tagged'],
      [() => cache.deleteTag('t'), undefined],
      [() => cache.increment('flag'), 1],
      [() => cache.clear(), undefined],
    ]
    for (const [change, value] of changes) {
      const before = values.length
      change()
      cache.set('other', 1)
      await until('the change came', () => values.length > before)
      assert.deepEqual(values.at(-1), value)
    }
    assert.equal(values.length, changes.length)
    assert.equal(cache.stats().hits + cache.stats().misses, 0, 'it counts nothing')
  })

  test('makes one call of several changes in a row, with the last value', async t => {
    const cache = open(t)
    const values: unknown[] = []
    cache.watch('k', value => values.push(value))
    for (let i = 0; i < 100; i++) cache.set('k', i)
    const seen = collect(cache)
    await settled(cache, seen)
    assert.deepEqual(values, [99])
  })

  test('sees the last change even if it was too slow for the events', async t => {
    const cache = open(t)
    const values: unknown[] = []
    cache.watch('k', value => values.push(value))
    cache.set('k', 'changed')
    for (let i = 0; i < 2 * EVENTS; i++) cache.set('other', i)
    await until('the change came', () => values.length > 0)
    assert.deepEqual(values, ['changed'])
  })

  test('does not report a key that was absent and is still', async t => {
    const cache = open(t)
    const values: unknown[] = []
    cache.watch('k', value => values.push(value))
    const seen = collect(cache)
    cache.clear()
    await settled(cache, seen)
    assert.deepEqual(values, [])
  })
})

describe('a namespace', () => {
  test('gets the events of its keys, without the prefix, and what concerns all', async t => {
    const cache = open(t)
    const inner = cache.namespace('tenant:4')
    const seen = collect(inner)
    const all = collect(cache)
    cache.set('user:1', 1)
    inner.set('user:1', 1)
    inner.namespace('deep').set('k', 1)
    inner.namespace('deep').clear()
    cache.namespace('tenant:5').clear()
    inner.clear()
    cache.deleteTag('t')
    cache.clear()
    await settled(cache, all)
    inner.set('the end', 1)
    assert.deepEqual(plain((await settled(cache, seen)).filter(event => !isLast(event))), [
      ...['set user:1', 'set deep:k', 'clear "deep:"', 'clear ""', 'invalidate t', 'clear ""'],
    ])
    const cleared = plain(all).filter(event => event.startsWith('clear'))
    assert.deepEqual(cleared, [
      ...['clear "tenant:4:deep:"', 'clear "tenant:5:"', 'clear "tenant:4:"', 'clear ""'],
    ])
  })

  test('watches its keys, and sees that it was cleared', async t => {
    const cache = open(t)
    const space = cache.namespace('flags')
    const values: unknown[] = []
    space.watch('a', value => values.push(value))
    cache.set('a', 'of the cache')
    space.set('a', 'of the namespace')
    await until('the set came', () => values.length === 1)
    space.clear()
    await until('the clear came', () => values.length === 2)
    assert.deepEqual(values, ['of the namespace', undefined])
  })
})
