/**
 * docs/reference/metrics.md, made from the table of metrics.
 */

import { METRICS, type Metric, prometheusName } from '../src/metrics/index.ts'

const HEAD = `# Metrics

Every metric of a cache, with its names in Prometheus and OpenTelemetry. Written from the table in
the source by \`npm run docs:metrics\`. The [guide](../guide/metrics.md) shows how to read them.

All metrics count what all processes and threads of the machine did since the cache was created.
Prometheus' samples have the label \`cache\`. OpenTelemetry's have the attributes \`db.system.name\`
(\`undercroft\`) and \`db.namespace\` (the cache), which are those of the
[semantic conventions for databases](https://opentelemetry.io/docs/specs/semconv/database/), stable
since version 1.33; there are none for caches.

A histogram has 14 buckets in Prometheus, at powers of four from 1.024 us to 69 s. OpenTelemetry's
API has no histogram that can be observed, so its count and its sum are two metrics. Shared memory
has four buckets for each power of two, so the percentiles in \`stats()\` are correct within an
eighth.

| Prometheus | kind | OpenTelemetry | unit | meaning |
| ---------- | ---- | ------------- | ---- | ------- |
`

/** @returns the whole page */
export function formatMetricsPage(): string {
  return HEAD + METRICS.map(formatRow).join('')
}

function formatRow(metric: Metric): string {
  const { kind, name, unit, help } = metric
  const names = kind === 'histogram' ? [`${name}.count`, `${name}.sum`] : [name]
  const otel = names.map(part => `\`undercroft.${part}\``).join(', ')
  return `| \`${prometheusName(metric)}\` | ${kind} | ${otel} | \`${unit}\` | ${help} |\n`
}
