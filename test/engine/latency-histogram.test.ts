import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LatencyHistogram } from '../../src/engine/latency-histogram.ts'
import { LOAD_HISTOGRAM_OFFSET, LOCK, LOCK_OFFSET } from '../../src/segment/index.ts'
import { openBench } from '../../testing/segments.ts'

const OWNER = (LOCK_OFFSET + LOCK.fields.owner.offset) / 4

/** Durations are whole nanoseconds. */
const NANOSECOND_MS = 1e-6

const openHistogram = () => new LatencyHistogram(openBench().segment, LOAD_HISTOGRAM_OFFSET)

describe('a latency histogram', () => {
  test('is empty at first', () => {
    const none = { count: 0, totalMs: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, buckets: [] }
    assert.deepEqual(openHistogram().read(), none)
  })

  test('tells each duration from 1 us to 53 minutes within an eighth', () => {
    for (let ms = 0.001024; ms < 3_000_000; ms *= 1.07) {
      const histogram = openHistogram()
      histogram.count(ms)
      const { p50Ms, p99Ms, totalMs, buckets } = histogram.read()
      assert.ok(Math.abs(p50Ms - ms) <= ms / 8 + NANOSECOND_MS, `${ms} ms is told as ${p50Ms}`)
      assert.equal(p99Ms, p50Ms)
      assert.ok(Math.abs(totalMs - ms) <= NANOSECOND_MS)
      const [bucket, ...others] = buckets
      assert.deepEqual(others, [])
      assert.ok(bucket !== undefined && bucket.belowMs >= ms && bucket.belowMs <= ms * 1.26)
    }
  })

  test('counts what is shorter or longer in its outermost buckets', () => {
    const histogram = openHistogram()
    for (const ms of [0, 0.0005, -1, 1e9]) histogram.count(ms)
    const { count, buckets } = histogram.read()
    assert.equal(count, 4)
    assert.deepEqual(buckets, [
      { belowMs: 0.001024, count: 3 },
      { belowMs: Infinity, count: 1 },
    ])
  })

  test('has its percentiles in the right buckets, and the sum of all', () => {
    const histogram = openHistogram()
    for (let ms = 1; ms <= 100; ms++) histogram.count(ms)
    const { count, totalMs, p50Ms, p90Ms, p99Ms } = histogram.read()
    assert.equal(count, 100)
    assert.equal(Math.round(totalMs), 5050)
    for (const [told, is] of [
      [p50Ms, 50],
      [p90Ms, 90],
      [p99Ms, 99],
    ] as const) {
      assert.ok(Math.abs(told - is) <= is / 8, `${is} ms is told as ${told}`)
    }
  })

  test('is one for all openers of a cache', () => {
    const bench = openBench()
    const other = bench.attach()
    bench.engine.metrics.loads.count(2)
    other.metrics.loads.count(4)
    assert.equal(bench.engine.stats().loads.count, 2)
    assert.equal(other.stats().loads.totalMs, 6)
  })
})

test('a writer that finds the lock taken counts its wait', () => {
  const { segment, set, engine } = openBench()
  set('k', 'v')
  assert.equal(engine.stats().lockWaits.count, 0)
  segment.words[OWNER] = 4711 // of an owner that is gone
  set('k', 'w')
  assert.equal(engine.stats().lockWaits.count, 1)
})
