import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatMetrics } from '../../src/metrics/index.ts'
import { NO_EVENTS } from '../../testing/cache-stats.ts'
import { fakeSource, parseMetrics } from '../monitoring/stats-reading.ts'

test('durations are a histogram, whose buckets add up', () => {
  const buckets = [
    { belowMs: 1.048576, count: 2 }, // the bound of a bucket of the histogram
    { belowMs: 1.31072, count: 3 },
    { belowMs: Infinity, count: 1 },
  ]
  const loads = { ...NO_EVENTS, count: 6, totalMs: 4_000_000, buckets }
  const samples = parseMetrics(formatMetrics([fakeSource('a', { loads }).stats()]))
  const valuesOf = (name: string) =>
    samples.filter(({ metric }) => metric === `undercroft_load_duration_seconds_${name}`)
  assert.deepEqual(
    valuesOf('bucket').map(({ le, value }) => [Number(le), value]),
    [
      ...[1.024e-6, 4.096e-6, 1.6384e-5, 6.5536e-5, 2.62144e-4].map(le => [le, 0]),
      ...[
        [1.048576e-3, 2],
        [4.194304e-3, 5],
      ],
      ...[0.016777216, 0.067108864, 0.268435456, 1.073741824].map(le => [le, 5]),
      ...[4.294967296, 17.179869184, 68.719476736].map(le => [le, 5]),
      [Number.NaN, 6],
    ],
  )
  assert.deepEqual(
    [...valuesOf('sum'), ...valuesOf('count')].map(({ value }) => value),
    [4000, 6],
  )
})
