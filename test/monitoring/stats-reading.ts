/**
 * Fake caches for the stats server, and a strict reader of Prometheus' text format.
 */

import assert from 'node:assert/strict'
import type { CacheStats } from '../../src/base/index.ts'
import type { StatsSource } from '../../src/monitoring/index.ts'

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

/** One line `name{cache="..."} value`. */
export interface Sample {
  readonly metric: string
  readonly cache: string
  readonly value: number
}

/**
 * Reads the text format, and fails on anything but groups of HELP, TYPE, and samples of that one
 * metric, each line ended, each group once, counters by their suffix.
 */
export function parseMetrics(text: string): Sample[] {
  assert.ok(text.endsWith('\n'))
  const samples: Sample[] = []
  const seen = new Set<string>()
  let metric = ''
  let isTyped = false
  for (const line of text.slice(0, -1).split('\n')) {
    const [, helped] = /^# HELP ([a-z_]+) [A-Z][^\\]*\.$/.exec(line) ?? []
    const [, typed, type] = /^# TYPE ([a-z_]+) (gauge|counter)$/.exec(line) ?? []
    if (helped !== undefined) {
      assert.ok(!seen.has(helped), `${helped} has two groups`)
      seen.add(helped)
      metric = helped
      isTyped = false
    } else if (typed !== undefined) {
      assert.equal(typed, metric)
      assert.equal(type === 'counter', metric.endsWith('_total'))
      isTyped = true
    } else {
      assert.ok(isTyped, `before any TYPE: ${line}`)
      samples.push(parseSample(line, metric))
    }
  }
  return samples
}

function parseSample(line: string, metric: string): Sample {
  const match = /^([a-z_]+)\{cache="((?:[^"\\\n]|\\["\\n])*)"\} (\d+)$/.exec(line)
  assert.ok(match !== null, `no sample: ${line}`)
  assert.equal(match[1], metric)
  const cache = (match[2] ?? '').replace(/\\(.)/g, (_, letter) => (letter === 'n' ? '\n' : letter))
  return { metric, cache, value: Number(match[3]) }
}
