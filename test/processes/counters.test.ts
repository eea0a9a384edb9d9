import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Child } from '../../testing/child.ts'
import { openHere, ownCache, startProcesses } from './cache-process.ts'
import type { ClusterTask } from './cluster-primary.ts'

const PROCESS_COUNT = 3
const TIMES = 20_000

describe('among processes', () => {
  test('increments by numbers and by bigints add up exactly', async t => {
    const options = ownCache(t, { maxItems: 10 })
    const cache = openHere(t, options)
    const processes = await startProcesses(t, PROCESS_COUNT, options)
    for (const [key, by] of [
      ['number', 3],
      ['bigint', 2n ** 40n],
    ] as const) {
      const request = { kind: 'increment', key, by, times: TIMES } as const
      await Promise.all(processes.map(process => process.ask(request)))
    }
    assert.equal(cache.get('number'), 3 * TIMES * PROCESS_COUNT)
    assert.equal(cache.get('bigint'), 2n ** 40n * BigInt(TIMES * PROCESS_COUNT))
  })

  test('counters that begin at the same moment begin once', async t => {
    const options = ownCache(t, { maxItems: 1000 })
    const cache = openHere(t, options)
    const processes = await startProcesses(t, PROCESS_COUNT, options)
    await Promise.all(
      processes.map(async process => {
        for (let i = 0; i < 50; i++) {
          await process.ask({ kind: 'increment', key: `key-${i}`, by: 1, times: 10 })
        }
      }),
    )
    const counts = Array.from(cache.entries(), ([, count]) => count)
    assert.deepEqual(counts, Array(50).fill(10 * PROCESS_COUNT))
  })

  test('exactly one adds a key', async t => {
    const options = ownCache(t, { maxItems: 5000 })
    const cache = openHere(t, options)
    const processes = await startProcesses(t, PROCESS_COUNT, options)
    const keys = Array.from({ length: 5000 }, (_, index) => `key-${index}`)
    const added = await Promise.all(processes.map(process => process.ask({ kind: 'addAll', keys })))
    assert.equal(
      (added as number[]).reduce((sum, count) => sum + count),
      keys.length,
    )
    for (const [index, process] of processes.entries()) {
      const owned = Array.from(cache.entries()).filter(([, pid]) => pid === process.pid)
      assert.equal(owned.length, added[index])
    }
  })

  test('of a cluster, too, increments add up and exactly one adds a key', async t => {
    const options = ownCache(t, { maxItems: 1000 })
    const cache = openHere(t, options)
    const primary = await Child.start<ClusterTask, number>(
      t,
      new URL('./cluster-primary.js', import.meta.url),
    )
    const keys = Array.from({ length: 500 }, (_, index) => `key-${index}`)
    const workers = PROCESS_COUNT
    const added = await primary.ask({ options, workers, times: TIMES, keys })
    assert.equal(cache.get('sum'), TIMES * workers)
    assert.equal(added, keys.length)
  })
})
