/**
 * What the remote benchmark prints, and the figures we promise ourselves.
 */

import type { RemoteOperation } from './remote-clients.ts'
import type { Transport } from './remote-servers.ts'
import { median, ratios, spread } from './results.ts'

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
  for (const line of remoteTargetLines(all)) console.log(line)
  console.log('\nfor comparison')
  for (const line of remoteComparisonLines(all)) console.log(line)
}

function printFigures({ transport, operation, rates, cpuUs }: Figures): void {
  const head = `${operation} over ${transport}`.padEnd(24)
  console.log(`\n${head}${'requests a second'.padEnd(28)}server's processor time a request`)
  for (const name of SETUPS) {
    const values = rates.get(name) ?? []
    const cpu = median(cpuUs.get(name) ?? [])
    const time = Number.isNaN(cpu) ? 'not told here' : `${cpu.toFixed(1)} us`
    console.log(`${name.padEnd(24)}${spread(values, 0).padEnd(28)}${time}`)
  }
}

/** Against uWSGI with the same clients, and our client against as many as keep uWSGI busy. */
const TARGETS = [
  { top: 'undercroft', limit: 0.9 },
  { top: 'undercroft, pipelined', limit: 5 },
] as const

export function remoteTargetLines(all: readonly Figures[]): string[] {
  return TARGETS.flatMap(({ top, limit }) =>
    all.map(figures => {
      const title = `${titleOf(figures)}: ${top} / uwsgi, at least ${limit}`
      const ratio = ratioOf(figures, top, 'uwsgi')
      if (Number.isNaN(ratio)) return `not measured  ${title}`
      const verdict = ratio >= limit ? 'reached     ' : 'NOT reached '
      return `${verdict}  ${title}: ${ratio.toFixed(2)}`
    }),
  )
}

export function remoteComparisonLines(all: readonly Figures[]): string[] {
  return all.flatMap(figures => {
    const ratio = ratioOf(figures, 'undercroft, 1 client', 'uwsgi, 1 client')
    if (Number.isNaN(ratio)) return []
    return [`${titleOf(figures)}: undercroft / uwsgi, 1 client: ${ratio.toFixed(2)}`]
  })
}

function titleOf({ operation, transport }: Figures): string {
  return `${operation} over ${transport}`
}

function ratioOf({ rates }: Figures, top: SetupName, bottom: SetupName): number {
  return median(ratios(rates.get(top) ?? [], rates.get(bottom) ?? []))
}
