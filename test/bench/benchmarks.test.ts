import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { measureBesideWriter } from '../../bench/engine/beside-writer.ts'
import { measureOrder } from '../../bench/engine/chains.ts'
import { measureChurn } from '../../bench/engine/churn.ts'
import { measureEvents } from '../../bench/engine/events.ts'
import { measureGrowth } from '../../bench/engine/growth.ts'
import { measureLoading } from '../../bench/engine/loading.ts'
import { measureRecovery } from '../../bench/engine/recovery.ts'
import { measureSweep } from '../../bench/engine/sweep.ts'
import { measureTags } from '../../bench/engine/tags.ts'
import { measureLoaders } from '../../bench/loaders/loaders.ts'
import { parseRoundOptions } from '../../bench/options.ts'
import { distributionOf } from '../../bench/results.ts'

describe('a benchmark of ours alone', () => {
  test('chains: gives each round with and without ordering, and the order helps', () => {
    const results = measureOrder(2000, 4)
    assert.equal(results.length, 5)
    for (const { nsPerGet, plainNsPerGet } of results) assert.ok(nsPerGet > 0 && plainNsPerGet > 0)
    assert.equal(new Set(results.map(({ plainDepth }) => plainDepth)).size, 1)
    assert.ok((results[4]?.depth ?? Infinity) < (results[0]?.depth ?? 0))
  })

  test('sweep: sweeps all that ended, and times each step', async t => {
    const scenario = { title: 'all', part: 1, valueSize: 100, options: { blockSize: 128 } }
    const result = await measureSweep(t, scenario, { itemCount: 2000, rounds: 2 })
    assert.ok(result.steps.count >= 2 * Math.floor(2000 / 256), `${result.steps.count} steps`)
    assert.equal(result.control.count, result.steps.count)
    assert.ok(result.sets.count > 0 && result.calmSets.count > 0)
    assert.ok(result.steps.median > 0 && result.steps.most >= result.steps.p99)
  })

  test('tags: the deletion of a tag leaves no item of it, here and elsewhere', async t => {
    const { deletionsUs, misses } = await measureTags(t, { itemCount: 1000, rounds: 2 })
    assert.equal(deletionsUs.length, 2)
    assert.equal(misses, 4)
  })

  test('events: each listener hears all that was written', async t => {
    const settings = { rounds: 1, marks: 3, perSecond: 2000, seconds: 1, idleMs: 10 }
    const result = await measureEvents(t, settings)
    assert.equal(result.latenciesMs.length, 3)
    assert.ok(result.latenciesMs.every(ms => ms >= 0))
    assert.equal(result.written.count, 2000)
    const heard = result.heard.map(({ count, gaps }) => [count, gaps])
    assert.deepEqual(heard, [
      [2000, 0],
      [2000, 0],
    ])
    assert.ok(result.cost.every(ratio => ratio > 0))
  })

  test('recovery: kills a writer each time, and somebody takes over', async t => {
    const result = await measureRecovery(t, {}, { itemCount: 1000, rounds: 2 })
    assert.equal(result.takeovers, 2)
    assert.deepEqual([result.takeover.wall.length, result.clear.cpu.length], [2, 2])
    assert.ok(result.takeover.wall.every(ms => ms > 0))
  })

  test('growth: compares each with the same work where it is cheap', t => {
    const goals = measureGrowth(t, { itemCount: 2000, rounds: 2 })
    assert.equal(goals.length, 4)
    for (const { title, ratios } of goals) {
      assert.equal(ratios.length, 2, title)
      assert.ok(
        ratios.every(ratio => ratio > 0 && Number.isFinite(ratio)),
        title,
      )
    }
  })

  test('loaders: one of 1000 callers in 4 processes loads, and the others wait for it', async t => {
    const results = await measureLoaders(t, {
      ...{ caches: ['undercroft'], rounds: 1, keyCount: 100, gets: 1000 },
    })
    const { loads, waits, hitNs } = results.get('undercroft') ?? assert.fail('not measured')
    assert.deepEqual(loads, [1])
    assert.equal(waits.length, 1000)
    assert.ok((hitNs[0] ?? 0) > 0)
  })

  test('loading: compares getOrSet with get for shared and near hits', async () => {
    const goals = await measureLoading(1, 1000)
    assert.equal(goals.length, 6)
    for (const { title, ratios } of goals) assert.ok((ratios[0] ?? 0) > 0, title)
  })

  test('beside-writer: reads go on beside a writer of the same keys, and of others', async t => {
    const goals = await measureBesideWriter(t, 1, 100)
    assert.equal(goals.length, 4)
    for (const { title, ratios } of goals) assert.ok((ratios[0] ?? 0) > 0, title)
  })

  test('churn: counts blocks in use, and gives the same twice', t => {
    const [first, second] = [1, 2].map(() => measureChurn(t, { itemCount: 300, rounds: 2 }))
    assert.equal(first?.length, 4)
    for (const { title, ratios } of first ?? []) {
      assert.ok(ratios.length === 2 && ratios.every(part => part > 0 && part <= 1), title)
    }
    assert.deepEqual(first, second)
  })

  test('tells medians and rare times apart', () => {
    const values = Float64Array.from({ length: 2000 }, (_, i) => 2000 - i)
    const { median, p99, p999, most, overThousand, count } = distributionOf(values)
    assert.deepEqual([median, p99, p999, most], [1001, 1981, 1999, 2000])
    assert.deepEqual([overThousand, count], [1000, 2000])
  })

  test('has a million items unless told otherwise, and refuses what it cannot do', () => {
    assert.deepEqual(parseRoundOptions([]), { itemCount: 1_000_000, rounds: 5 })
    assert.equal(parseRoundOptions(['--items', '5000', '--rounds', '2']).itemCount, 5000)
    assert.throws(() => parseRoundOptions(['--items', '10']), /--items/)
  })
})
