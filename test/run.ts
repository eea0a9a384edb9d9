/**
 * `npm test`: lint, types, then the tests folder by folder; the last line has the exact counts.
 *
 * `npm test -- engine peers/nginx` runs only the stages and files whose path contains a word.
 */

import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import { runCommandLine } from '../testing/command-line.ts'
import { debugTests } from '../testing/harness/debug-tests.ts'
import { findTestStages } from '../testing/harness/find-tests.ts'
import { LINT, readTestOptions, type TestOptions } from '../testing/harness/options.ts'
import { type StageResult, total } from '../testing/harness/results.ts'
import { runCommand } from '../testing/harness/run-command.ts'
import { runTestFiles } from '../testing/harness/run-test-files.ts'
import { ROOT } from '../testing/root.ts'

const LINT_COMMAND = ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']

/** Twice the processors: most of the long files wait for other processes half of their time. */
const CONCURRENCY = 2 * availableParallelism()

/** In CI a skipped test leaves a promise unchecked, so it counts as failed. */
const skipsFail = process.env.CI === 'true'

await runCommandLine(async args => {
  const options = readTestOptions(args)
  if (options.seed !== undefined) process.env.UNDERCROFT_TEST_SEED = String(options.seed)
  process.exitCode = options.nodeFlags.length > 0 ? await debugTests(options) : await main(options)
})

/** @returns the exit code */
async function main({ paths, title, tier }: TestOptions): Promise<number> {
  const isWanted = (path: string) => paths.length === 0 || paths.some(word => path.includes(word))
  const results: StageResult[] = []
  if (tier === 'change' && title === undefined && isWanted(LINT)) {
    results.push(await runCommand(LINT, LINT_COMMAND))
  }
  const stages = findTestStages(isWanted, tier)
  results.push(...(await runTestFiles(stages, { concurrency: CONCURRENCY, skipsFail, title })))
  const isEmpty = results.length === 0 || (paths.length === 0 && stages.length === 0)
  if (isEmpty) console.log('\nno tests were found')
  return report(results) && !isEmpty ? 0 : 1
}

/** Prints the summary; whether everything passed. */
function report(results: readonly StageResult[]): boolean {
  const { passed, failed, skipped } = total(results)
  for (const { test, file, reason } of skipped) {
    console.log(`\nskipped: ${test} (${relative(ROOT, file)})\n  ${reason}`)
  }
  console.log('')
  for (const stage of results) {
    const counts = `${stage.passed} passed, ${stage.failed} failed, ${stage.skipped.length} skipped`
    console.log(`${stage.name.padEnd(16)} ${counts} in ${(stage.ms / 1000).toFixed(1)} s`)
  }
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 && passed > 0 // a run that skips everything is not a success
}
