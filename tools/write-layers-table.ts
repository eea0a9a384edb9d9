/**
 * Writes the table of rooms of ARCHITECTURE.md from the table of layers: `npm run docs:layers`.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCommandLine, runCommandLine } from '../testing/command-line.ts'
import { ROOT } from '../testing/root.ts'
import { withTableOfRooms } from './room-facts.ts'

const COMMAND = {
  name: 'npm run docs:layers',
  summary: ['Write the table of rooms of ARCHITECTURE.md from the table of layers.'],
  options: {},
}

await runCommandLine(args => {
  readCommandLine(COMMAND, args)
  const path = join(ROOT, 'ARCHITECTURE.md')
  writeFileSync(path, withTableOfRooms(readFileSync(path, 'utf8')))
})
