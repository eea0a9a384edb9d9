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
import { type InstanceName, nameInstance } from './instance-name.ts'
import { type PlannedApps, planApps, warnOfUnreachedMounts } from './plan-apps.ts'
import {
  type HttpLimits,
  type ListenLimits,
  type PlannedSocket,
  type PlannedStats,
  planSockets,
  planStats,
  readHttpLimits,
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
  readonly environment: readonly (readonly [name: string, value: string])[]
}

/** The workers, and how their master supervises them. */
export interface PlannedWorkers {
  readonly processes: number
  readonly app: PlannedApp | undefined
  readonly chdir: string | undefined
  readonly user: string | undefined
  readonly group: string | undefined
  /** 0: never. */
  readonly maxRequests: number
  /** Time that a request may take; 0: no limit. */
  readonly harakiriMs: number
  /** Time that a worker has to finish its requests. */
  readonly reloadMercyMs: number
  readonly touchReload: readonly string[]
  /** Interval at which the master checks its workers and caches. */
  readonly cycleMs: number
  readonly http: HttpLimits
}

/** The applications that the workers run. */
export interface PlannedApp extends PlannedApps {
  /** Cache that stores their responses; absent: none. */
  readonly httpCache?: string
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
  const process = { pidfile: textOption(options, 'pidfile'), environment: planVariables(options) }
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

/**
 * Options that only a master or its workers can fulfil. All routing rules are such options, too.
 */
const WORKER_OPTIONS: ReadonlySet<string> = new Set([
  ...['processes', 'module', 'http', 'http-socket', 'max-requests', 'harakiri', 'touch-reload'],
  ...['uid', 'gid', 'chdir', 'check-cache', 'check-static', 'static-map', 'http-cache'],
  ...['add-header', 'mount'],
])

function planWorkers(
  options: OptionSet,
  caches: readonly CacheDefinition[],
): PlannedWorkers | undefined {
  const isRequested = [...options.given.keys()].some(
    name => WORKER_OPTIONS.has(name) || requireRow(options.table, name).group === 'routing',
  )
  if (!isRequested && !flagOption(options, 'master')) return undefined
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
    http: readHttpLimits(options),
  }
}

function planApp(options: OptionSet, caches: readonly CacheDefinition[]): PlannedApp | undefined {
  const apps = planApps(options)
  const httpCache = planHttpCache(options, caches)
  if (apps === undefined) {
    if (httpCache === undefined) return undefined
    throw usageError('http-cache stores responses of an application; add module = app.js')
  }
  return { ...apps, ...(httpCache === undefined ? {} : { httpCache }) }
}

function planHttpCache(options: OptionSet, caches: readonly CacheDefinition[]): string | undefined {
  const given = findLast(options, 'http-cache')
  if (given === undefined || caches.some(({ name }) => name === given.value)) return given?.value
  const names = caches.map(({ name }) => name).join(', ')
  const allowed = names === '' ? 'a cache of cache2' : `one of ${names}`
  throw invalidOption(formatGiven(given), allowed, given.value)
}

/** A full cache without eviction stores no new response, and its application serves them all. */
function warnOfFullHttpCache(options: OptionSet, caches: readonly CacheDefinition[]): string[] {
  const given = findLast(options, 'http-cache')
  const cache = caches.find(({ name }) => name === given?.value)
  if (given === undefined || cache?.eviction !== 'none') return []
  return [
    `${formatGiven(given)}: cache "${cache.name}" evicts nothing, so no new response is stored ` +
      'once it is full; add purge_lru=1 to its cache2 definition',
  ]
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
