/**
 * The statistics as Prometheus reads them: text format 0.0.4.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */

import type { CacheStats } from '../base/index.ts'
import { METRICS } from './metrics.ts'
import { type PrometheusMetric, toPrometheus } from './prometheus.ts'

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Formats all metrics of all caches, each metric in one group, as the format requires. */
export function formatMetrics(caches: readonly CacheStats[]): string {
  return METRICS.map(metric => formatMetric(toPrometheus(metric, caches))).join('')
}

function formatMetric({ name, help, type, values }: PrometheusMetric): string {
  const samples = values.map(({ metricName = name, labels, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
    return `${metricName}{${pairs.join()}} ${value}\n`
  })
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.join('')}`
}

/** Escapes the three characters that a label's value may not contain. */
function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
