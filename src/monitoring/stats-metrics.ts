/**
 * The statistics as Prometheus reads them: text format 0.0.4.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */

import type { CacheStats } from '../base/index.ts'

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Formats all metrics of all caches, each metric in one group, as the format requires. */
export function formatMetrics(caches: readonly CacheStats[]): string {
  return METRICS.map(metric => formatMetric(metric, caches)).join('')
}

interface Metric {
  readonly name: string
  readonly type: 'gauge' | 'counter'
  readonly help: string
  read(stats: CacheStats): number
}

const METRICS: readonly Metric[] = [
  gauge('items', 'Items in the table, expired ones not yet swept included.', it => it.items),
  gauge('max_items', 'Maximum number of items.', it => it.maxItems),
  counter('hits', 'Reads that found a live item.', it => it.hits),
  counter('misses', 'Reads that found no live item.', it => it.misses),
  counter(
    'full',
    'Times the cache was full: a value was refused, or all items were cleared for one.',
    it => it.full,
  ),
  counter('evicted', 'Live items removed to make room.', it => it.evicted),
  counter('expired', 'Expired items whose room was reclaimed.', it => it.expired),
  counter('takeovers', 'Writer locks taken over from an owner that died.', it => it.takeovers),
  counter('dropped', 'Items that recovery found cut short or damaged.', it => it.dropped),
  gauge('segment_bytes', 'Bytes of shared memory.', it => it.size),
  gauge('free_blocks', 'Blocks that hold no value.', it => it.freeBlocks),
  gauge('blocks', 'Blocks for values, used and free.', it => it.blocks),
  gauge(
    'last_modified_timestamp_seconds',
    'The last change in Unix time, 0 if it is not recorded.',
    it => it.lastModifiedAtMs / 1000,
  ),
  gauge('openers', 'Threads that have the cache open now.', it => it.openers),
]

function gauge(name: string, help: string, read: Metric['read']): Metric {
  return { name: `undercroft_${name}`, type: 'gauge', help, read }
}

function counter(name: string, help: string, read: Metric['read']): Metric {
  return { name: `undercroft_${name}_total`, type: 'counter', help, read }
}

function formatMetric({ name, type, help, read }: Metric, caches: readonly CacheStats[]): string {
  const samples = caches.map(
    stats => `${name}{cache="${escapeLabel(stats.name)}"} ${read(stats)}\n`,
  )
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.join('')}`
}

/** Escapes the three characters that a label's value may not contain. */
function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
