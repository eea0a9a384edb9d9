/**
 * `npm run bench:hit-ratio [-- TRACE ...]`: what part of real requests the policies answer, and
 * what trusted simulators count for other policies.
 */

import { type Cell, COLUMNS, columnMeans, measureCells } from './cells.ts'
import { readTraces } from './traces.ts'

const wanted = process.argv.slice(2)
const traces = readTraces().filter(({ name }) => wanted.length === 0 || wanted.includes(name))
if (traces.length === 0) {
  const names = readTraces().map(({ name }) => name)
  console.error(`no trace is called ${wanted.join(' or ')}; there are ${names.join(', ')}`)
  process.exit(1)
}
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

function printLine(trace: string, items: string, values: readonly string[]): void {
  const columns = values.map(value => value.padStart(12)).join('')
  console.log(`${trace.padEnd(20)}${items.padStart(6)}${columns}`)
}
