/**
 * Fake caches for the stats server, and a strict reader of Prometheus' text format.
 */

import assert from 'node:assert/strict'
import type { CacheStats } from '../../src/base/index.ts'
import type { StatsSource } from '../../src/monitoring/index.ts'
import { NO_EVENTS } from '../../testing/cache-stats.ts'

/** A cache that has only counts. Names of real ones hold no special characters. */
export function fakeSource(name: string, facts: Partial<CacheStats> = {}): StatsSource {
  const stats: CacheStats = {
    name,
    items: 1,
    maxItems: 4,
    blockSize: 65536,
    blocks: 4,
    freeBlocks: 3,
    maxKeySize: 2048,
    maxValueSize: 65536,
    buckets: 65536,
    hash: 'murmur2',
    eviction: 'none',
    bitmap: false,
    size: 300_000,
    hits: 5,
    misses: 2,
    nearHits: 4,
    staleHits: 1,
    loads: NO_EVENTS,
    loadFailures: 12,
    loadWaits: 13,
    lockWaits: NO_EVENTS,
    full: 3,
    evicted: 0,
    expired: 6,
    invalidated: 8,
    pinned: 1,
    maxTags: 64,
    eventPlaces: 0,
    tagsEvicted: 9,
    takeovers: 7,
    dropped: 3,
    openers: 2,
    lastModifiedAtMs: 0,
    ...facts,
  }
  return { name, stats: () => stats }
}

/** One line `name{cache="..."} value`, of a histogram also with `le`. */
export interface Sample {
  readonly metric: string
  readonly cache: string
  readonly value: number
  readonly le?: string
}

/**
 * Reads the text format, and fails on anything but groups of HELP, TYPE, and samples of that one
 * metric, each line ended, each group once, counters by their suffix, histograms by their unit.
 */
export function parseMetrics(text: string): Sample[] {
  assert.ok(text.endsWith('\n'))
  const samples: Sample[] = []
  const seen = new Set<string>()
  let metric = ''
  let type: string | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    const [, helped] = /^# HELP ([a-z_]+) [A-Z][^\\]*\.$/.exec(line) ?? []
    const [, typed, kind] = /^# TYPE ([a-z_]+) (gauge|counter|histogram)$/.exec(line) ?? []
    if (helped !== undefined) {
      assert.ok(!seen.has(helped), `${helped} has two groups`)
      seen.add(helped)
      metric = helped
      type = undefined
    } else if (typed !== undefined) {
      assert.equal(typed, metric)
      type = kind
      assert.equal(type === 'counter', metric.endsWith('_total'))
      assert.equal(type === 'histogram', metric.endsWith('_duration_seconds'))
    } else {
      assert.ok(type !== undefined, `before any TYPE: ${line}`)
      samples.push(parseSample(line, metric, type === 'histogram'))
    }
  }
  return samples
}

const SAMPLE = /^([a-z_]+)\{cache="((?:[^"\\\n]|\\["\\n])*)"(?:,le="([^"]+)")?\} (\d+(?:\.\d+)?)$/

function parseSample(line: string, metric: string, isHistogram: boolean): Sample {
  const match = SAMPLE.exec(line)
  assert.ok(match !== null, `no sample: ${line}`)
  const [, name = '', label = '', le, value] = match
  assert.equal(isHistogram ? name.replace(/_(bucket|sum|count)$/, '') : name, metric)
  assert.equal(le !== undefined, isHistogram && name.endsWith('_bucket'))
  const cache = label.replace(/\\(.)/g, (_, letter) => (letter === 'n' ? '\n' : letter))
  return { metric: name, cache, value: Number(value), ...(le === undefined ? {} : { le }) }
}
