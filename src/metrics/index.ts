export { METRICS, type Metric } from './metrics.ts'
export { type PrometheusMetric, prometheusName, toPrometheus } from './prometheus.ts'
export { formatMetrics, METRICS_CONTENT_TYPE } from './prometheus-text.ts'
