/**
 * The benchmarks apart from the comparison of caches: `npm run bench -- NAME [options]`.
 */

import type { Scope } from '../testing/scope.ts'
import { benchBesideWriter } from './engine/beside-writer.ts'
import { benchChains } from './engine/chains.ts'
import { benchChurn } from './engine/churn.ts'
import { benchEvents } from './engine/events.ts'
import { benchGrowth } from './engine/growth.ts'
import { benchLoading } from './engine/loading.ts'
import { benchRecovery } from './engine/recovery.ts'
import { benchRestore } from './engine/restore.ts'
import { benchSweep } from './engine/sweep.ts'
import { benchTags } from './engine/tags.ts'
import { benchLoaders } from './loaders/loaders.ts'
import { benchRemote } from './remote/remote.ts'
import { benchMissStorm } from './web/miss-storm.ts'
import { benchPurge } from './web/purge.ts'
import { benchRequestLog } from './web/request-log.ts'
import { benchWeb } from './web/web.ts'

/** Parses its own arguments, measures, and prints the results. */
export type Benchmark = (scope: Scope, args: readonly string[]) => Promise<void>

export const BENCHMARKS: ReadonlyMap<string, Benchmark> = new Map([
  ['growth', benchGrowth],
  ['churn', benchChurn],
  ['beside-writer', benchBesideWriter],
  ['restore', benchRestore],
  ['chains', benchChains],
  ['events', benchEvents],
  ['loading', benchLoading],
  ['loaders', benchLoaders],
  ['recovery', benchRecovery],
  ['sweep', benchSweep],
  ['tags', benchTags],
  ['remote', benchRemote],
  ['web', benchWeb],
  ['miss-storm', benchMissStorm],
  ['purge', benchPurge],
  ['request-log', benchRequestLog],
])
