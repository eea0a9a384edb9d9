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
  OPTION_TABLE,
  type OptionSet,
  requiredInteger,
  requireRow,
  requireSupported,
  resolveCaches,
  textOption,
  usageError,
} from '../uwsgi/options/index.ts'
import { createRouter, type RouterDeps } from '../uwsgi/rules/index.ts'
import type { PlannedDaemon } from './daemon.ts'
import {
  type PlannedOutput,
  type PlannedRequestLog,
  planOutput,
  planRequestLog,
} from './log/plan-log.ts'
import { compileRequestLog } from './log/request-log.ts'
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
  /** Undefined: this process stays where it was started. */
  readonly daemon: PlannedDaemon | undefined
  readonly environment: readonly (readonly [name: string, value: string])[]
  readonly output: PlannedOutput
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
  readonly requestLog: PlannedRequestLog
  /** Whether HTTPS clients may choose HTTP/2. */
  readonly isHttp2: boolean
  /** Bytes; 0: no limit. */
  readonly maxBodySize: number
  /** Whether a rejection that nothing handles ends the worker, as in Node.js itself. */
  readonly endsOnRejection: boolean
}

/** The application that the workers run. */
export interface PlannedApp {
  /** A path or the name of a package, as given. */
  readonly module: string
  /** Name of the export; absent: the default export. */
  readonly callable?: string
  /** Cache that stores its responses; absent: none. */
  readonly httpCache?: string
}

/**
 * Refuses unsupported options and fills in defaults.
 * @throws UndercroftError UNDERCROFT_OPTION_INVALID
 */
export function planServe(options: OptionSet): ServePlan {
  requireSupported(options)
  const { caches, warnings } = resolveCaches(options)
  const workers = planWorkers(options, caches)
  if (caches.length === 0 && workers === undefined) {
    throw usageError('no cache is defined; add --cache2 name=default,items=10000')
  }
  const rules = createRouter(options, CHECKING_HOST)
  const sockets = planSockets(options)
  const stats = planStats(options)
  const process = {
    pidfile: textOption(options, 'pidfile'),
    safePidfile: textOption(options, 'safe-pidfile'),
    umask: readUmask(options),
    environment: planVariables(options),
    ...planDaemon(options),
  }
  return {
    options,
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
    ],
    rules: rules.description,
    process,
    workers,
  }
}

/** For rules that are only checked here; each worker compiles its own. */
const CHECKING_HOST: RouterDeps = {
  clock: systemClock,
  workerId: 0,
  pid: 0,
  findCache: () => undefined,
  log: () => {},
}

/** The limit of `processes`, also for a later reload. */
export const MAX_PROCESSES = Number(requireRow(OPTION_TABLE, 'processes').max)

/**
 * Options that only a master or its workers can fulfil. All routing rules are such options, too.
 */
const WORKER_OPTIONS: ReadonlySet<string> = new Set([
  ...['processes', 'module', 'max-requests', 'harakiri', 'touch-reload', 'uid', 'gid', 'chdir'],
  ...['http', 'http-socket', 'https', 'https-socket', 'http-to-https', 'http-cache', 'limit-post'],
  ...['check-cache', 'check-static', 'static-map', 'safe-pidfile', 'chown-socket'],
  ...['log-format', 'log-json', 'log-4xx', 'log-5xx', 'log-slow', 'touch-logreopen', 'logto2'],
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
    requestLog: planCheckedLog(options),
    isHttp2: planHttp2(options),
    maxBodySize: requiredInteger(options, 'limit-post'),
    endsOnRejection: readChoice(options, 'unhandled-rejections', ['log', 'end']) === 'end',
  }
}

/** Refuses a wrong format here, and not in each worker. */
function planCheckedLog(options: OptionSet): PlannedRequestLog {
  const planned = planRequestLog(options)
  compileRequestLog(planned, { pid: 0, workerId: 0 })
  return planned
}

/** The rules and the HTTP cache work on messages of HTTP/1. */
function planHttp2(options: OptionSet): boolean {
  const given = findLast(options, 'http2')
  if (given === undefined || !flagOption(options, 'http2')) return false
  const [other] = options.inOrder.filter(({ name }) => {
    const row = options.table.byName.get(name)
    return row?.group === 'routing' || HTTP1_OPTIONS.has(row?.name ?? '')
  })
  if (other === undefined) return true
  throw usageError(
    `${formatGiven(given)} does not work together with ${formatGiven(other)}, ` +
      'which needs HTTP/1; remove one of them',
  )
}

const HTTP1_OPTIONS: ReadonlySet<string> = new Set([
  ...['http-cache', 'check-cache', 'check-static', 'static-map'],
])

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

function readChoice(options: OptionSet, name: string, choices: readonly string[]): string {
  const given = findLast(options, name)
  const value = given?.value ?? textOption(options, name) ?? ''
  if (choices.includes(value)) return value
  throw invalidOption(given ? formatGiven(given) : name, choices.join(' or '), value)
}

function planApp(options: OptionSet, caches: readonly CacheDefinition[]): PlannedApp | undefined {
  const given = findLast(options, 'module')
  const callable = textOption(options, 'callable')
  const httpCache = planHttpCache(options, caches)
  if (given === undefined) {
    if (httpCache === undefined) return undefined
    throw usageError('http-cache stores responses of an application; add module = app.js')
  }
  if (given.value === '') throw invalidOption(formatGiven(given), 'a path', given.value)
  // uWSGI's form `module = myapp:application`.
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
