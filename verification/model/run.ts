/**
 * `npm run verify:model`: visits every state of the model of the writer lock, the read without it,
 * and the takeover. Needs spin and a C compiler (Debian: apt-get install spin gcc).
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { choiceOption, readCommandLine, runCommandLine } from '../../testing/command-line.ts'
import { checkModel } from './spin.ts'

const SIZES = {
  small: { WRITERS: 2, READERS: 2, CRASHES: 1 },
  large: { WRITERS: 2, READERS: 2, CRASHES: 2 },
} as const

const COMMAND = {
  name: 'npm run verify:model',
  summary: [
    'Visit every state of the model of the writer lock, of the read without it, and of the ' +
      'takeover. Needs spin and a C compiler (Debian: apt-get install spin gcc).',
  ],
  options: { size: choiceOption('Size of the model', ['small', 'large'], 'large') },
}

await runCommandLine(async args => {
  const { size: search } = readCommandLine(COMMAND, args)
  const size = SIZES[search]
  const directory = mkdtempSync(join(tmpdir(), 'undercroft-spin-'))
  try {
    console.log(`lock.pml: ${JSON.stringify(size)}`)
    const { states, errors, error } = await checkModel({
      model: 'lock',
      constants: size,
      search,
      directory,
    })
    console.log(`${states.toLocaleString('en-US')} states visited, ${errors} errors`)
    if (errors > 0) {
      console.log(error)
      process.exitCode = 1
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
