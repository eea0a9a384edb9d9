/**
 * The order of samples: within a round and an operation, every candidate in turn, first alone and
 * then with both its processes, so that a slow moment of the machine does not hit one of them only.
 */

import type { BenchOptions } from '../options.ts'
import type { Results } from '../results.ts'
import type { CandidateName } from './candidates.ts'
import { measure, type Party } from './party.ts'
import { OPERATIONS } from './workload.ts'

/** Enough for V8 to optimize a loop, and for the memory it goes through to be in the caches. */
const WARM_UP_MS = 120

export async function warmUp(parties: ReadonlyMap<CandidateName, Party>): Promise<void> {
  for (const { first, second } of parties.values()) {
    await first.ask({ kind: 'check' })
    await second.ask({ kind: 'check' })
    for (const operation of OPERATIONS) {
      await measure([first, second], { operation, durationMs: WARM_UP_MS })
    }
  }
}

export async function measureRounds(
  parties: ReadonlyMap<CandidateName, Party>,
  { seconds, rounds }: BenchOptions,
  results: Results,
): Promise<void> {
  const sampleCount = rounds * OPERATIONS.length * parties.size * 2
  const durationMs = (seconds * 1000) / sampleCount
  for (let round = 0; round < rounds; round++) {
    for (const operation of OPERATIONS) {
      const task = { operation, durationMs }
      for (const [name, { first }] of parties) {
        results.add(name, operation, await measure([first], task))
      }
      for (const [name, { first, second }] of parties) {
        results.add(name, operation, await measure([first, second], task))
      }
    }
    console.log(`round ${round + 1} of ${rounds} measured`)
  }
}
