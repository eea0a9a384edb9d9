/**
 * `npm run bench -- remote`: gets and sets
 * over sockets. uWSGI's own client sends requests to a real uWSGI and to undercroft, and
 * `RemoteCache` to undercroft.
 *
 * Each server is one process. Both servers are measured alternately with the same client processes,
 * so that a slow moment of the machine does not affect only one side.
 */

import { integerOption, readCommandLine } from '../../testing/command-line.ts'
import { locatePeer } from '../../testing/peers/peers.ts'
import type { Scope } from '../../testing/scope.ts'
import { VALUE_SIZE } from '../compare/workload.ts'
import { roundsOption, secondsOption, sizeOption } from '../options.ts'
import { printMachine } from '../report.ts'
import {
  REMOTE_OPERATIONS,
  type RemoteClient,
  type RemoteTiming,
  startPipelinedClient,
  startPythonClient,
  startUwsgiClients,
} from './remote-clients.ts'
import { type Figures, printRemote, SETUPS, type SetupName } from './remote-report.ts'
import { type RemoteServer, startServers, TRANSPORTS } from './remote-servers.ts'

const KEY_COUNTS = { normal: 1000, small: 100 } as const

/** Calls that `RemoteCache` has under way at once. */
const PIPELINED_CALLS = 128

/** Time between the request and the start, so that every client receives it in time. */
const LEAD_NS = 8_000_000n

/** Enough for V8 to optimize the code that serves a request. */
const WARM_UP_MS = { normal: 1000, small: 50 } as const

export interface RemoteOptions {
  readonly size: keyof typeof KEY_COUNTS
  /** For all samples together. */
  readonly seconds: number
  readonly rounds: number
  readonly clientCount: number
}

interface Setup {
  readonly name: SetupName
  readonly server: RemoteServer
  readonly clients: readonly RemoteClient[]
}

export async function benchRemote(scope: Scope, args: readonly string[]): Promise<void> {
  const options = parseRemoteOptions(args)
  const { size, seconds, rounds, clientCount } = options
  printMachine()
  const keyCount = KEY_COUNTS[size]
  console.log(`workload  ${keyCount} keys like user:1234:profile, values of ${VALUE_SIZE} bytes;`)
  console.log(`          ${rounds} rounds, ${seconds} s in all; one process for each server`)
  printRemote(await measureRemote(scope, options), clientCount)
}

/** @returns no figures if uWSGI is not installed */
export async function measureRemote(scope: Scope, options: RemoteOptions): Promise<Figures[]> {
  const { size, seconds, rounds, clientCount } = options
  const keyCount = KEY_COUNTS[size]
  const { command, missing } = locatePeer('uwsgi')
  if (command === undefined) {
    console.log(`skipped: remote: ${missing}`)
    return []
  }
  const servers = await startServers(scope, command, keyCount)
  const uwsgiClients = await startUwsgiClients(scope, command, clientCount, keyCount)
  const pipelined = [await startPipelinedClient(scope, PIPELINED_CALLS, keyCount)]
  const one = uwsgiClients.slice(0, 1)
  const setups: readonly Setup[] = [
    { name: 'uwsgi', server: servers.uwsgi, clients: uwsgiClients },
    { name: 'undercroft', server: servers.undercroft, clients: uwsgiClients },
    { name: 'uwsgi, 1 client', server: servers.uwsgi, clients: one },
    { name: 'undercroft, 1 client', server: servers.undercroft, clients: one },
    { name: 'undercroft, pipelined', server: servers.undercroft, clients: pipelined },
    ...(await pythonSetups(scope, servers.undercroft, keyCount)),
  ]
  const sampleCount = rounds * SETUPS.length * TRANSPORTS.length * REMOTE_OPERATIONS.length
  await measureRounds(setups, 1, WARM_UP_MS[size])
  return measureRounds(setups, rounds, (seconds * 1000) / sampleCount)
}

/** @returns none if Python is not installed */
async function pythonSetups(
  scope: Scope,
  server: RemoteServer,
  keyCount: number,
): Promise<Setup[]> {
  const { command, missing } = locatePeer('python')
  if (command === undefined) {
    console.log(`skipped: remote: ${missing}`)
    return []
  }
  const start = (readsMemory: boolean) =>
    startPythonClient(scope, command, server.identifiers.Unix, readsMemory, keyCount)
  return [
    { name: 'python', server, clients: [await start(false)] },
    { name: 'python, shared memory', server, clients: [await start(true)] },
  ]
}

const COMMAND = {
  name: 'npm run bench -- remote',
  summary: ['Measure gets and sets per second over sockets: this server and uWSGI, alternately.'],
  options: {
    size: sizeOption(),
    seconds: secondsOption(30),
    rounds: roundsOption(15),
    clients: integerOption('Number of concurrent clients', { fallback: 4, min: 1, max: 64 }),
  },
}

export function parseRemoteOptions(args: readonly string[]): RemoteOptions {
  const { clients: clientCount, ...options } = readCommandLine(COMMAND, args)
  return { clientCount, ...options }
}

async function measureRounds(
  setups: readonly Setup[],
  rounds: number,
  durationMs: number,
): Promise<Figures[]> {
  const all: Figures[] = []
  for (const transport of TRANSPORTS) {
    for (const operation of REMOTE_OPERATIONS) {
      const figures: Figures = { transport, operation, rates: new Map(), cpuUs: new Map() }
      for (let round = 0; round < rounds; round++) {
        for (const setup of setups) await measure(setup, figures, durationMs)
      }
      all.push(figures)
    }
  }
  return all
}

async function measure(
  { name, server, clients }: Setup,
  { transport, operation, rates, cpuUs }: Figures,
  durationMs: number,
): Promise<void> {
  const startAtNs = process.hrtime.bigint() + LEAD_NS
  const task = { operation, server: server.identifiers[transport], startAtNs, durationMs }
  const startMs = server.cpuMs()
  const timings = await Promise.all(clients.map(client => client.measure(task)))
  const endMs = server.cpuMs()
  const count = timings.reduce((sum, { callCount }) => sum + callCount, 0)
  const rate = timings.reduce((sum, timing) => sum + callsPerSecond(timing), 0)
  rates.set(name, [...(rates.get(name) ?? []), rate])
  if (startMs === undefined || endMs === undefined) return
  cpuUs.set(name, [...(cpuUs.get(name) ?? []), ((endMs - startMs) * 1000) / count])
}

function callsPerSecond({ callCount, elapsedMs }: RemoteTiming): number {
  return (callCount / elapsedMs) * 1000
}
