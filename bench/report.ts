/**
 * What a run prints: the machine and the workload first, since no figure means anything without.
 */

import { arch, cpus, platform, release, totalmem } from 'node:os'
import { systemClock } from '../src/base/index.ts'
import { type CandidateName, PRIVATE_CANDIDATES } from './candidates.ts'
import type { BenchOptions } from './options.ts'
import { median, type Results } from './results.ts'
import { OPERATIONS, type Operation, VALUE_SIZE } from './workload.ts'

const COLUMN_WIDTH = 24

export function printHead({ keyCount, rounds, seconds }: BenchOptions): void {
  printMachine()
  console.log(`workload  ${keyCount} keys like user:1234:profile in one shuffled order,`)
  console.log(`          strings and bytes of ${VALUE_SIZE}; ${rounds} rounds, ${seconds} s in all`)
}

/** For every benchmark, before its workload. */
export function printMachine(): void {
  const [cpu] = cpus()
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  console.log(`date      ${new Date(systemClock.nowMs()).toISOString()}`)
  console.log(`machine   ${platform()} ${release()} ${arch()}, ${memory} of memory`)
  console.log(`CPU       ${cpus().length} x ${cpu?.model ?? 'unknown'}`)
  console.log(`Node      ${process.version}`)
}

export function printResults(names: readonly CandidateName[], results: Results): void {
  printTable('ns a call in one process: median (least..most)', names, (name, operation) =>
    spread(results.nsPerCall(name, operation), 0),
  )
  printTable('calls of two processes at once / of one', names, (name, operation) =>
    spread(results.scaling(name, operation), 2),
  )
  console.log(`\n${PRIVATE_CANDIDATES.join(' and ')} share nothing between processes: what two of`)
  console.log('them reach together is what this machine can give. uwsgi is called from Python and')
  console.log(
    'gives bytes for "get string" too. It evicts as we do, with the sizes it has by default;',
  )
  console.log('uwsgi-tight does not evict, and its tables are as small as this workload allows.')
}

function printTable(
  title: string,
  names: readonly CandidateName[],
  cell: (name: CandidateName, operation: Operation) => string,
): void {
  console.log(`\n${title}`)
  const row = (cells: readonly string[]) => cells.map(text => text.padStart(COLUMN_WIDTH)).join('')
  console.log(`${''.padEnd(12)}${row(names)}`)
  for (const operation of OPERATIONS) {
    console.log(`${operation.padEnd(12)}${row(names.map(name => cell(name, operation)))}`)
  }
}

/** The median, the least and the most. */
export function spread(values: readonly number[], digits: number): string {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const texts = [median(values), least, most].map(value => value.toFixed(digits))
  return `${texts[0]} (${texts[1]}..${texts[2]})`
}
