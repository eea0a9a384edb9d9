/**
 * The benchmarks beside the comparison of caches: `npm run bench -- NAME [options of its own]`.
 */

import type { Scope } from '../testing/scope.ts'
import { benchBesideWriter } from './beside-writer.ts'
import { benchChains } from './chains.ts'
import { benchChurn } from './churn.ts'
import { benchGrowth } from './growth.ts'
import { benchRecovery } from './recovery.ts'
import { benchRemote } from './remote.ts'
import { benchRestore } from './restore.ts'
import { benchSweep } from './sweep.ts'
import { benchWeb } from './web.ts'

/** Reads its own arguments, and prints what it found. */
export type Benchmark = (scope: Scope, args: readonly string[]) => Promise<void>

export const BENCHMARKS: ReadonlyMap<string, Benchmark> = new Map([
  ['growth', benchGrowth],
  ['churn', benchChurn],
  ['beside-writer', benchBesideWriter],
  ['restore', benchRestore],
  ['chains', benchChains],
  ['recovery', benchRecovery],
  ['sweep', benchSweep],
  ['remote', benchRemote],
  ['web', benchWeb],
])
