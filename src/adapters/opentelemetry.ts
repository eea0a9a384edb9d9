/**
 * `undercroft/opentelemetry`: the metrics of caches by the package `@opentelemetry/api`.
 *
 * The attributes are those of the semantic conventions for databases, version 1.33 and later:
 * https://opentelemetry.io/docs/specs/semconv/database/. There are none for caches.
 */

import { type Meter, metrics, type Observable, type ObservableResult } from '@opentelemetry/api'
import type { CacheStats } from '../base/index.ts'
import { METRICS, type Metric } from '../metrics/index.ts'

/** A cache whose counts are reported: a `Cache`. */
export interface ObservedCache {
  readonly name: string
  stats(): CacheStats
}

/** What {@link observeMetrics} can be given in addition to the caches. */
export interface ObserveMetricsOptions {
  /** The meter that makes the instruments. @default that of the global provider */
  readonly meter?: Meter | undefined
}

/** An instrument, and what it observes of one cache. */
interface Observed {
  readonly instrument: Observable
  readonly read: (stats: CacheStats) => number
}

/**
 * Reports the metrics of caches by OpenTelemetry, as observable instruments named `undercroft.hits`
 * and so on. They cover all processes of the machine: observe a cache in one of them.
 *
 * @param caches - those to report. A cache that cannot be read, for example because it was closed,
 * is left out.
 * @returns a function that ends it
 * @example
 * const stop = observeMetrics([cache])
 */
export function observeMetrics(
  caches: readonly ObservedCache[],
  options: ObserveMetricsOptions = {},
): () => void {
  const meter = options.meter ?? metrics.getMeter('undercroft')
  const observed = METRICS.flatMap(metric => createInstruments(meter, metric))
  const instruments = observed.map(({ instrument }) => instrument)
  const observe = (result: BatchResult) => {
    for (const cache of caches) observeCache(result, cache, observed)
  }
  meter.addBatchObservableCallback(observe, instruments)
  return () => meter.removeBatchObservableCallback(observe, instruments)
}

interface BatchResult {
  observe(instrument: Observable, ...values: Parameters<ObservableResult['observe']>): void
}

function observeCache(
  result: BatchResult,
  cache: ObservedCache,
  observed: readonly Observed[],
): void {
  let stats: CacheStats
  try {
    stats = cache.stats()
  } catch {
    return
  }
  const attributes = { 'db.system.name': 'undercroft', 'db.namespace': stats.name }
  for (const { instrument, read } of observed) result.observe(instrument, read(stats), attributes)
}

/** A histogram has no observable instrument. Its count and its sum stand for it. */
function createInstruments(meter: Meter, metric: Metric): Observed[] {
  const { unit, help: description } = metric
  const name = `undercroft.${metric.name}`
  if (metric.kind === 'histogram') {
    const count = meter.createObservableCounter(`${name}.count`, { unit: '{event}', description })
    const sum = meter.createObservableCounter(`${name}.sum`, { unit, description })
    return [
      { instrument: count, read: stats => metric.read(stats).count },
      { instrument: sum, read: stats => metric.read(stats).totalMs / 1000 },
    ]
  }
  const options = { unit, description }
  const instrument =
    metric.kind === 'counter'
      ? meter.createObservableCounter(name, options)
      : meter.createObservableGauge(name, options)
  return [{ instrument, read: metric.read }]
}
