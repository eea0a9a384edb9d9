/**
 * `npm run docs:api`: writes docs/reference/api/ from the TSDoc comments of the entry points.
 */

import { fileURLToPath } from 'node:url'
import { readCommandLine, runCommandLine } from '../testing/command-line.ts'

const COMMAND = {
  name: 'npm run docs:api',
  summary: [
    'Write docs/reference/api/, a page for each entry point, from the comments of the sources.',
  ],
  options: {},
}

await runCommandLine(async args => {
  readCommandLine(COMMAND, args)
  // TypeDoc is large, and --help does not need it.
  const { API_REFERENCE, writeApiReference } = await import('./api-reference.ts')
  // From build/tools/ to the root of the repository.
  await writeApiReference(fileURLToPath(new URL(`../../${API_REFERENCE}`, import.meta.url)))
})
