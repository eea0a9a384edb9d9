/**
 * What the remote benchmark prints, and the figures we promise ourselves.
 */

import { median } from '../../testing/statistics.ts'
import { type Goal, goalLine } from '../goal.ts'
import { ratios, spread } from '../results.ts'
import type { RemoteOperation } from './remote-clients.ts'
import type { Transport } from './remote-servers.ts'

/** Who asks whom. */
export const SETUPS = [
  'uwsgi',
  'undercroft',
  'uwsgi, 1 client',
  'undercroft, 1 client',
  'undercroft, pipelined',
] as const

export type SetupName = (typeof SETUPS)[number]

/** One transport and operation; one figure a round for each setup. */
export interface Figures {
  readonly transport: Transport
  readonly operation: RemoteOperation
  /** Requests a second, of all clients together. */
  readonly rates: Map<SetupName, number[]>
  /** Processor time of the server for a request, where the system tells. */
  readonly cpuUs: Map<SetupName, number[]>
}

export function printRemote(all: readonly Figures[], clientCount: number): void {
  console.log(
    '\nuwsgi, undercroft: the server asked by uWSGI’s own client, which connects for each',
  )
  console.log(
    `request, in ${clientCount} processes at once, or in 1; pipelined: asked by RemoteCache`,
  )
  console.log('in 1 process, with one connection that stays')
  for (const figures of all) printFigures(figures)
  console.log('\ntargets')
  for (const goal of remoteGoals(all)) console.log(goalLine(goal))
}

function printFigures(figures: Figures): void {
  const { rates, cpuUs } = figures
  const head = titleOf(figures).padEnd(24)
  console.log(`\n${head}${'requests a second'.padEnd(28)}server's processor time a request`)
  for (const name of SETUPS) {
    const values = rates.get(name) ?? []
    const cpu = median(cpuUs.get(name) ?? [])
    const time = Number.isNaN(cpu) ? 'not told here' : `${cpu.toFixed(1)} us`
    console.log(`${name.padEnd(24)}${spread(values, 0).padEnd(28)}${time}`)
  }
}

/** Against uWSGI with the same clients, and our client against as many as keep uWSGI busy. */
const GOALS: readonly { top: SetupName; bottom: SetupName; limit: number | undefined }[] = [
  { top: 'undercroft', bottom: 'uwsgi', limit: 0.9 },
  { top: 'undercroft, pipelined', bottom: 'uwsgi', limit: 5 },
  { top: 'undercroft, 1 client', bottom: 'uwsgi, 1 client', limit: undefined },
]

export function remoteGoals(all: readonly Figures[]): Goal[] {
  return GOALS.flatMap(({ top, bottom, limit }) =>
    all.map(figures => ({
      title: `${titleOf(figures)}, requests a second: ${top} / ${bottom}`,
      limit,
      best: 'high' as const,
      ratios: ratios(figures.rates.get(top) ?? [], figures.rates.get(bottom) ?? []),
    })),
  )
}

export function titleOf({ operation, transport }: Figures): string {
  return `${operation} over ${transport}`
}
