/**
 * The output of the remote benchmark, and its goals.
 */

import { median } from '../../testing/statistics.ts'
import { type Goal, goalLine } from '../goal.ts'
import { ratios, spread } from '../results.ts'
import type { RemoteOperation } from './remote-clients.ts'
import type { Transport } from './remote-servers.ts'

/** The pairs of server and client. */
export const SETUPS = [
  'uwsgi',
  'undercroft',
  'uwsgi, 1 client',
  'undercroft, 1 client',
  'undercroft, pipelined',
  'python',
  'python, shared memory',
] as const

export type SetupName = (typeof SETUPS)[number]

/** The figures of one transport and operation: one for each setup and round. */
export interface Figures {
  readonly transport: Transport
  readonly operation: RemoteOperation
  /** Requests per second of all clients together. */
  readonly rates: Map<SetupName, number[]>
  /** Processor time of the server per request, where the system reports it. */
  readonly cpuUs: Map<SetupName, number[]>
}

export function printRemote(all: readonly Figures[], clientCount: number): void {
  console.log(
    '\nuwsgi, undercroft: the server under requests of uWSGI’s own client, which connects for each',
  )
  console.log(
    `request, in ${clientCount} processes at once or in 1; pipelined: requests of RemoteCache in`,
  )
  console.log(
    '1 process, with one persistent connection; python: the module uwsgi of this package in',
  )
  console.log('1 process, whose gets ask the server, or read its shared memory')
  for (const figures of all) printFigures(figures)
  console.log('\ntargets')
  for (const goal of remoteGoals(all)) console.log(goalLine(goal))
}

function printFigures(figures: Figures): void {
  const { rates, cpuUs } = figures
  const head = titleOf(figures).padEnd(24)
  console.log(`\n${head}${'requests per second'.padEnd(28)}server's processor time per request`)
  for (const name of SETUPS) {
    const values = rates.get(name)
    if (values === undefined) continue
    const cpu = median(cpuUs.get(name) ?? [])
    const time = Number.isNaN(cpu) ? 'not reported here' : `${cpu.toFixed(1)} us`
    console.log(`${name.padEnd(24)}${spread(values, 0).padEnd(28)}${time}`)
  }
}

interface RemoteGoal {
  readonly top: SetupName
  readonly bottom: SetupName
  readonly limit: number | undefined
  /** @default both */
  readonly operation?: RemoteOperation
}

/** undercroft and uWSGI with the same clients, and `RemoteCache` against uWSGI at full load. */
const GOALS: readonly RemoteGoal[] = [
  { top: 'undercroft', bottom: 'uwsgi', limit: 0.9 },
  { top: 'undercroft, pipelined', bottom: 'uwsgi', limit: 5 },
  { top: 'undercroft, 1 client', bottom: 'uwsgi, 1 client', limit: undefined },
  { top: 'python', bottom: 'uwsgi, 1 client', limit: undefined },
  { top: 'python, shared memory', bottom: 'python', limit: 3, operation: 'get' },
]

export function remoteGoals(all: readonly Figures[]): Goal[] {
  return GOALS.flatMap(({ top, bottom, limit, operation }) =>
    all.flatMap(figures => {
      const [tops, bottoms] = [figures.rates.get(top), figures.rates.get(bottom)]
      const isMeasured = tops !== undefined && bottoms !== undefined
      if (!isMeasured || (operation ?? figures.operation) !== figures.operation) return []
      const title = `${titleOf(figures)}, requests per second: ${top} / ${bottom}`
      return [{ title, limit, best: 'high' as const, ratios: ratios(tops, bottoms) }]
    }),
  )
}

export function titleOf({ operation, transport }: Figures): string {
  return `${operation} over ${transport}`
}
