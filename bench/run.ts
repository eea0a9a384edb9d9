/**
 * `npm run bench`: this package against others, interleaved in one run so that ratios can be
 * trusted even where times cannot. With the name of another benchmark first, that one.
 */

import { programScope } from '../testing/scope.ts'
import { BENCHMARKS } from './benchmarks.ts'
import { compareCaches } from './compare/comparison.ts'
import { goalsOf } from './compare/targets.ts'
import { goalLine } from './goal.ts'
import { type BenchOptions, parseOptions } from './options.ts'
import { printHead, printResults } from './report.ts'

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
  const { names, results } = await compareCaches(scope, options)
  printResults(names, results)
  console.log('\ntargets')
  for (const goal of goalsOf(results)) console.log(goalLine(goal))
}
