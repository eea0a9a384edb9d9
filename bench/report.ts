/**
 * What a run prints: the machine and the workload first, since no figure means anything without.
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

/** For every benchmark, before its workload. */
export function printMachine(): void {
  console.log(`date      ${new Date(systemClock.nowMs()).toISOString()}`)
  for (const [title, text] of machineFacts()) console.log(`${title.padEnd(10)}${text}`)
}

/** What it runs on. */
export function machineFacts(): (readonly [string, string])[] {
  const [cpu] = cpus()
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  return [
    ['machine', `${platform()} ${release()} ${arch()}, ${memory} of memory`],
    ['CPU', `${cpus().length} x ${cpu?.model ?? 'unknown'}`],
    ['Node', process.version],
  ]
}

/** What nobody should read the figures without. */
export const NOTES = [
  'Times of one process are of its processor, whatever else the machine runs; for redis, where a',
  'server does the work, they are of the clock. map and lru-cache share nothing between processes:',
  'what two of them reach together is what this machine can give. undercroft-shared is undercroft',
  'without near copies: each get reads shared memory. uwsgi is called from Python and',
  'gives bytes for "get string" too. It evicts as we do, with the sizes it has by default;',
  'uwsgi-tight does not evict, and its tables are as small as this workload allows. openresty is',
  'ngx.shared under LuaJIT in nginx, apcu is PHP with its opcode cache, lmdb does not sync.',
] as const

export function printResults(names: readonly CandidateName[], results: Results): void {
  printTable('ns a call in one process: median (least..most)', names, (name, operation) =>
    spread(results.nsPerCall(name, operation), 0),
  )
  printTable('calls of two processes at once / of one', names, (name, operation) =>
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
