import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PrefixingKeyValueCache } from '@apollo/utils.keyvaluecache'
import { UndercroftKeyValueCache } from '../../src/adapters/apollo.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { onEnd } from '../../testing/scope.ts'
import { warningsOf } from './warnings.ts'

function open(ttlMs?: number) {
  const clock = new ManualClock()
  const options = { name: `apollo-${process.pid}`, maxItems: 10, memory: 'private', clock } as const
  const cache = new UndercroftKeyValueCache({ ...options, ...(ttlMs && { ttlMs }) })
  return { cache, clock }
}

test('a value ends after ttl seconds; null is for ever, and none what the cache says', async t => {
  const { cache, clock } = open(5000)
  onEnd(t, () => cache.close())
  const apq = new PrefixingKeyValueCache(cache, 'apq:')
  await apq.set('short', 'v', { ttl: 1 })
  await apq.set('usual', 'v')
  await apq.set('ever', 'v', { ttl: null })
  clock.advance(1000)
  assert.equal(await apq.get('short'), undefined)
  assert.equal(await apq.get('usual'), 'v')
  clock.advance(4000)
  assert.equal(await apq.get('usual'), undefined)
  clock.advance(1e12)
  assert.equal(await apq.get('ever'), 'v')
  assert.equal(await apq.delete('ever'), true)
  assert.equal(await apq.delete('ever'), false)
})

test('a cache that is closed is a miss, with one warning', async t => {
  const warnings = warningsOf(t)
  const { cache } = open()
  cache.close()
  await cache.set('k', 'v')
  assert.equal(await cache.get('k'), undefined)
  assert.equal(await cache.delete('k'), false)
  assert.deepEqual(warnings(), ['UNDERCROFT_CLOSED'])
})
