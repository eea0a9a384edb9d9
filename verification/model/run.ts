/**
 * `npm run verify:model [-- --size small]`: visits every state of the model of the writer lock, the
 * read without it, and the takeover. Needs spin and a C compiler (Debian: apt-get install spin
 * gcc).
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { requireOneOf } from '../../src/base/index.ts'
import { checkModel } from './spin.ts'

const SIZES = {
  small: { WRITERS: 2, READERS: 2, CRASHES: 1 },
  large: { WRITERS: 2, READERS: 2, CRASHES: 2 },
} as const

const { values } = parseArgs({ options: { size: { type: 'string', default: 'large' } } })
const size = SIZES[requireOneOf('--size', values.size, ['small', 'large'])]
const directory = mkdtempSync(join(tmpdir(), 'undercroft-spin-'))
try {
  console.log(`lock.pml: ${JSON.stringify(size)}`)
  const { states, errors, error } = await checkModel('lock', size, directory)
  console.log(`${states.toLocaleString('en-US')} states visited, ${errors} errors`)
  if (errors > 0) {
    console.log(error)
    process.exitCode = 1
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}
