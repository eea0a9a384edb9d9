/**
 * What `serve` is to do, decided from the options before anything is done: by the command, and once
 * more by each worker.
 */

import { resolve } from 'node:path'
import { invalidOption, systemClock } from '../base/index.ts'
import type { Instance, InstanceCache } from '../uwsgi/api/index.ts'
import {
  type CacheDefinition,
  findLast,
  flagOption,
  formatGiven,
  integerOption,
  listOption,
  type OptionSet,
  requiredInteger,
  requireRow,
  requireSupported,
  resolveCaches,
  textOption,
  usageError,
} from '../uwsgi/options/index.ts'
import { createRouter, type RouterDeps } from '../uwsgi/rules/index.ts'
import {
  type ListenLimits,
  type PlannedSocket,
  type PlannedStats,
  planSockets,
  planStats,
  readLimits,
} from './sockets/plan-sockets.ts'

/** Everything `serve` needs to know. */
export interface ServePlan {
  readonly options: OptionSet
  readonly caches: readonly CacheDefinition[]
  readonly sockets: readonly PlannedSocket[]
  readonly limits: ListenLimits
  readonly stats: PlannedStats | undefined
  readonly directory: string | undefined
  readonly warnings: readonly string[]
  /** The tables of rules as uWSGI prints them, line by line; empty without rules. */
  readonly rules: readonly string[]
  /** Files that tell who serves, and variables of all processes. */
  readonly process: PlannedProcess
  /** Undefined: one process serves the caches by itself. */
  readonly workers: PlannedWorkers | undefined
}

/** What concerns the first process, with or without workers. */
export interface PlannedProcess {
  readonly pidfile: string | undefined
  readonly environment: readonly (readonly [name: string, value: string])[]
}

/** The workers, and how their master treats them. */
export interface PlannedWorkers {
  readonly processes: number
  readonly app: PlannedApp | undefined
  readonly chdir: string | undefined
  readonly user: string | undefined
  readonly group: string | undefined
  /** 0: never. */
  readonly maxRequests: number
  /** How long a request may take; 0: for ever. */
  readonly harakiriMs: number
  /** How long a worker may take to finish what it has begun. */
  readonly reloadMercyMs: number
  readonly touchReload: readonly string[]
  /** How often the master looks after things. */
  readonly cycleMs: number
}

/** The application that the workers run. */
export interface PlannedApp {
  /** A path or the name of a package, as it was given. */
  readonly module: string
  /** The name of an export; absent: the default one. */
  readonly callable?: string
  /** The cache that stores its responses; absent: none does. */
  readonly httpCache?: string
}

/** Refuses what is not supported and fills in what was not given. */
export function planServe(options: OptionSet): ServePlan {
  requireSupported(options)
  const { caches, warnings } = resolveCaches(options)
  const workers = planWorkers(options, caches)
  if (caches.length === 0 && workers === undefined) {
    throw usageError('there is no cache to serve; add --cache2 name=default,items=10000')
  }
  const rules = createRouter(options, NOTHING_AROUND)
  const sockets = planSockets(options)
  const stats = planStats(options)
  const process = { pidfile: textOption(options, 'pidfile'), environment: planVariables(options) }
  return {
    options,
    caches,
    sockets: sockets.planned,
    limits: readLimits(options),
    stats: stats.planned,
    directory: textOption(options, 'directory'),
    warnings: [...warnings, ...rules.warnings, ...sockets.warnings, ...stats.warnings],
    rules: rules.description,
    process,
    workers,
  }
}

/** For rules that are only checked: each worker has its own. */
const NOTHING_AROUND: RouterDeps = {
  clock: systemClock,
  workerId: 0,
  pid: 0,
  findCache: () => undefined,
  log: () => {},
}

/** Each asks for something that only a master or its workers can do; and so do all rules. */
const WORKER_OPTIONS: ReadonlySet<string> = new Set([
  ...['processes', 'module', 'http', 'http-socket', 'max-requests', 'harakiri', 'touch-reload'],
  ...['uid', 'gid', 'chdir', 'check-cache', 'check-static', 'static-map', 'http-cache'],
])

function planWorkers(
  options: OptionSet,
  caches: readonly CacheDefinition[],
): PlannedWorkers | undefined {
  const isAsked = [...options.given.keys()].some(
    name => WORKER_OPTIONS.has(name) || requireRow(options.table, name).group === 'routing',
  )
  if (!isAsked && !flagOption(options, 'master')) return undefined
  return {
    processes: requiredInteger(options, 'processes'),
    app: planApp(options, caches),
    chdir: textOption(options, 'chdir'),
    user: textOption(options, 'uid'),
    group: textOption(options, 'gid'),
    maxRequests: requiredInteger(options, 'max-requests'),
    harakiriMs: requiredInteger(options, 'harakiri') * 1000,
    reloadMercyMs: requiredInteger(options, 'reload-mercy') * 1000,
    touchReload: listOption(options, 'touch-reload').map(given => given.value),
    cycleMs: (integerOption(options, 'check-interval') ?? 1) * 1000,
  }
}

function planApp(options: OptionSet, caches: readonly CacheDefinition[]): PlannedApp | undefined {
  const given = findLast(options, 'module')
  const callable = textOption(options, 'callable')
  const httpCache = planHttpCache(options, caches)
  if (given === undefined) {
    if (httpCache === undefined) return undefined
    throw usageError('http-cache stores what an application answers; add module = app.js')
  }
  if (given.value === '') throw invalidOption(formatGiven(given), 'a path', given.value)
  // uWSGI's `module = myapp:application`.
  const [, path, name] = /^(.+):([A-Za-z_$][\w$]*)$/.exec(given.value) ?? []
  const wanted = callable ?? name
  return {
    module: path ?? given.value,
    ...(wanted === undefined ? {} : { callable: wanted }),
    ...(httpCache === undefined ? {} : { httpCache }),
  }
}

function planHttpCache(options: OptionSet, caches: readonly CacheDefinition[]): string | undefined {
  const given = findLast(options, 'http-cache')
  if (given === undefined || caches.some(({ name }) => name === given.value)) return given?.value
  const names = caches.map(({ name }) => name).join(', ')
  const allowed = names === '' ? 'a cache of cache2' : `one of ${names}`
  throw invalidOption(formatGiven(given), allowed, given.value)
}

function planVariables(options: OptionSet): [string, string][] {
  return listOption(options, 'env').map(given => {
    const [, name, value = ''] = /^([^=]+)(?:=(.*))?$/s.exec(given.value) ?? []
    if (name === undefined) throw invalidOption(formatGiven(given), 'NAME=VALUE', given.value)
    return [name, value]
  })
}

// MERGED: The instance that workers find in their environment: what the caches are called and where they are, and the options. /

/** Paths are complete, because a worker changes its directory. */
export function instanceOf(plan: ServePlan): Instance {
  return {
    caches: plan.caches.map(
      ({ name, store, mathInitial }): InstanceCache => ({
        name,
        ...(plan.directory === undefined ? {} : { directory: resolve(plan.directory) }),
        ...(store === undefined ? {} : { store: resolve(store) }),
        mathInitial,
      }),
    ),
    options: optionsByName(plan.options),
  }
}

/** Each under the name it was given by, and under its first one. */
function optionsByName({ given }: OptionSet): Record<string, string> {
  const pairs = [...given].flatMap(([firstName, list]) =>
    list.flatMap(({ name, value }) => [
      [name, value],
      [firstName, value],
    ]),
  )
  return Object.fromEntries(pairs)
}
