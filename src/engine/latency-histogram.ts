/**
 * Latency histograms: how long events took, counted by all processes in the same buckets.
 *
 * The buckets are log-linear, as those of HdrHistogram (http://hdrhistogram.org): each power of two
 * nanoseconds has four of the same width, from 1024 ns to 53 minutes. A percentile is the middle of
 * its bucket, which is wrong by at most an eighth. The first bucket holds all shorter durations,
 * the last one all longer ones.
 */

import type { LatencyStats } from '../base/index.ts'
import { HISTOGRAM, HISTOGRAM_BUCKETS, type Segment } from '../segment/index.ts'

const SHORTEST_NS = 1024
const BUCKETS_A_DOUBLING = 4
const NS_A_MS = 1e6
const SUM_NS = HISTOGRAM.fields.sumNs.offset / 8
const FIRST_BUCKET = HISTOGRAM.size / 8

export class LatencyHistogram {
  readonly #integers: BigInt64Array

  /** @param offset - the position of the histogram in the segment, in bytes */
  constructor(segment: Segment, offset: number) {
    const { buffer } = segment.mapping
    this.#integers = new BigInt64Array(buffer, offset, FIRST_BUCKET + HISTOGRAM_BUCKETS)
  }

  /** Counts an event, in some 200 ns. It needs no lock. */
  count(durationMs: number): void {
    const ns = Math.max(0, Math.round(durationMs * NS_A_MS))
    Atomics.add(this.#integers, FIRST_BUCKET + bucketOf(ns), 1n)
    Atomics.add(this.#integers, SUM_NS, BigInt(ns))
  }

  read(): LatencyStats {
    const counts = Array.from(this.#integers.subarray(FIRST_BUCKET), Number)
    const count = counts.reduce((sum, part) => sum + part, 0)
    return {
      count,
      totalMs: Number(this.#integers[SUM_NS]) / NS_A_MS,
      p50Ms: percentile(counts, count * 0.5),
      p90Ms: percentile(counts, count * 0.9),
      p99Ms: percentile(counts, count * 0.99),
      buckets: counts.flatMap((part, bucket) =>
        part === 0 ? [] : [{ belowMs: startOf(bucket + 1) / NS_A_MS, count: part }],
      ),
    }
  }
}

function bucketOf(ns: number): number {
  if (ns < SHORTEST_NS) return 0
  const doublings = Math.floor(Math.log2(ns / SHORTEST_NS))
  const part = Math.floor((ns / SHORTEST_NS / 2 ** doublings - 1) * BUCKETS_A_DOUBLING)
  return Math.min(1 + doublings * BUCKETS_A_DOUBLING + part, HISTOGRAM_BUCKETS - 1)
}

/** @returns the shortest duration of a bucket, in nanoseconds; `Infinity` behind the last one */
function startOf(bucket: number): number {
  if (bucket === 0) return 0
  if (bucket >= HISTOGRAM_BUCKETS) return Infinity
  const doublings = Math.floor((bucket - 1) / BUCKETS_A_DOUBLING)
  const part = (bucket - 1) % BUCKETS_A_DOUBLING
  return SHORTEST_NS * 2 ** doublings * (1 + part / BUCKETS_A_DOUBLING)
}

/** @returns the middle of the bucket that holds the event of a rank; 0 without events */
function percentile(counts: readonly number[], rank: number): number {
  let seen = 0
  for (const [bucket, count] of counts.entries()) {
    seen += count
    if (count === 0 || seen < rank) continue
    const start = startOf(bucket)
    const end = startOf(bucket + 1)
    return (end === Infinity ? start : (start + end) / 2) / NS_A_MS
  }
  return 0
}
