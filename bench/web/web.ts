/**
 * `npm run bench -- web`: cached responses per
 * second from the runner with two workers, and from the alternatives.
 *
 * All servers run at the same time, receive load alternately, and answer with bodies of one size.
 * Only ratios within one round are compared. wrk shares the processors with the servers. The faster
 * a server is, the more processor time wrk needs, which brings all ratios of requests closer to 1.
 * The output therefore also has the ratios of the servers' own processor time.
 */

import { flagOption, integerOption, readCommandLine } from '../../testing/command-line.ts'
import { locatePeer } from '../../testing/peers/peers.ts'
import type { Scope } from '../../testing/scope.ts'
import { type Goal, goalLine } from '../goal.ts'
import { roundsOption } from '../options.ts'
import { printMachine } from '../report.ts'
import { ratios, spread } from '../results.ts'
import { SERVER_NAMES, type ServerName, startWebServer, type WebServer } from './web-servers.ts'
import { LOAD, load, type Sample } from './wrk.ts'

export interface WebOptions {
  readonly rounds: number
  readonly seconds: number
  readonly bodySize: number
  readonly varies: boolean
  readonly names: readonly ServerName[]
}

/** One sample for each round and each server that could be started. */
export type WebSamples = ReadonlyMap<ServerName, readonly Sample[]>

interface ServerDescription {
  readonly label: string
  readonly isOurs: boolean
  readonly text: string
}

/** What each server is, for readers of the figures. */
export const SERVER_DESCRIPTIONS: Readonly<Record<ServerName, ServerDescription>> = {
  node: { label: 'node:http', isOurs: false, text: 'constant answer, no cache' },
  runner: {
    label: 'undercroft serve',
    isOurs: true,
    text: 'rules cache and cachestore',
  },
  middleware: { label: 'undercroft/http', isOurs: true, text: 'in node:http' },
  uwsgi: {
    label: 'uWSGI http-socket',
    isOurs: false,
    text: 'the same rules; a connection per request',
  },
  'uwsgi-http11': {
    label: 'uWSGI http11-socket',
    isOurs: false,
    text: 'the same rules; connections stay open',
  },
  'http-cache': { label: 'undercroft serve', isOurs: true, text: 'http-cache' },
  nginx: { label: 'nginx', isOurs: false, text: 'proxy_cache' },
  varnish: { label: 'Varnish', isOurs: false, text: 'in memory' },
}

/** Goals for the runner's requests per second, as a multiple of each server's. */
const LIMITS: Partial<Record<ServerName, number>> = { node: 0.85, uwsgi: 2 }

/** The same for the HTTP cache in node:http. */
const HTTP_CACHE_LIMITS: Partial<Record<ServerName, number>> = { node: 0.9, nginx: 0.85 }

export async function benchWeb(scope: Scope, args: readonly string[]): Promise<void> {
  const options = parseWebOptions(args)
  printMachine()
  console.log(`workload  one cached page of ${options.bodySize} bytes, two workers each; ${LOAD},`)
  console.log(`          ${options.rounds} rounds of ${options.seconds} s for each server\n`)
  const samples = await measureWeb(scope, options)
  printSamples(samples)
  printRatios(samples)
  console.log('\ntargets')
  for (const goal of webGoals(samples)) console.log(goalLine(goal))
}

const COMMAND = {
  name: 'npm run bench -- web',
  summary: [
    'Measure cached responses per second: the runner, uWSGI, nginx, Varnish and plain Node.',
  ],
  options: {
    rounds: roundsOption(9),
    seconds: integerOption('Time for each server in each round', { fallback: 2, min: 1, max: 600 }),
    bytes: integerOption('Size of the cached page', { fallback: 13, min: 1, max: 262_144 }),
    vary: flagOption('Let the page differ by Accept-Language'),
  },
  operands: {
    name: 'SERVER',
    help: `Measure only this server: ${SERVER_NAMES.join(', ')}`,
    allowed: SERVER_NAMES,
  },
}

export function parseWebOptions(args: readonly string[]): WebOptions {
  const { rounds, seconds, bytes, vary, operands } = readCommandLine(COMMAND, args)
  const names = SERVER_NAMES.filter(name => operands.length === 0 || operands.includes(name))
  return { names, rounds, seconds, bodySize: bytes, varies: vary }
}

/** @returns no samples if wrk is not installed */
export async function measureWeb(scope: Scope, options: WebOptions): Promise<WebSamples> {
  const { rounds, seconds } = options
  const samples = new Map<ServerName, Sample[]>()
  const { command, missing } = locatePeer('wrk')
  if (command === undefined) {
    console.log(`skipped: web: ${missing}`)
    return samples
  }
  const servers = await startAll(scope, options)
  for (const server of servers) {
    await load(command, server, seconds) // the page is stored, and the code compiled
    samples.set(server.name, [])
  }
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) {
      samples.get(server.name)?.push(await load(command, server, seconds))
    }
  }
  return samples
}

async function startAll(scope: Scope, options: WebOptions): Promise<WebServer[]> {
  const servers: WebServer[] = []
  for (const name of options.names) {
    const origin = servers.find(server => server.name === 'node')
    const started = await startWebServer(scope, name, { ...options, origin })
    if (typeof started === 'string') console.log(`skipped: ${name}: ${started}`)
    else servers.push(started)
  }
  return servers
}

function printSamples(samples: WebSamples): void {
  console.log('median (least..most)    requests per second    us of CPU per request')
  for (const [name, of] of samples) {
    const perSecond = spread(figures(of, 'perSecond'), 0)
    const cpuUs = spread(figures(of, 'cpuUs'), 1)
    console.log(
      `${name.padEnd(14)}${perSecond.padStart(29)}${cpuUs.padStart(25)}  ${describeServer(name)}`,
    )
  }
}

function describeServer(name: ServerName): string {
  const { label, text } = SERVER_DESCRIPTIONS[name]
  return `${label}: ${text}`
}

function printRatios(samples: WebSamples): void {
  const runner = samples.get('runner') ?? []
  console.log('\nrunner / other          requests per second      CPU time of other / of runner')
  for (const [name, of] of samples) {
    if (name === 'runner') continue
    const perSecond = spread(ratios(figures(runner, 'perSecond'), figures(of, 'perSecond')), 2)
    const cpu = spread(ratios(figures(of, 'cpuUs'), figures(runner, 'cpuUs')), 2)
    console.log(`${name.padEnd(14)}${perSecond.padStart(29)}${cpu.padStart(25)}`)
  }
}

export function webGoals(samples: WebSamples): Goal[] {
  return [
    ...goalsOf(samples, 'runner', LIMITS),
    ...goalsOf(samples, 'middleware', HTTP_CACHE_LIMITS).filter(({ limit }) => limit !== undefined),
  ]
}

function goalsOf(
  samples: WebSamples,
  ours: ServerName,
  limits: Partial<Record<ServerName, number>>,
): Goal[] {
  const perSecond = figures(samples.get(ours) ?? [], 'perSecond')
  return SERVER_NAMES.filter(name => name !== ours).map(other => ({
    title: `cached pages per second: ${ours} / ${other}`,
    limit: limits[other],
    best: 'high',
    ratios: ratios(perSecond, figures(samples.get(other) ?? [], 'perSecond')),
  }))
}

function figures(samples: readonly Sample[], field: keyof Sample): number[] {
  return samples.map(sample => sample[field])
}
