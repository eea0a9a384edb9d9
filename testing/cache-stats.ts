/** Counts of caches, for fakes. */

import type { LatencyStats } from '../src/base/index.ts'

export const NO_EVENTS: LatencyStats = {
  count: 0,
  totalMs: 0,
  p50Ms: 0,
  p90Ms: 0,
  p99Ms: 0,
  buckets: [],
}
