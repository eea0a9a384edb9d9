import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { observeMetrics } from '../../src/adapters/opentelemetry.ts'
import { Cache } from '../../src/index.ts'
import { METRICS } from '../../src/metrics/index.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'

function open(scope: Scope, name: string): Cache {
  const cache = Cache.open({ name, maxItems: 10, memory: 'private' })
  onEnd(scope, () => cache.destroy())
  return cache
}

/** OpenTelemetry's own SDK, and what it exported last: the points of each metric. */
function openSdk(scope: Scope) {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({ readers: [reader] })
  onEnd(scope, () => provider.shutdown())
  return {
    meter: provider.getMeter('test'),
    async collect() {
      exporter.reset()
      await reader.forceFlush()
      const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics)
      return new Map(
        metrics
          .flatMap(scope => scope.metrics)
          .map(({ descriptor, dataPoints }) => [descriptor.name, { descriptor, dataPoints }]),
      )
    },
  }
}

describe('a meter of OpenTelemetry', () => {
  test('observes each metric of the table, by its name and unit', async t => {
    const { meter, collect } = openSdk(t)
    observeMetrics([open(t, 'a')], { meter })
    const names = METRICS.flatMap(({ kind, name }) =>
      kind === 'histogram'
        ? [`undercroft.${name}.count`, `undercroft.${name}.sum`]
        : [`undercroft.${name}`],
    )
    const metrics = await collect()
    assert.deepEqual([...metrics.keys()], names)
    assert.equal(metrics.get('undercroft.load_duration.sum')?.descriptor.unit, 's')
  })

  test('tells the counts of now, with the attributes of databases', async t => {
    const { meter, collect } = openSdk(t)
    const cache = open(t, 'a')
    observeMetrics([cache], { meter })
    const hits = async () =>
      (await collect()).get('undercroft.hits')?.dataPoints.map(({ value, attributes }) => ({
        value,
        attributes,
      }))
    const attributes = { 'db.system.name': 'undercroft', 'db.namespace': 'a' }
    cache.set('k', 1)
    cache.get('k')
    assert.deepEqual(await hits(), [{ value: 1, attributes }])
    cache.get('k')
    assert.deepEqual(await hits(), [{ value: 2, attributes }])
  })

  test('leaves out a cache that was closed, and asks no more after the end', async t => {
    const { meter, collect } = openSdk(t)
    const closed = open(t, 'closed')
    const cache = open(t, 'open')
    const stop = observeMetrics([closed, cache], { meter })
    closed.close()
    const items = (await collect()).get('undercroft.items')?.dataPoints
    assert.deepEqual(
      items?.map(({ attributes }) => attributes['db.namespace']),
      ['open'],
    )
    stop()
    cache.set('k', 1)
    // The SDK exports what it observed last, before the end.
    const after = (await collect()).get('undercroft.items')?.dataPoints
    assert.deepEqual(
      after?.map(({ value }) => value),
      [0],
    )
  })
})
