/**
 * `npm run fuzz`: a line for each target, and a sum.
 */

import {
  choiceOption,
  integerOption,
  readCommandLine,
  runCommandLine,
  seedOption,
} from '../../testing/command-line.ts'
import { fuzzTarget, TARGETS } from './fuzz.ts'

const COMMAND = {
  name: 'npm run fuzz',
  summary: ['Give changed and random bytes to every parser, and check what each of them promises.'],
  options: {
    inputs: integerOption('Inputs, shared by all targets', {
      fallback: 1_000_000,
      min: 1,
      max: 1_000_000_000,
    }),
    target: choiceOption(
      'The only target to run',
      ['all', ...TARGETS.map(({ name }) => name)],
      'all',
    ),
    seed: seedOption(),
  },
}

await runCommandLine(args => {
  const { inputs, target: targetName, seed } = readCommandLine(COMMAND, args)
  const wanted = TARGETS.filter(({ name }) => targetName === 'all' || name === targetName)
  const shares = wanted.reduce((sum, { share }) => sum + share, 0)
  let total = 0
  console.log(`seed ${seed}, Node ${process.version}, ${process.platform}-${process.arch}`)
  for (const target of wanted) {
    const count = Math.ceil((inputs * target.share) / shares)
    const outcome = fuzzTarget(target, count, seed)
    total += outcome.inputCount
    const seconds = (outcome.elapsedMs / 1000).toFixed(1)
    const facts = `slowest ${outcome.slowestMs.toFixed(1)} ms, grown ${outcome.grownSize} bytes`
    console.log(`${target.name.padEnd(16)} ${outcome.inputCount} inputs in ${seconds} s, ${facts}`)
  }
  console.log(`${total} inputs, no promise broken`)
})
