/**
 * `npm run histories`: records what several processes call and are answered, and checks that all
 * of it could have been one after the other, item by item.
 */

import {
  integerOption,
  readCommandLine,
  runCommandLine,
  seedOption,
} from '../../testing/command-line.ts'
import { machineLine } from '../storm/machine.ts'
import { checkMode, HISTORY_MODES } from './record.ts'

const COMMAND = {
  name: 'npm run histories',
  summary: [
    'Record the calls of several processes and their answers, and check for each item that some ' +
      'order of one call after the other explains them.',
  ],
  options: {
    rounds: integerOption('Rounds in each mode', { fallback: 1000, min: 1, max: 1_000_000 }),
    seed: seedOption(),
  },
}

await runCommandLine(async args => {
  const { rounds, seed } = readCommandLine(COMMAND, args)
  console.log(`${machineLine()}\n--rounds ${rounds} --seed ${seed}`)
  for (const mode of Object.keys(HISTORY_MODES)) {
    const { operations, overlaps, broken } = await checkMode(mode, rounds, seed)
    const found = `${broken.length} items whose history fits no order`
    console.log(`${mode}: ${operations} operations, ${overlaps} overlap, ${found}`)
    for (const { key, history } of broken) {
      process.exitCode = 1
      console.log(`${key}:`)
      for (const operation of history) console.log(`  ${JSON.stringify(operation)}`)
    }
  }
})
