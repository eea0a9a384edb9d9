/**
 * Writes docs/reference/options.md from the option table: `npm run docs:options`.
 */

import { writeFileSync } from 'node:fs'
import { formatOptionsPage } from '../src/uwsgi/options/index.ts'
import { readCommandLine, runCommandLine } from '../testing/command-line.ts'

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
