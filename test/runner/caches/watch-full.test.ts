import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CacheStats } from '../../../src/base/index.ts'
import { FullWatch } from '../../../src/runner/caches/watch-full.ts'
import { FakeCache } from '../../cli/fake-cache.ts'

/** What is said at each look, of a cache that had such counts then. */
function looks(...facts: Partial<CacheStats>[]): (string | undefined)[] {
  const all = facts.map(each => ({ ...new FakeCache('a').stats(), ...each }))
  const [first = new FakeCache('a').stats(), ...others] = all
  const watch = new FullWatch(first)
  return others.map(stats => watch.look(stats))
}

const DANGER = '*** DANGER cache "a" is FULL !!! ***'

test('a cache that is found full is told of once, and again when it was not for a while', () => {
  const counts = [7, 7, 8, 9, 20, 20, 21].map(full => ({ full }))
  assert.deepEqual(looks(...counts), [undefined, DANGER, undefined, undefined, undefined, DANGER])
})

test('a cache that clears itself is told of in the same words, its evictions are not', () => {
  const eviction = 'clear'
  assert.deepEqual(looks({ eviction }, { eviction, evicted: 9 }), [undefined])
  assert.deepEqual(looks({ eviction }, { eviction, evicted: 9, full: 1 }), [DANGER])
})

test('a cache that evicts says so as uWSGI does', () => {
  const eviction = 'lru'
  assert.deepEqual(looks({ eviction }, { eviction, evicted: 1 }), [
    'LRU item will be purged from cache "a"',
  ])
})
