/**
 * `npm run bench:hit-ratio`: what part of real requests the policies answer, and
 * what trusted simulators count for other policies.
 */

import { readCommandLine, runCommandLine } from '../../testing/command-line.ts'
import { type Cell, COLUMNS, columnMeans, measureCells } from './cells.ts'
import { readTraces } from './traces.ts'

const TRACE_NAMES = readTraces().map(({ name }) => name)

const COMMAND = {
  name: 'npm run bench:hit-ratio',
  summary: [
    'Replay traces of real requests against the eviction policies, and print the hit ratios next ' +
      'to those that trusted simulators give for other policies.',
  ],
  options: {},
  operands: {
    name: 'TRACE',
    help: `Replay only this trace: ${TRACE_NAMES.join(', ')}`,
    allowed: TRACE_NAMES,
  },
}

await runCommandLine(args => {
  const { operands } = readCommandLine(COMMAND, args)
  const traces = readTraces().filter(({ name }) => operands.length === 0 || operands.includes(name))
  console.log('hit ratios; adaptive and lru are ours, replayed; the others are reference numbers,')
  console.log('W-TinyLFU with its adaptive window, best online the best of nine in each line\n')
  printLine(
    'trace',
    'items',
    COLUMNS.map(([name]) => name),
  )
  const cells: Cell[] = []
  for (const cell of measureCells(traces)) {
    cells.push(cell)
    printLine(
      cell.trace,
      String(cell.size),
      COLUMNS.map(([, value]) => value(cell).toFixed(4)),
    )
  }
  printLine(
    'mean',
    '',
    columnMeans(cells).map(([, mean]) => mean.toFixed(4)),
  )
  const exact = cells.filter(({ isLruExact }) => isLruExact).length
  console.log(`\nlru has exactly the hits of the reference in ${exact} of ${cells.length} lines`)
})

function printLine(trace: string, items: string, values: readonly string[]): void {
  const columns = values.map(value => value.padStart(12)).join('')
  console.log(`${trace.padEnd(20)}${items.padStart(6)}${columns}`)
}
