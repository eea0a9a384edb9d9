/**
 * `npm run fuzz -- --inputs N --seed X [--target T]`: a line for each target, and a sum.
 */

import { parseArgs } from 'node:util'
import { fuzzTarget, TARGETS } from './fuzz.ts'

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    target: { type: 'string' },
  },
})
const wanted = TARGETS.filter(({ name }) => values.target === undefined || name === values.target)
if (wanted.length === 0) {
  throw new Error(`--target must be one of ${TARGETS.map(({ name }) => name).join(', ')}`)
}
const seed = Number(values.seed)
const shares = wanted.reduce((sum, { share }) => sum + share, 0)
let total = 0
console.log(`seed ${seed}, Node ${process.version}, ${process.platform}-${process.arch}`)
for (const target of wanted) {
  const count = Math.ceil((Number(values.inputs) * target.share) / shares)
  const outcome = fuzzTarget(target, count, seed)
  total += outcome.inputCount
  const seconds = (outcome.elapsedMs / 1000).toFixed(1)
  const facts = `slowest ${outcome.slowestMs.toFixed(1)} ms, grown ${outcome.grownSize} bytes`
  console.log(`${target.name.padEnd(16)} ${outcome.inputCount} inputs in ${seconds} s, ${facts}`)
}
console.log(`${total} inputs, no promise broken`)
