/**
 * `npm run soak`: mixed load with reloads and kills, for minutes or for hours, and whether anything
 * grows. Linux only, as what processes take is read from /proc.
 */

import {
  integerOption,
  readCommandLine,
  runCommandLine,
  seedOption,
} from '../../testing/command-line.ts'
import { machineLine } from '../storm/machine.ts'
import { describeSample, problemsOf } from './findings.ts'
import { soak } from './soak.ts'

const COMMAND = {
  name: 'npm run soak',
  summary: [
    'Run mixed load with reloads and kills, and check that nothing grows: no memory, no files, ' +
      'no blocks in use. Works on Linux only.',
  ],
  options: {
    minutes: integerOption('Length of the run', { fallback: 3, min: 1, max: 100_000 }),
    seed: seedOption(),
  },
}

await runCommandLine(async args => {
  const { minutes, seed } = readCommandLine(COMMAND, args)
  console.log(`${machineLine()}\n--minutes ${minutes} --seed ${seed}`)
  const result = await soak(minutes * 60_000, seed, (sample, counts) => {
    console.log(`${describeSample(sample)}; ${JSON.stringify(counts)}`)
  })
  const problems = problemsOf(result)
  for (const problem of problems) console.log(`PROBLEM ${problem}`)
  console.log(`\n${JSON.stringify(result.counts)}, ${problems.length} problems`)
  if (problems.length > 0) process.exitCode = 1
})
