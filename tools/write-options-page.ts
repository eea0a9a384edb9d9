/**
 * Writes docs/reference/options.md, and the table of docs/guide/coming-from-uwsgi.md, from the
 * option table: `npm run docs:options`.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { formatOptionsPage } from '../src/uwsgi/options/index.ts'
import { readCommandLine, runCommandLine } from '../testing/command-line.ts'
import { withUnsupportedTable } from './unsupported-table.ts'

const COMMAND = {
  name: 'npm run docs:options',
  summary: ['Write the options of docs/reference/options.md and of the page about uWSGI.'],
  options: {},
}

await runCommandLine(args => {
  readCommandLine(COMMAND, args)
  // From build/tools/ to the root of the repository.
  writeFileSync(new URL('../../docs/reference/options.md', import.meta.url), formatOptionsPage())
  const guide = new URL('../../docs/guide/coming-from-uwsgi.md', import.meta.url)
  writeFileSync(guide, withUnsupportedTable(readFileSync(guide, 'utf8')))
})
