/**
 * The comparison of caches: starts those that are here, and measures them in turns.
 */

import { join } from 'node:path'
import type { Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import type { BenchOptions } from '../options.ts'
import { Results } from '../results.ts'
import { type CandidateName, findCandidate } from './candidates.ts'
import type { Party } from './party.ts'
import { measureRounds, warmUp } from './schedule.ts'
import { itemCount } from './workload.ts'

export interface Comparison {
  /** Those that were measured. */
  readonly names: readonly CandidateName[]
  /** Those that were not there, and why. */
  readonly missing: readonly (readonly [CandidateName, string])[]
  readonly results: Results
}

export async function compareCaches(scope: Scope, options: BenchOptions): Promise<Comparison> {
  const parties = new Map<CandidateName, Party>()
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
    const site = { dir, socketPath: join(dir, 'bench.sock'), itemCount: itemCount(keyCount) }
    parties.set(name, await found.start(scope, { site, keyCount }))
  }
  const results = new Results()
  await warmUp(parties)
  await measureRounds(parties, options, results)
  for (const { first, second } of parties.values()) {
    await second.ask({ kind: 'close' })
    await first.ask({ kind: 'close' })
  }
  return { names: [...parties.keys()], missing, results }
}
