/**
 * `npm run bench -- beside-writer`: what is left of the speed of reads in one process
 * while another writes flat out, to the same keys or to others.
 *
 * The promise is for reads of shared memory. Near copies are many times faster alone, and cannot
 * stay so where all their keys change all the time: they are shown beside it.
 */

import { join } from 'node:path'
import { readCommandLine } from '../../testing/command-line.ts'
import type { Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { type CandidateName, findCandidate } from '../compare/candidates.ts'
import { measureAtOnce, type Party } from '../compare/party.ts'
import type { Timing } from '../compare/timed-loop.ts'
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
    const party = await startParty(scope, name, keyCount)
    for (const [writing, where] of WRITERS) {
      goals.push({
        title: `${name}, get string: speed beside a writer of ${where} / alone`,
        limit,
        best: 'high',
        ratios: await measureRounds(party, writing, rounds),
      })
    }
    for (const worker of [party.second, party.first]) await worker.ask({ kind: 'close' })
  }
  return goals
}

async function startParty(scope: Scope, name: CandidateName, keyCount: number): Promise<Party> {
  const { start, missing } = findCandidate(name)
  if (start === undefined) throw new Error(`${name}: ${missing}`)
  const dir = memoryDir(scope)
  const site = { dir, socketPath: join(dir, 'none'), itemCount: itemCount(keyCount) }
  return start(scope, { site, keyCount })
}

/** By the clock: a reader that waits uses no processor time. The first round only warms up. */
async function measureRounds(
  { first, second }: Party,
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
