/**
 * `npm run bench -- request-log`: requests per second of the runner with its request log and
 * without it. Both instances run at the same time and receive load alternately; ratios within a
 * round count.
 */

import { join } from 'node:path'
import { integerOption, readCommandLine } from '../../testing/command-line.ts'
import { locatePeer } from '../../testing/peers/peers.ts'
import { ROOT } from '../../testing/root.ts'
import { startServe } from '../../testing/runner-process.ts'
import type { Scope } from '../../testing/scope.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { type Goal, goalLine } from '../goal.ts'
import { roundsOption } from '../options.ts'
import { printMachine } from '../report.ts'
import { ratios, spread } from '../results.ts'
import { LOAD, load, type Sample, type Target } from './wrk.ts'

/** The options of each instance, by its name in the output. */
const INSTANCES = {
  'without a log': [],
  "uWSGI's format": ['--log-requests'],
  'JSON lines': ['--log-json'],
} as const

type InstanceName = keyof typeof INSTANCES

const NAMES = Object.keys(INSTANCES) as InstanceName[]

const COMMAND = {
  name: 'npm run bench -- request-log',
  summary: ['Measure requests per second of the runner with and without its request log.'],
  options: {
    rounds: roundsOption(9),
    seconds: integerOption('Time for each server in each round', { fallback: 2, min: 1, max: 600 }),
  },
}

export type LogSamples = ReadonlyMap<InstanceName, readonly Sample[]>

export async function benchRequestLog(scope: Scope, args: readonly string[]): Promise<void> {
  const { rounds, seconds } = readCommandLine(COMMAND, args)
  printMachine()
  console.log(`workload  an application that answers at once, two workers each; ${LOAD},`)
  console.log(`          ${rounds} rounds of ${seconds} s for each instance; the log is a file\n`)
  const samples = await measureRequestLog(scope, { rounds, seconds })
  console.log('median (least..most)    requests per second    us of CPU per request')
  for (const [name, of] of samples) {
    const perSecond = spread(
      of.map(sample => sample.perSecond),
      0,
    )
    const cpuUs = spread(
      of.map(sample => sample.cpuUs),
      1,
    )
    console.log(`${name.padEnd(14)}${perSecond.padStart(29)}${cpuUs.padStart(25)}`)
  }
  console.log('\ntargets')
  for (const goal of requestLogGoals(samples)) console.log(goalLine(goal))
}

/** @returns no samples if wrk is not installed */
export async function measureRequestLog(
  scope: Scope,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<LogSamples> {
  const { command, missing } = locatePeer('wrk')
  if (command === undefined) {
    console.log(`skipped: request-log: ${missing}`)
    return new Map()
  }
  const targets = new Map<InstanceName, Target>()
  for (const name of NAMES) targets.set(name, await startInstance(scope, name))
  const samples = new Map(NAMES.map((name): [InstanceName, Sample[]] => [name, []]))
  for (const target of targets.values()) await load(command, target, seconds) // compile the code
  for (let round = 0; round < rounds; round++) {
    for (const [name, target] of targets) {
      samples.get(name)?.push(await load(command, target, seconds))
    }
  }
  return samples
}

/**
 * Requests per second with a log, as a share of those without, and the same for processor time: a
 * loaded machine disturbs the time less.
 */
export function requestLogGoals(samples: LogSamples): Goal[] {
  const ratiosOf = (name: InstanceName, fact: keyof Sample) =>
    ratios(
      (samples.get(name) ?? []).map(sample => sample[fact]),
      (samples.get('without a log') ?? []).map(sample => sample[fact]),
    )
  return NAMES.slice(1).flatMap((name): Goal[] => [
    {
      title: `requests per second: ${name} / without a log`,
      limit: 0.95,
      best: 'high',
      ratios: ratiosOf(name, 'perSecond'),
    },
    {
      title: `CPU per request: ${name} / without a log`,
      limit: 1.05,
      best: 'low',
      ratios: ratiosOf(name, 'cpuUs'),
    },
  ])
}

async function startInstance(scope: Scope, name: InstanceName): Promise<Target> {
  const module = ['--module', join(ROOT, 'build/bench/web/web-app.js')]
  const args = [...module, '--http', '127.0.0.1:0', '--processes', '2', ...INSTANCES[name]]
  const { port, service } = await startServe(scope, args, {
    env: { BENCH_BODY_SIZE: '13' },
    logFile: join(tempDir(scope), 'requests.log'),
  })
  return { port, pid: service.pid }
}
