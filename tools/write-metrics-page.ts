/**
 * Writes docs/reference/metrics.md from the table of metrics: `npm run docs:metrics`.
 */

import { writeFileSync } from 'node:fs'
import { readCommandLine, runCommandLine } from '../testing/command-line.ts'
import { formatMetricsPage } from './metrics-page.ts'

const COMMAND = {
  name: 'npm run docs:metrics',
  summary: ['Write docs/reference/metrics.md from the table of metrics.'],
  options: {},
}

await runCommandLine(args => {
  readCommandLine(COMMAND, args)
  // From build/tools/ to the root of the repository.
  writeFileSync(new URL('../../docs/reference/metrics.md', import.meta.url), formatMetricsPage())
})
