/**
 * Converts metrics to Prometheus' kinds, names and samples.
 */

import type { CacheStats, LatencyStats } from '../base/index.ts'
import type { Metric } from './metrics.ts'

/** A metric with the samples of all caches, in the form of the package `prom-client`. */
export interface PrometheusMetric {
  readonly name: string
  readonly help: string
  readonly type: Metric['kind']
  readonly values: readonly PrometheusSample[]
}

export interface PrometheusSample {
  /** Only for a sample that has another name than its metric. */
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/**
 * The upper bounds of the histograms' buckets: powers of four from 1.024 us to 69 s. Each is a
 * bound of the buckets that shared memory has, so the counts are exact.
 */
const BOUNDS_NS = Array.from({ length: 14 }, (_, i) => 1024 * 4 ** i)

export function toPrometheus(metric: Metric, caches: readonly CacheStats[]): PrometheusMetric {
  const { kind, help } = metric
  const name = prometheusName(metric)
  const values =
    metric.kind === 'histogram'
      ? caches.flatMap(stats => histogramSamples(name, stats.name, metric.read(stats)))
      : caches.map(stats => ({ labels: { cache: stats.name }, value: metric.read(stats) }))
  return { name, help, type: kind, values }
}

/** @returns the name with the unit and the suffix that Prometheus' conventions ask for */
export function prometheusName({ kind, name }: Metric): string {
  if (kind === 'counter') return `undercroft_${name}_total`
  return kind === 'histogram' ? `undercroft_${name}_seconds` : `undercroft_${name}`
}

function histogramSamples(
  name: string,
  cache: string,
  { count, totalMs, buckets }: LatencyStats,
): PrometheusSample[] {
  const bucket = (le: string, value: number) => ({
    metricName: `${name}_bucket`,
    labels: { cache, le },
    value,
  })
  const within = (boundMs: number) =>
    buckets.reduce((sum, part) => (part.belowMs <= boundMs ? sum + part.count : sum), 0)
  return [
    ...BOUNDS_NS.map(ns => bucket(String(ns / 1e9), within(ns / 1e6))),
    bucket('+Inf', count),
    { metricName: `${name}_sum`, labels: { cache }, value: totalMs / 1000 },
    { metricName: `${name}_count`, labels: { cache }, value: count },
  ]
}
