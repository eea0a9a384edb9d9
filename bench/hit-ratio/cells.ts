/**
 * Hit ratios for each trace and cache size: those of this package by replaying the traces, those of
 * other policies from the reference numbers.
 */

import { replay } from './replay.ts'
import { type Reference, readReferences, readRequests, type Trace } from './traces.ts'

/** Policies that do not know future requests. */
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

export interface Cell {
  readonly trace: string
  readonly size: number
  readonly lru: number
  readonly adaptive: number
  /** Whether this package's LRU has exactly as many hits as the reference. */
  readonly isLruExact: boolean
  readonly reference: ReadonlyMap<string, number>
}

export const COLUMNS: readonly (readonly [string, (cell: Cell) => number])[] = [
  ['adaptive', cell => cell.adaptive],
  ['lru', cell => cell.lru],
  ['LRU', cell => cell.reference.get('LRU') ?? Number.NaN],
  ['S3-FIFO', cell => cell.reference.get('S3-FIFO') ?? Number.NaN],
  ['ARC', cell => cell.reference.get('ARC') ?? Number.NaN],
  ['W-TinyLFU', cell => cell.reference.get('W-TinyLFU-adaptive') ?? Number.NaN],
  ['best online', bestOnline],
]

/** Yields each cell as soon as it is measured, since a cell takes long. */
export function* measureCells(traces: readonly Trace[]): Generator<Cell> {
  const references = readReferences()
  for (const trace of traces) {
    const ids = readRequests(trace)
    for (const size of trace.cache_sizes) yield measure(trace.name, size, ids, references)
  }
}

/** @returns the name of each column with its mean over the cells */
export function columnMeans(cells: readonly Cell[]): (readonly [string, number])[] {
  return COLUMNS.map(([name, figureOf]) => [name, mean(cells.map(figureOf))] as const)
}

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
