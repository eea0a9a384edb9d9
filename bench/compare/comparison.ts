/**
 * The comparison of caches: starts all that are installed and measures them alternately.
 */

import { join } from 'node:path'
import type { Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import type { BenchOptions } from '../options.ts'
import { Results } from '../results.ts'
import { type CandidateName, findCandidate } from './candidates.ts'
import { measureRounds, warmUp } from './schedule.ts'
import type { WorkerPair } from './worker-processes.ts'
import { itemCount } from './workload.ts'

export interface Comparison {
  /** The measured candidates. */
  readonly names: readonly CandidateName[]
  /** The candidates that are not installed, with the reason. */
  readonly missing: readonly (readonly [CandidateName, string])[]
  readonly results: Results
}

export async function compareCaches(scope: Scope, options: BenchOptions): Promise<Comparison> {
  const pairs = new Map<CandidateName, WorkerPair>()
  const missing: [CandidateName, string][] = []
  for (const name of options.candidates) {
    const found = findCandidate(name)
    if (found.start === undefined) {
      console.log(`skipped: ${name}: ${found.missing}`)
      missing.push([name, found.missing])
      continue
    }
    const dir = memoryDir(scope)
    const { keyCount } = options
    const location = { dir, socketPath: join(dir, 'bench.sock'), itemCount: itemCount(keyCount) }
    pairs.set(name, await found.start(scope, { location, keyCount }))
  }
  const results = new Results()
  await warmUp(pairs)
  await measureRounds(pairs, options, results)
  for (const { first, second } of pairs.values()) {
    await second.ask({ kind: 'close' })
    await first.ask({ kind: 'close' })
  }
  return { names: [...pairs.keys()], missing, results }
}
