/**
 * `npm run histories -- [--rounds N] [--seed X]`: records what several processes call and are
 * answered, and checks that all of it could have been one after the other, item by item.
 */

import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { requireInteger } from '../../src/base/index.ts'
import { machineLine } from '../storm/machine.ts'
import { checkMode, HISTORY_MODES } from './record.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
  },
})
const rounds = requireInteger('--rounds', Number(values.rounds), 1, 1_000_000)
const seed = requireInteger('--seed', Number(values.seed), 0, 2 ** 31 - 1)
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
