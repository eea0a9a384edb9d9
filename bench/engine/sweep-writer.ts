/**
 * A process that calls `set` at full speed on request and records how long each call took.
 */

import { setImmediate as turn } from 'node:timers/promises'
import { Cache } from '../../src/index.ts'
import { answer } from '../../testing/child-side.ts'
import { STRING_VALUE } from '../compare/workload.ts'
import { type Distribution, distributionOf } from '../results.ts'

export type WriterOrder =
  | { readonly kind: 'open'; readonly name: string; readonly directory: string }
  | { readonly kind: 'resume' }
  | { readonly kind: 'pause' }
  /** Report the microseconds that each set took since the last report. */
  | { readonly kind: 'report' }

export type WriterAnswer = Distribution | 'done'

export const WRITER_KEY_COUNT = 1000

/** Sets between two checks for messages. */
const SETS_A_TURN = 2000
/** Sets beyond this number are made but not recorded. */
const MOST_NOTED = 5_000_000

const keys = Array.from({ length: WRITER_KEY_COUNT }, (_, i) => `writer:${i}`)
const times = new Float64Array(MOST_NOTED)
let count = 0
let cache: Cache | undefined
let isPaused = true

answer<WriterOrder, WriterAnswer>(order => {
  if (order.kind === 'open') {
    cache = Cache.open({ name: order.name, directory: order.directory, sweepMs: 0 })
  }
  if (order.kind === 'resume') void write()
  if (order.kind === 'pause') isPaused = true
  if (order.kind !== 'report') return 'done'
  const report = distributionOf(times.subarray(0, count))
  count = 0
  return report
})

async function write(): Promise<void> {
  isPaused = false
  while (!isPaused) {
    for (let i = 0; i < SETS_A_TURN; i++) {
      const startMs = performance.now()
      cache?.set(keys[i % keys.length], STRING_VALUE)
      if (count < MOST_NOTED) times[count++] = (performance.now() - startMs) * 1000
    }
    await turn()
  }
}
