/**
 * `npm run bench`: this package against others, interleaved in one run so that ratios can be
 * trusted even where times cannot. With the name of another benchmark first, that one.
 */

import { join } from 'node:path'
import { programScope, type Scope } from '../test/support/scope.ts'
import { memoryDir } from '../test/support/temp-dir.ts'
import { BENCHMARKS } from './benchmarks.ts'
import { type CandidateName, findCandidate } from './candidates.ts'
import { goalLine } from './goal.ts'
import { type BenchOptions, parseOptions } from './options.ts'
import type { Party } from './party.ts'
import { printHead, printResults } from './report.ts'
import { Results } from './results.ts'
import { measureRounds, warmUp } from './schedule.ts'
import { goalsOf } from './targets.ts'
import { itemCount } from './workload.ts'

const scope = programScope()
const [name = '', ...args] = process.argv.slice(2)
try {
  const benchmark = BENCHMARKS.get(name)
  if (benchmark === undefined) await main(parseOptions(process.argv.slice(2)))
  else await benchmark(scope, args)
} finally {
  await scope.end()
}

async function main(options: BenchOptions): Promise<void> {
  printHead(options)
  const parties = await startParties(scope, options)
  const results = new Results()
  await warmUp(parties)
  await measureRounds(parties, options, results)
  for (const { first, second } of parties.values()) {
    await second.ask({ kind: 'close' })
    await first.ask({ kind: 'close' })
  }
  printResults([...parties.keys()], results)
  console.log('\ntargets')
  for (const goal of goalsOf(results)) console.log(goalLine(goal))
}

async function startParties(
  scope: Scope,
  { candidates, keyCount }: BenchOptions,
): Promise<Map<CandidateName, Party>> {
  const parties = new Map<CandidateName, Party>()
  for (const name of candidates) {
    const { start, missing } = findCandidate(name)
    if (start === undefined) {
      console.log(`skipped: ${name}: ${missing}`)
      continue
    }
    const dir = memoryDir(scope)
    const site = { dir, socketPath: join(dir, 'bench.sock'), itemCount: itemCount(keyCount) }
    parties.set(name, await start(scope, { site, keyCount }))
  }
  return parties
}
