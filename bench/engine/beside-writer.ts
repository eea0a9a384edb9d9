/**
 * `npm run bench -- beside-writer`: how fast one process reads while another writes at
 * full speed, to the same keys or to others.
 *
 * The goal is for reads of shared memory. Near copies are many times faster without a writer, but
 * not when all their keys change all the time, so they are shown without a goal.
 */

import { join } from 'node:path'
import { readCommandLine } from '../../testing/command-line.ts'
import type { Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { type CandidateName, findCandidate } from '../compare/candidates.ts'
import type { Timing } from '../compare/timed-loop.ts'
import { measureAtOnce, type WorkerPair } from '../compare/worker-processes.ts'
import { itemCount, type Operation } from '../compare/workload.ts'
import { type Goal, goalLine } from '../goal.ts'
import { roundsOption } from '../options.ts'
import { printMachine } from '../report.ts'
import { ratios } from '../results.ts'

const KEY_COUNT = 10_000
const SAMPLE_MS = 40

const READERS: readonly (readonly [CandidateName, number | undefined])[] = [
  ['undercroft-shared', 0.6],
  ['undercroft', undefined],
]
const WRITERS: readonly (readonly [Operation, string])[] = [
  ['set', 'the same keys'],
  ['increment', 'other keys'],
]

const COMMAND = {
  name: 'npm run bench -- beside-writer',
  summary: ['Measure the speed of reads in one process while another process writes all the time.'],
  options: { rounds: roundsOption(5) },
}

export async function benchBesideWriter(scope: Scope, args: readonly string[]): Promise<void> {
  const { rounds } = readCommandLine(COMMAND, args)
  printMachine()
  console.log(`workload  ${KEY_COUNT} strings, ${rounds} rounds of ${SAMPLE_MS} ms\n`)
  for (const goal of await measureBesideWriter(scope, rounds)) console.log(goalLine(goal))
}

export async function measureBesideWriter(
  scope: Scope,
  rounds: number,
  keyCount = KEY_COUNT,
): Promise<Goal[]> {
  const goals: Goal[] = []
  for (const [name, limit] of READERS) {
    const pair = await startPair(scope, name, keyCount)
    for (const [writing, where] of WRITERS) {
      goals.push({
        title: `${name}, get string: speed with a writer of ${where} / without`,
        limit,
        best: 'high',
        ratios: await measureRounds(pair, writing, rounds),
      })
    }
    for (const worker of [pair.second, pair.first]) await worker.ask({ kind: 'close' })
  }
  return goals
}

async function startPair(scope: Scope, name: CandidateName, keyCount: number): Promise<WorkerPair> {
  const { start, missing } = findCandidate(name)
  if (start === undefined) throw new Error(`${name}: ${missing}`)
  const dir = memoryDir(scope)
  const location = { dir, socketPath: join(dir, 'none'), itemCount: itemCount(keyCount) }
  return start(scope, { location, keyCount })
}

/** Measures elapsed time, since a waiting reader uses no processor time. Round 0 only warms up. */
async function measureRounds(
  { first, second }: WorkerPair,
  writing: Operation,
  rounds: number,
): Promise<number[]> {
  const beside: number[] = []
  const alone: number[] = []
  const reader = { worker: second, operation: 'get string' } as const
  for (let round = 0; round <= rounds; round++) {
    const [quiet] = await measureAtOnce([reader], SAMPLE_MS)
    const [disturbed] = await measureAtOnce(
      [reader, { worker: first, operation: writing }],
      SAMPLE_MS,
    )
    alone.push(rateOf(quiet))
    beside.push(rateOf(disturbed))
  }
  return ratios(beside, alone).slice(1)
}

function rateOf(timing: Timing | undefined): number {
  return timing === undefined ? Number.NaN : timing.callCount / timing.elapsedMs
}
