/**
 * The plan of `serve`, decided from the options before anything happens: by the command, and again
 * by each worker.
 */

import { resolve } from 'node:path'
import { invalidOption, systemClock } from '../base/index.ts'
import type { Instance, InstanceCache } from '../uwsgi/api/index.ts'
import {
  type CacheDefinition,
  findLast,
  formatGiven,
  listOption,
  type OptionSet,
  requireSupported,
  resolveCaches,
  textOption,
  usageError,
} from '../uwsgi/options/index.ts'
import { createRouter, type RouterDeps } from '../uwsgi/rules/index.ts'
import type { PlannedDaemon } from './daemon.ts'
import { type InstanceName, nameInstance } from './instance-name.ts'
import { type PlannedOutput, planOutput } from './log/plan-log.ts'
import { warnOfUnreachedMounts } from './plan-apps.ts'
import { warnOfFullHttpCache } from './plan-http-cache.ts'
import { type PlannedWorkers, planWorkers } from './plan-workers.ts'
import {
  type ListenLimits,
  type PlannedSocket,
  type PlannedStats,
  planSockets,
  planStats,
  readLimits,
} from './sockets/plan-sockets.ts'

/** Everything that `serve` needs to know. */
export interface ServePlan {
  readonly options: OptionSet
  /** Name of the instance. */
  readonly instance: string
  readonly caches: readonly CacheDefinition[]
  readonly sockets: readonly PlannedSocket[]
  readonly limits: ListenLimits
  readonly stats: PlannedStats | undefined
  readonly directory: string | undefined
  readonly warnings: readonly string[]
  /** The tables of rules as uWSGI prints them, line by line; empty without rules. */
  readonly rules: readonly string[]
  /** Pidfile, and environment variables of all processes. */
  readonly process: PlannedProcess
  /** Undefined: one process serves the caches without workers. */
  readonly workers: PlannedWorkers | undefined
}

/** Settings of the first process, with or without workers. */
export interface PlannedProcess {
  readonly pidfile: string | undefined
  /** A pidfile that is written once all workers serve. */
  readonly safePidfile: string | undefined
  readonly umask: number | undefined
  /** Path of a named pipe for commands. */
  readonly fifo: string | undefined
  /** Undefined: this process stays where it was started. */
  readonly daemon: PlannedDaemon | undefined
  readonly environment: readonly (readonly [name: string, value: string])[]
  readonly output: PlannedOutput
}

/**
 * Refuses unsupported options and fills in defaults.
 * @param files - the INI files that the options come from
 * @throws UndercroftError UNDERCROFT_OPTION_INVALID
 */
export function planServe(options: OptionSet, files: readonly string[]): ServePlan {
  requireSupported(options)
  const { caches, warnings } = resolveCaches(options)
  const workers = planWorkers(options, caches)
  if (caches.length === 0 && workers === undefined) {
    throw usageError('no cache is defined; add --cache2 name=default,items=10000')
  }
  const rules = createRouter(options, CHECKING_HOST)
  const sockets = planSockets(options)
  const stats = planStats(options)
  const addresses = sockets.planned.map(({ address }) => address)
  const instance = nameInstance(options, files, addresses)
  requireNameToKeep(instance, caches)
  const process = {
    pidfile: textOption(options, 'pidfile'),
    safePidfile: textOption(options, 'safe-pidfile'),
    umask: readUmask(options),
    fifo: textOption(options, 'master-fifo'),
    environment: planVariables(options),
    ...planDaemon(options),
  }
  return {
    options,
    instance: instance.name,
    caches,
    sockets: sockets.planned,
    limits: readLimits(options),
    stats: stats.planned,
    directory: textOption(options, 'directory'),
    warnings: [
      ...warnings,
      ...rules.warnings,
      ...sockets.warnings,
      ...stats.warnings,
      ...warnOfFullHttpCache(options, caches),
      ...warnOfUnreachedMounts(options),
    ],
    rules: rules.description,
    process,
    workers,
  }
}

/** The next start would not find the items under another random name. */
function requireNameToKeep({ isFixed }: InstanceName, caches: readonly CacheDefinition[]): void {
  const kept = caches.find(cache => cache.keep && !cache.shared)
  if (isFixed || kept === undefined) return
  throw usageError(
    `cache "${kept.name}" has keep=1, and the next start must find it: name the instance ` +
      'with --instance NAME',
  )
}

/** For rules that are only checked here; each worker compiles its own. */
const CHECKING_HOST: RouterDeps = {
  clock: systemClock,
  workerId: 0,
  pid: 0,
  findCache: () => undefined,
  log: () => {},
}

/** The output of a daemon is its log file, unless `logto` names another. */
function planDaemon(options: OptionSet): Pick<PlannedProcess, 'daemon' | 'output'> {
  const given = findLast(options, 'daemonize2') ?? findLast(options, 'daemonize')
  const output = planOutput(options)
  if (given === undefined) return { daemon: undefined, output }
  const daemon = { file: given.value, waits: given.name === 'daemonize2' }
  return { daemon, output: { ...output, file: output.file ?? given.value } }
}

function readUmask(options: OptionSet): number | undefined {
  const given = findLast(options, 'umask')
  if (given === undefined) return undefined
  if (/^0?[0-7]{1,3}$/.test(given.value)) return Number.parseInt(given.value, 8)
  throw invalidOption(formatGiven(given), 'octal digits such as 022', given.value)
}

function planVariables(options: OptionSet): [string, string][] {
  return listOption(options, 'env').map(given => {
    const [, name, value = ''] = /^([^=]+)(?:=(.*))?$/s.exec(given.value) ?? []
    if (name === undefined) throw invalidOption(formatGiven(given), 'NAME=VALUE', given.value)
    return [name, value]
  })
}

/**
 * Returns the instance that workers find in their environment: names and locations of the caches,
 * and the options. Paths are absolute, because a worker changes its directory.
 */
export function instanceOf(plan: ServePlan): Instance {
  return {
    caches: plan.caches.map(
      ({ name, shared, store, mathInitial }): InstanceCache => ({
        name,
        ...(shared || store !== undefined ? {} : { instance: plan.instance }),
        ...(plan.directory === undefined ? {} : { directory: resolve(plan.directory) }),
        ...(store === undefined ? {} : { store: resolve(store) }),
        mathInitial,
      }),
    ),
    options: optionsByName(plan.options),
  }
}

/** Each option is listed under the name it was given by and under its first name. */
function optionsByName({ given }: OptionSet): Record<string, string> {
  const pairs = [...given].flatMap(([firstName, list]) =>
    list.flatMap(({ name, value }) => [
      [name, value],
      [firstName, value],
    ]),
  )
  return Object.fromEntries(pairs)
}
