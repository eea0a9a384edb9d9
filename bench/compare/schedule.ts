/**
 * The order of samples. Within a round, each operation is measured on all candidates, first with
 * one process and then with two, so that a slow moment of the machine does not affect only one
 * candidate.
 */

import type { BenchOptions } from '../options.ts'
import type { Results } from '../results.ts'
import type { CandidateName } from './candidates.ts'
import { measure, type WorkerPair } from './worker-processes.ts'
import { OPERATIONS } from './workload.ts'

/** Enough for V8 to optimize a loop, and for its memory to be in the processor's caches. */
const WARM_UP_MS = 120

export async function warmUp(pairs: ReadonlyMap<CandidateName, WorkerPair>): Promise<void> {
  for (const { first, second } of pairs.values()) {
    await first.ask({ kind: 'check' })
    await second.ask({ kind: 'check' })
    for (const operation of OPERATIONS) {
      await measure([first, second], { operation, durationMs: WARM_UP_MS })
    }
  }
}

export async function measureRounds(
  pairs: ReadonlyMap<CandidateName, WorkerPair>,
  { seconds, rounds }: BenchOptions,
  results: Results,
): Promise<void> {
  const sampleCount = rounds * OPERATIONS.length * pairs.size * 2
  const durationMs = (seconds * 1000) / sampleCount
  for (let round = 0; round < rounds; round++) {
    for (const operation of OPERATIONS) {
      const task = { operation, durationMs }
      for (const [name, { first }] of pairs) {
        results.add(name, operation, await measure([first], task))
      }
      for (const [name, { first, second }] of pairs) {
        results.add(name, operation, await measure([first, second], task))
      }
    }
    console.log(`round ${round + 1} of ${rounds} measured`)
  }
}
