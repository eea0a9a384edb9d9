/**
 * `npm run bench:hit-ratio [-- TRACE ...]`: what part of real requests the policies answer, beside
 * what trusted simulators give for the policies of others.
 */

import { replay } from './replay.ts'
import { type Reference, readReferences, readRequests, readTraces } from './traces.ts'

/** Policies that see no future. */
const ONLINE = [
  'FIFO',
  'LRU',
  'CLOCK',
  'SIEVE',
  'S3-FIFO',
  'ARC',
  'LIRS',
  'W-TinyLFU',
  'W-TinyLFU-adaptive',
]

interface Cell {
  readonly trace: string
  readonly size: number
  readonly lru: number
  readonly adaptive: number
  /** Whether our LRU had exactly the hits of the reference. */
  readonly isLruExact: boolean
  readonly reference: ReadonlyMap<string, number>
}

const COLUMNS: readonly (readonly [string, (cell: Cell) => number])[] = [
  ['adaptive', cell => cell.adaptive],
  ['lru', cell => cell.lru],
  ['LRU', cell => cell.reference.get('LRU') ?? Number.NaN],
  ['S3-FIFO', cell => cell.reference.get('S3-FIFO') ?? Number.NaN],
  ['ARC', cell => cell.reference.get('ARC') ?? Number.NaN],
  ['W-TinyLFU', cell => cell.reference.get('W-TinyLFU-adaptive') ?? Number.NaN],
  ['best online', bestOnline],
]

const wanted = process.argv.slice(2)
const traces = readTraces().filter(({ name }) => wanted.length === 0 || wanted.includes(name))
if (traces.length === 0) {
  const names = readTraces().map(({ name }) => name)
  console.error(`no trace is called ${wanted.join(' or ')}; there are ${names.join(', ')}`)
  process.exit(1)
}
const references = readReferences()
console.log('hit ratios; adaptive and lru are ours, replayed; the others are reference numbers,')
console.log('W-TinyLFU with its adaptive window, best online the best of nine in each line\n')
printLine(
  'trace',
  'items',
  COLUMNS.map(([name]) => name),
)
const cells: Cell[] = []
for (const trace of traces) {
  const ids = readRequests(trace)
  for (const size of trace.cache_sizes) {
    const cell = measure(trace.name, size, ids, references)
    cells.push(cell)
    printLine(
      trace.name,
      String(size),
      COLUMNS.map(([, value]) => value(cell).toFixed(4)),
    )
  }
}
printLine(
  'mean',
  '',
  COLUMNS.map(([, value]) => mean(cells.map(value)).toFixed(4)),
)
const exact = cells.filter(({ isLruExact }) => isLruExact).length
console.log(`\nlru has exactly the hits of the reference in ${exact} of ${cells.length} lines`)

function measure(trace: string, size: number, ids: Uint32Array, all: readonly Reference[]): Cell {
  const own = all.filter(entry => entry.trace === trace && entry.cache_size === size)
  const hits = replay(ids, size, 'lru')
  return {
    trace,
    size,
    lru: hits / ids.length,
    adaptive: replay(ids, size, 'adaptive') / ids.length,
    isLruExact: own.some(entry => entry.policy === 'LRU' && entry.hits === hits),
    reference: new Map(own.map(entry => [entry.policy, entry.hit_ratio])),
  }
}

function bestOnline({ reference }: Cell): number {
  return Math.max(...ONLINE.map(policy => reference.get(policy) ?? 0))
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function printLine(trace: string, items: string, values: readonly string[]): void {
  const columns = values.map(value => value.padStart(12)).join('')
  console.log(`${trace.padEnd(20)}${items.padStart(6)}${columns}`)
}
