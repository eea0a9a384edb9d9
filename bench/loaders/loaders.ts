/**
 * `npm run bench -- loaders`: undercroft compared with other caches that load what is missing.
 *
 * One process times hits, misses and stale hits, and four processes ask for one missing key at
 * once. The candidates take turns, so that other load disturbs all of them equally.
 */

import { Child } from '../../testing/child.ts'
import { readCommandLine } from '../../testing/command-line.ts'
import type { Scope } from '../../testing/scope.ts'
import { median } from '../../testing/statistics.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { missingNpmPeers, versionOfPeer } from '../compare/npm-peers.ts'
import { roundsOption } from '../options.ts'
import { printMachine } from '../report.ts'
import { spread } from '../results.ts'
import { LOADING_CACHES, type LoadingCacheName } from './caches.ts'
import type { CallerReply, CallerTask } from './caller.ts'

const PROCESSES = 4
const CALLERS = 1000
const CALL_LIMIT_MS = 120_000

const COMMAND = {
  name: 'npm run bench -- loaders',
  summary: [
    'Measure how caches load: hits, misses, stale hits, and 1000 callers in 4 processes that ' +
      'miss one key at once. Peers that are not installed are skipped (npm run bench:peers).',
  ],
  options: { rounds: roundsOption(5) },
}

export interface LoadersOptions {
  readonly caches: readonly LoadingCacheName[]
  readonly rounds: number
  readonly keyCount: number
  readonly gets: number
}

/** The figures of one cache, one for each round. */
export interface LoadersResult {
  readonly hitNs: number[]
  readonly missNs: number[]
  readonly staleNs: number[]
  /** Loads for one key that all callers of all processes miss. */
  readonly loads: number[]
  /** The waits of the callers, as multiples of the time that a load takes. */
  readonly waits: number[]
}

export async function benchLoaders(scope: Scope, args: readonly string[]): Promise<void> {
  const { rounds } = readCommandLine(COMMAND, args)
  printMachine()
  console.log(`workload  strings of 100, ${CALLERS} callers in ${PROCESSES} processes\n`)
  const all = Object.keys(LOADING_CACHES) as LoadingCacheName[]
  const missing = missingNpmPeers()
  const caches: LoadingCacheName[] = missing === undefined ? all : ['undercroft']
  const results = await measureLoaders(scope, { caches, rounds, keyCount: 2000, gets: 100_000 })
  const head = ['', 'hit, ns', 'miss, ns', 'stale hit, ns', 'loads', 'wait / load', 'longest']
  console.log(head.map((title, i) => title.padStart(i && 20).padEnd(i ? 0 : 26)).join(''))
  for (const [name, result] of results) console.log(lineOf(name, result))
  console.log(
    '\nProcessor time of an awaited call. A miss and a stale hit load a value that is there at ' +
      'once.\n"loads" is how often the loader ran for one key that all callers of all processes ' +
      'missed at once.',
  )
  if (missing !== undefined) console.log(`the others are skipped: ${missing}`)
}

function lineOf(name: LoadingCacheName, result: LoadersResult): string {
  const { returnsStale } = LOADING_CACHES[name]
  const cells = [
    spread(result.hitNs, 0),
    spread(result.missNs, 0),
    returnsStale ? spread(result.staleNs, 0) : 'waits for the load',
    spread(result.loads, 0),
    median(result.waits).toFixed(2),
    Math.max(...result.waits).toFixed(2),
  ]
  const version = name === 'undercroft' ? '' : ` ${versionOfPeer(name)}`
  return `${name}${version}`.padEnd(26) + cells.map(cell => cell.padStart(20)).join('')
}

export async function measureLoaders(
  scope: Scope,
  { caches, rounds, keyCount, gets }: LoadersOptions,
): Promise<ReadonlyMap<LoadingCacheName, LoadersResult>> {
  const place = { directory: memoryDir(scope), maxItems: 100_000 }
  const results = new Map<LoadingCacheName, LoadersResult>()
  for (const name of caches) {
    results.set(name, { hitNs: [], missNs: [], staleNs: [], loads: [], waits: [] })
  }
  const callers = new Map<LoadingCacheName, readonly Caller[]>()
  for (const name of caches) {
    const started = await Promise.all(Array.from({ length: PROCESSES }, () => startCaller(scope)))
    for (const caller of started) {
      await caller.ask({ kind: 'open', cache: name, place }, CALL_LIMIT_MS)
    }
    callers.set(name, started)
  }
  // Round 0 only warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const [name, result] of results) {
      const figures = await measureRound(callers.get(name) ?? [], round, keyCount, gets)
      if (round > 0) note(result, figures)
    }
  }
  return results
}

type Caller = Child<CallerTask, CallerReply>

function startCaller(scope: Scope): Promise<Caller> {
  return Child.start<CallerTask, CallerReply>(scope, new URL('./caller.js', import.meta.url))
}

async function measureRound(
  callers: readonly Caller[],
  round: number,
  keyCount: number,
  gets: number,
): Promise<readonly CallerReply[]> {
  const keys = Array.from({ length: keyCount }, (_, i) => `user:${round}:${i}`)
  const timed = callers[0]?.ask({ kind: 'time', keys, gets }, CALL_LIMIT_MS)
  const times = await timed
  const task = { kind: 'stampede', key: `hot:${round}`, callers: CALLERS / PROCESSES } as const
  const stampede = await Promise.all(callers.map(caller => caller.ask(task, CALL_LIMIT_MS)))
  return times === undefined ? stampede : [times, ...stampede]
}

function note(result: LoadersResult, [timed, ...stampede]: readonly CallerReply[]): void {
  const { hit = Number.NaN, miss = Number.NaN, stale = Number.NaN } = timed?.times ?? {}
  result.hitNs.push(hit)
  result.missNs.push(miss)
  result.staleNs.push(stale)
  result.loads.push(stampede.reduce((sum, { loads }) => sum + loads, 0))
  for (const { waits = [] } of stampede) result.waits.push(...waits)
}
