/**
 * The output of a run. It starts with the machine and the workload, on which every figure depends.
 */

import { arch, cpus, platform, release, totalmem } from 'node:os'
import { systemClock } from '../src/base/index.ts'
import type { CandidateName } from './compare/candidates.ts'
import { OPERATIONS, type Operation, VALUE_SIZE } from './compare/workload.ts'
import type { BenchOptions } from './options.ts'
import { type Results, spread } from './results.ts'

const COLUMN_WIDTH = 22

export function printHead({ keyCount, rounds, seconds }: BenchOptions): void {
  printMachine()
  console.log(`workload  ${keyCount} keys like user:1234:profile in one shuffled order,`)
  console.log(`          strings and bytes of ${VALUE_SIZE}; ${rounds} rounds, ${seconds} s in all`)
}

/** Prints date and machine. Every benchmark does so before its workload. */
export function printMachine(): void {
  console.log(`date      ${new Date(systemClock.nowMs()).toISOString()}`)
  for (const [title, text] of machineFacts()) console.log(`${title.padEnd(10)}${text}`)
}

/** @returns title and text for each fact about the machine */
export function machineFacts(): (readonly [string, string])[] {
  const [cpu] = cpus()
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  return [
    ['machine', `${platform()} ${release()} ${arch()}, ${memory} of memory`],
    ['CPU', `${cpus().length} x ${cpu?.model ?? 'unknown'}`],
    ['Node', process.version],
  ]
}

/** What readers must know to understand the figures. */
export const NOTES = [
  'Times of one process are processor time, so other programs on the machine do not count. For',
  'redis, where a server does the work, they are elapsed time. map and lru-cache share nothing',
  'between processes: two of them together reach what the machine allows. undercroft-shared is',
  'undercroft without near copies, so each get reads shared memory. uwsgi is called from Python',
  'and returns bytes for "get string" too. It evicts like undercroft and has its default sizes;',
  'uwsgi-tight does not evict, and its tables are as small as this workload allows. openresty is',
  'ngx.shared under LuaJIT in nginx, apcu is PHP with its opcode cache, and lmdb does not sync.',
] as const

export function printResults(names: readonly CandidateName[], results: Results): void {
  printTable('ns per call in one process: median (least..most)', names, (name, operation) =>
    spread(results.nsPerCall(name, operation), 0),
  )
  printTable('calls of two processes together / calls of one', names, (name, operation) =>
    spread(results.scaling(name, operation), 2),
  )
  console.log(`\n${NOTES.join('\n')}`)
}

function printTable(
  title: string,
  names: readonly CandidateName[],
  cell: (name: CandidateName, operation: Operation) => string,
): void {
  console.log(`\n${title}`)
  const row = (cells: readonly string[]) => cells.map(text => text.padStart(COLUMN_WIDTH)).join('')
  console.log(`${''.padEnd(20)}${row(OPERATIONS)}`)
  for (const name of names) {
    console.log(`${name.padEnd(20)}${row(OPERATIONS.map(operation => cell(name, operation)))}`)
  }
}
