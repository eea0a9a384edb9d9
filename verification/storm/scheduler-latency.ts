/**
 * The delay that the scheduler of this machine adds to any wait. A thread that uses no cache sleeps
 * for a short time again and again, and records how much too late it wakes. Longer waits of other
 * threads have another cause.
 */

import { isMainThread, Worker, workerData } from 'node:worker_threads'

const NAP_MS = 2

export interface SchedulerLatency {
  /** The longest delay so far. */
  worstMs(): number
  stop(): Promise<unknown>
}

export function measureSchedulerLatency(): SchedulerLatency {
  const latest = new Float64Array(new SharedArrayBuffer(8))
  const worker = new Worker(new URL('./scheduler-latency.js', import.meta.url), {
    workerData: latest,
  })
  return { worstMs: () => latest[0], stop: () => worker.terminate() }
}

if (!isMainThread && workerData instanceof Float64Array) measure(workerData)

function measure(latest: Float64Array): void {
  const never = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    const startMs = performance.now()
    Atomics.wait(never, 0, 0, NAP_MS)
    latest[0] = Math.max(latest[0], performance.now() - startMs - NAP_MS)
  }
}
