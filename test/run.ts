/**
 * `npm test`: lint, types, then the tests folder by folder; the last line has the exact counts.
 *
 * `npm test -- engine peers/nginx` runs only the stages and files whose path contains a word.
 */

import { relative } from 'node:path'
import { findTestStages, ROOT, type TestStage } from '../testing/harness/find-tests.ts'
import { type StageResult, total } from '../testing/harness/results.ts'
import { runCommand } from '../testing/harness/run-command.ts'
import { runTestFiles } from '../testing/harness/run-test-files.ts'

const COMMANDS = [
  {
    name: 'lint',
    args: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'],
  },
  // Not a second opinion: what `pretest` has built is checked against the sources as they are now.
  { name: 'types', args: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'] },
]

/** In CI a skipped test leaves a promise unchecked, so it counts as failed. */
const skipsFail = process.env.CI === 'true'

await main(process.argv.slice(2))

async function main(words: readonly string[]): Promise<void> {
  const isWanted = (path: string) => words.length === 0 || words.some(word => path.includes(word))
  const results: StageResult[] = []
  for (const { name, args } of COMMANDS) {
    if (isWanted(name)) results.push(await runCommand(name, args))
  }
  const stages = findTestStages(isWanted)
  for (const stage of stages) results.push(await runStage(stage))
  const isEmpty = results.length === 0 || (words.length === 0 && stages.length === 0)
  if (isEmpty) console.log('\nno tests were found')
  process.exitCode = report(results) && !isEmpty ? 0 : 1
}

async function runStage(stage: TestStage): Promise<StageResult> {
  console.log(`\n${stage.name}`)
  return runTestFiles(stage, skipsFail)
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
    console.log(`${stage.name.padEnd(12)} ${counts} in ${(stage.ms / 1000).toFixed(1)} s`)
  }
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 && passed > 0 // a run that skips everything is not a success
}
