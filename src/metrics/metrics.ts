/**
 * The table of all metrics. What reports them, and docs/reference/metrics.md, are made from it.
 *
 * The names are those of Prometheus without the prefix `undercroft_` and without what the kind adds
 * (`_total`), and those of OpenTelemetry behind `undercroft.`. OpenTelemetry's exporter for
 * Prometheus makes the same names from the latter.
 */

import type { CacheStats, LatencyStats } from '../base/index.ts'

interface Described {
  readonly name: string
  /** A sentence. */
  readonly help: string
  /** The unit by UCUM; in braces: what is counted. */
  readonly unit: string
}

/** A metric that is one number for each cache. */
export interface NumberMetric extends Described {
  readonly kind: 'gauge' | 'counter'
  readonly read: (stats: CacheStats) => number
}

/** How long events took. */
export interface LatencyMetric extends Described {
  readonly kind: 'histogram'
  readonly read: (stats: CacheStats) => LatencyStats
}

export type Metric = NumberMetric | LatencyMetric

export const METRICS: readonly Metric[] = [
  gauge(
    'items',
    '{item}',
    'Items in the table, expired ones not yet swept included.',
    it => it.items,
  ),
  gauge('max_items', '{item}', 'Maximum number of items.', it => it.maxItems),
  gauge('pinned', '{item}', 'Items that nothing evicts.', it => it.pinned),
  counter('hits', '{read}', 'Reads that found a live item.', it => it.hits),
  counter('near_hits', '{read}', 'Those of them that found a near copy.', it => it.nearHits),
  counter('misses', '{read}', 'Reads that found no live item.', it => it.misses),
  counter('stale_hits', '{read}', 'Reads that returned a stale value.', it => it.staleHits),
  latency('load_duration', 'How long the loads of missing values took.', it => it.loads),
  counter(
    'load_failures',
    '{load}',
    'Loads that failed, or took longer than their timeout.',
    it => it.loadFailures,
  ),
  counter(
    'load_waits',
    '{call}',
    'Callers that waited for the load of another.',
    it => it.loadWaits,
  ),
  counter(
    'full',
    '{time}',
    'Times the cache was full: a value was refused, or all items were cleared for one.',
    it => it.full,
  ),
  counter('evicted', '{item}', 'Live items removed to make room.', it => it.evicted),
  counter('expired', '{item}', 'Expired items whose room was reclaimed.', it => it.expired),
  counter(
    'invalidated',
    '{item}',
    'Items whose room was reclaimed after the deletion of a tag.',
    it => it.invalidated,
  ),
  counter('dropped', '{item}', 'Items that recovery found cut short or damaged.', it => it.dropped),
  counter(
    'tags_evicted',
    '{tag}',
    'Tags that lost their place to others, so that their items are gone.',
    it => it.tagsEvicted,
  ),
  latency(
    'lock_wait_duration',
    'How long writers waited that found the lock taken.',
    it => it.lockWaits,
  ),
  counter(
    'takeovers',
    '{time}',
    'Writer locks taken over from an owner that died.',
    it => it.takeovers,
  ),
  gauge('segment_bytes', 'By', 'Bytes of shared memory.', it => it.size),
  gauge('free_blocks', '{block}', 'Blocks that hold no value.', it => it.freeBlocks),
  gauge('blocks', '{block}', 'Blocks for values, used and free.', it => it.blocks),
  gauge(
    'last_modified_timestamp_seconds',
    's',
    'The last change in Unix time, 0 if it is not recorded.',
    it => it.lastModifiedAtMs / 1000,
  ),
  gauge('openers', '{thread}', 'Threads that have the cache open now.', it => it.openers),
]

function gauge(name: string, unit: string, help: string, read: NumberMetric['read']): NumberMetric {
  return { kind: 'gauge', name, unit, help, read }
}

function counter(
  name: string,
  unit: string,
  help: string,
  read: NumberMetric['read'],
): NumberMetric {
  return { kind: 'counter', name, unit, help, read }
}

function latency(name: string, help: string, read: LatencyMetric['read']): LatencyMetric {
  return { kind: 'histogram', name, unit: 's', help, read }
}
