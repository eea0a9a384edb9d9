/**
 * Metrics of rare events: loads, and waits for the writer lock. hit-counters.ts counts reads.
 *
 * All openers add to the same words atomically. That is as exact as a cell for each opener, and
 * takes next to nothing of what such an event takes.
 */

import type { CacheStats } from '../base/index.ts'
import {
  LOAD_HISTOGRAM_OFFSET,
  LOCK_WAIT_HISTOGRAM_OFFSET,
  METRICS,
  METRICS_OFFSET,
  type Segment,
} from '../segment/index.ts'
import { LatencyHistogram } from './latency-histogram.ts'

const LOAD_FAILURES = METRICS.fields.loadFailures.offset / 8
const LOAD_WAITS = METRICS.fields.loadWaits.offset / 8

export class Metrics {
  /** How long the loads of `getOrSet` took, failed ones included. */
  readonly loads: LatencyHistogram
  /** How long writers waited that found the lock taken. */
  readonly lockWaits: LatencyHistogram
  readonly #integers: BigInt64Array

  constructor(segment: Segment) {
    this.loads = new LatencyHistogram(segment, LOAD_HISTOGRAM_OFFSET)
    this.lockWaits = new LatencyHistogram(segment, LOCK_WAIT_HISTOGRAM_OFFSET)
    this.#integers = new BigInt64Array(segment.mapping.buffer, METRICS_OFFSET, METRICS.size / 8)
  }

  countLoadFailure(): void {
    Atomics.add(this.#integers, LOAD_FAILURES, 1n)
  }

  countLoadWait(): void {
    Atomics.add(this.#integers, LOAD_WAITS, 1n)
  }

  read(): Pick<CacheStats, 'loads' | 'loadFailures' | 'loadWaits' | 'lockWaits'> {
    return {
      loads: this.loads.read(),
      loadFailures: Number(this.#integers[LOAD_FAILURES]),
      loadWaits: Number(this.#integers[LOAD_WAITS]),
      lockWaits: this.lockWaits.read(),
    }
  }
}
