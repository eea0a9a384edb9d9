import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Cache, CacheOptions } from '../../src/index.ts'
import { Child } from '../../testing/child.ts'
import { until } from '../../testing/deadline.ts'
import type { BusyMessage, BusyReport, BusyTask } from './busy-child.ts'
import { openHere, ownCache } from './cache-process.ts'
import { checkedValue } from './checked-value.ts'

const MODES = [
  ['one block an item', { bitmap: false }],
  ['bitmap mode', { bitmap: true, blockSize: 64, blocks: 60_000 }],
] as const

type Busy = Child<BusyTask | 'stop', BusyMessage>

async function startBusy(t: TestContext, task: BusyTask): Promise<Busy> {
  const child: Busy = await Child.start(t, new URL('./busy-child.js', import.meta.url))
  assert.equal(await child.ask(task), 'started')
  return child
}

async function stop(child: Busy): Promise<BusyReport> {
  return (await child.ask('stop')) as BusyReport
}

/** Reads until others have written so often that a fault had every chance to happen. */
async function untilWritten(cache: Cache, key: string, times: number): Promise<void> {
  let seen = 0
  let last: unknown
  await until(`${key} was seen to change ${times} times`, () => {
    for (let i = 0; i < 200; i++) {
      const value = JSON.stringify(cache.get(key))
      if (value !== last) seen++
      last = value
    }
    return seen >= times
  })
}

describe('reading while others write', () => {
  for (const [mode, options] of MODES) {
    test(`${mode}: two processes see only whole values, of keys that are always there`, async t => {
      const all = ownCache(t, { maxItems: 2000, ...options })
      const cache = openHere(t, all)
      const keys = ['hot', 'warm']
      for (const key of keys) cache.set(key, checkedValue(key, 0, 10))
      const writer = await startBusy(t, { options: all, work: 'overwrite', keys })
      const readers = await Promise.all(
        [1, 2].map(() => startBusy(t, { options: all, work: 'read', keys })),
      )
      await untilWritten(cache, 'hot', 300)
      for (const reader of readers) assert.deepEqual((await stop(reader)).faults, [])
      await stop(writer)
    })

    test(`${mode}: a key is never missed while its neighbours come and go`, async t => {
      // As many keys as places: chains are long, and slots move from one to another all the time.
      const all: CacheOptions = ownCache(t, { maxItems: 1200, eviction: 'lru', ...options })
      const cache = openHere(t, all)
      const keys = Array.from({ length: 300 }, (_, index) => `stable-${index}`)
      for (const [index, key] of keys.entries()) cache.set(key, checkedValue(key, index, 20))
      const churning = await startBusy(t, { options: all, work: 'churn', keys: [] })
      const reader = await startBusy(t, { options: all, work: 'read', keys })
      for (let round = 0; round < 300; round++) {
        for (const key of keys) assert.ok(cache.has(key), `${key} is a miss`)
        await nextTurn()
      }
      assert.deepEqual((await stop(reader)).faults, [])
      assert.ok((await stop(churning)).turns > 20)
    })
  }
})

describe('iterating while another process writes, deletes and evicts', () => {
  const STABLE = Array.from({ length: 500 }, (_, index) => `stable-${index}`)
  const ROUNDS = 100

  const iterations: readonly [string, (cache: Cache) => Iterable<string>][] = [
    ['keys', cache => cache.keys()],
    ['entries', cache => Array.from(cache.entries(), ([key]) => key)],
    ['keyPage', pagedKeys],
  ]

  for (const [name, iterate] of iterations) {
    test(`${name} ends, and gives each key that stays exactly once`, async t => {
      const options = ownCache(t, { maxItems: 900, eviction: 'lru' })
      const cache = openHere(t, options)
      for (const key of STABLE) cache.set(key, 'stable')
      const churning = await startBusy(t, { options, work: 'churn', keys: STABLE })
      for (let round = 0; round < ROUNDS; round++) {
        const found = Array.from(iterate(cache)).filter(key => key.startsWith('stable-'))
        assert.equal(found.length, STABLE.length)
        assert.equal(new Set(found).size, STABLE.length)
        await nextTurn()
      }
      await until('items were evicted', () => cache.stats().evicted > 100)
      await stop(churning)
    })
  }
})

function* pagedKeys(cache: Cache): Generator<string> {
  let cursor = 0
  do {
    const { keys, next } = cache.keyPage(cursor, 37)
    for (const key of keys) yield key.toString()
    cursor = next
  } while (cursor !== 0)
}
