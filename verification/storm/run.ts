/**
 * `npm run storm`: kills writers, readers, sweepers and openers of a cache, processes and threads,
 * at random moments and at every named step of every write, and looks for harm after each kill.
 */

import { runCommandLine } from '../../testing/command-line.ts'
import { describe, runStorms } from './all-modes.ts'
import { machineLine } from './machine.ts'
import { parseStormOptions } from './options.ts'

await runCommandLine(async args => {
  const options = parseStormOptions(args)
  console.log(machineLine())
  console.log(`--kills ${options.kills} --minutes ${options.seconds / 60} --seed ${options.seed}`)
  const startMs = performance.now()
  const { total, steps, evidence } = await runStorms(options, console.log)
  console.log(`\n${describe('all', total)}`)
  console.log(`${steps.killed} of ${steps.known} named steps were died at`)
  console.log(`${((performance.now() - startMs) / 1000).toFixed(0)} s`)
  for (const directory of evidence)
    console.log(`segment and operation logs are kept in ${directory}`)
  if (total.faults.length > 0) process.exitCode = 1
})
