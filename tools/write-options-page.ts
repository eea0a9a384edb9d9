/**
 * Writes docs/reference/options.md from the option table: `npm run docs:options`.
 */

import { writeFileSync } from 'node:fs'
import { formatOptionsPage } from '../src/config/index.ts'
import { readCommandLine, runCommandLine } from '../test/support/command-line.ts'

const COMMAND = {
  name: 'npm run docs:options',
  summary: ['Write docs/reference/options.md from the option table.'],
  options: {},
}

await runCommandLine(args => {
  readCommandLine(COMMAND, args)
  // From build/tools/ to the root of the repository.
  writeFileSync(new URL('../../docs/reference/options.md', import.meta.url), formatOptionsPage())
})
