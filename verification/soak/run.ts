/**
 * `npm run soak [-- --minutes N] [--seed X]`: mixed load with reloads and kills, for minutes or for
 * hours, and whether anything grows. Linux only, as what processes take is read from /proc.
 */

import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { requireInteger } from '../../src/base/index.ts'
import { machineLine } from '../storm/machine.ts'
import { describeSample, problemsOf } from './findings.ts'
import { soak } from './soak.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
  },
})
const minutes = requireInteger('--minutes', Number(values.minutes), 1, 100_000)
const seed = requireInteger('--seed', Number(values.seed), 0, 2 ** 31 - 1)
console.log(`${machineLine()}\n--minutes ${minutes} --seed ${seed}`)
const result = await soak(minutes * 60_000, seed, (sample, counts) => {
  console.log(`${describeSample(sample)}; ${JSON.stringify(counts)}`)
})
const problems = problemsOf(result)
for (const problem of problems) console.log(`PROBLEM ${problem}`)
console.log(`\n${JSON.stringify(result.counts)}, ${problems.length} problems`)
if (problems.length > 0) process.exitCode = 1
