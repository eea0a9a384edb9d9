/**
 * A process that sets as fast as it can while it is told to, and notes how long each set took.
 */

import { setImmediate as turn } from 'node:timers/promises'
import { Cache } from '../../src/index.ts'
import { answer } from '../../testing/child-side.ts'
import { STRING_VALUE } from '../compare/workload.ts'
import { type Distribution, distributionOf } from '../results.ts'

export type WriterOrder =
  | { readonly kind: 'open'; readonly name: string; readonly directory: string }
  | { readonly kind: 'go on' }
  | { readonly kind: 'pause' }
  /** How many microseconds the sets took since the last report. */
  | { readonly kind: 'report' }

export type WriterAnswer = Distribution | 'done'

export const WRITER_KEY_COUNT = 1000

/** Sets between two looks at the messages. */
const SETS_A_TURN = 2000
/** More are made, but not noted. */
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
  if (order.kind === 'go on') void write()
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
