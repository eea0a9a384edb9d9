/**
 * `undercroft/prometheus`: the metrics of caches in a registry of the package `prom-client`.
 */

import type { CacheStats } from '../base/index.ts'
import { METRICS, type PrometheusMetric, prometheusName, toPrometheus } from '../metrics/index.ts'

/** A cache whose counts are reported: a `Cache`. */
export interface ObservedCache {
  readonly name: string
  stats(): CacheStats
}

/** The part of a `Registry` of `prom-client` that is needed. */
export interface PrometheusRegistry {
  registerMetric(metric: never): void
  removeSingleMetric(name: string): void
}

/**
 * Adds the metrics of caches to a registry of `prom-client`, which reads them whenever it is asked
 * for its metrics. They cover all processes of the machine: register a cache in one of them.
 *
 * @param caches - those to report. A cache that cannot be read, for example because it was closed,
 * is left out.
 * @returns a function that removes the metrics
 * @throws an error of `prom-client` if the registry already has them
 * @example
 * registerMetrics(promClient.register, [cache])
 */
export function registerMetrics(
  registry: PrometheusRegistry,
  caches: readonly ObservedCache[],
): () => void {
  for (const metric of METRICS) {
    const { help, kind: type } = metric
    const name = prometheusName(metric)
    const get = (): Promise<PrometheusMetric> =>
      Promise.resolve({ ...toPrometheus(metric, readStats(caches)), aggregator: 'first' })
    registry.registerMetric({ name, help, type, aggregator: 'first', get, reset() {} } as never)
  }
  return () => {
    for (const metric of METRICS) registry.removeSingleMetric(prometheusName(metric))
  }
}

function readStats(caches: readonly ObservedCache[]): CacheStats[] {
  return caches.flatMap(cache => {
    try {
      return [cache.stats()]
    } catch {
      return []
    }
  })
}
