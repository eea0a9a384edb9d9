/**
 * The part of the plan that is about workers: how many, what they run, and when they are replaced.
 */

import { invalidOption } from '../base/index.ts'
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
  textOption,
  usageError,
} from '../uwsgi/options/index.ts'
import { type PlannedRequestLog, planRequestLog } from './log/plan-log.ts'
import { compileRequestLog } from './log/request-log.ts'
import { type PlannedApps, planApps } from './plan-apps.ts'
import { type PlannedHttpCache, planHttpCache } from './plan-http-cache.ts'
import { type HttpLimits, readHttpLimits } from './sockets/plan-sockets.ts'
import type { CheaperPlan } from './workers/cheaper.ts'

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
  /** The same for a worker that is replaced. */
  readonly workerMercyMs: number
  /** 0: no limit. */
  readonly maxLifetimeMs: number
  /** Bytes beyond which a worker is replaced; 0: no limit. */
  readonly maxRss: number
  /** Bytes beyond which a worker is killed; 0: no limit. */
  readonly evilRss: number
  /** Undefined: all workers run always. */
  readonly cheaper: CheaperPlan | undefined
  readonly touchReload: readonly string[]
  readonly touchChainReload: readonly string[]
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

/** The applications that the workers run. */
export interface PlannedApp extends PlannedApps {
  /** Cache that stores their responses; absent: none. */
  readonly httpCache?: PlannedHttpCache
}

/** The limit of `processes`, also for a later reload. */
export const MAX_PROCESSES = Number(requireRow(OPTION_TABLE, 'processes').max)

/**
 * Options that only a master or its workers can fulfil. All routing rules are such options, too.
 */
const WORKER_OPTIONS: ReadonlySet<string> = new Set([
  ...['cheaper', 'reload-on-rss', 'evil-reload-on-rss', 'max-worker-lifetime', 'master-fifo'],
  ...['touch-chain-reload', 'reuse-port'],
  ...['processes', 'module', 'max-requests', 'harakiri', 'touch-reload', 'uid', 'gid', 'chdir'],
  ...['http', 'http-socket', 'https', 'https-socket', 'http-to-https', 'http-cache', 'limit-post'],
  ...[
    'check-cache',
    'check-static',
    'static-map',
    'safe-pidfile',
    'chown-socket',
    'add-header',
    'mount',
  ],
  ...[
    'log-format',
    'log-json',
    'log-requests',
    'log-4xx',
    'log-5xx',
    'log-slow',
    'touch-logreopen',
    'logto2',
  ],
])

/** @returns undefined if one process serves the caches without workers */
export function planWorkers(
  options: OptionSet,
  caches: readonly CacheDefinition[],
): PlannedWorkers | undefined {
  const isRequested = [...options.given.keys()].some(
    name => WORKER_OPTIONS.has(name) || requireRow(options.table, name).group === 'routing',
  )
  if (!isRequested && !flagOption(options, 'master')) return undefined
  const mercySeconds = requiredInteger(options, 'reload-mercy')
  return {
    processes: requiredInteger(options, 'processes'),
    app: planApp(options, caches),
    chdir: textOption(options, 'chdir'),
    user: textOption(options, 'uid'),
    group: textOption(options, 'gid'),
    maxRequests: requiredInteger(options, 'max-requests'),
    harakiriMs: requiredInteger(options, 'harakiri') * 1000,
    reloadMercyMs: mercySeconds * 1000,
    workerMercyMs: (integerOption(options, 'worker-reload-mercy') ?? mercySeconds) * 1000,
    maxLifetimeMs: requiredInteger(options, 'max-worker-lifetime') * 1000,
    maxRss: requiredInteger(options, 'reload-on-rss') * MIB,
    evilRss: requiredInteger(options, 'evil-reload-on-rss') * MIB,
    cheaper: planCheaper(options),
    touchReload: listOption(options, 'touch-reload').map(given => given.value),
    touchChainReload: listOption(options, 'touch-chain-reload').map(given => given.value),
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

const MIB = 1_048_576

function planCheaper(options: OptionSet): CheaperPlan | undefined {
  const minimum = integerOption(options, 'cheaper')
  if (minimum === undefined) return undefined
  const plan = {
    minimum,
    initial: integerOption(options, 'cheaper-initial') ?? minimum,
    step: requiredInteger(options, 'cheaper-step'),
    busyPercent: requiredInteger(options, 'cheaper-busyness-max'),
    calmPercent: requiredInteger(options, 'cheaper-busyness-min'),
  }
  const processes = requiredInteger(options, 'processes')
  if (minimum >= processes || plan.initial < minimum || plan.initial > processes) {
    throw usageError(
      `cheaper (${minimum}) must be lower than processes (${processes}), and cheaper-initial ` +
        `(${plan.initial}) must be between them`,
    )
  }
  if (plan.calmPercent < plan.busyPercent) return plan
  throw usageError('cheaper-busyness-min must be lower than cheaper-busyness-max')
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

function readChoice(options: OptionSet, name: string, choices: readonly string[]): string {
  const given = findLast(options, name)
  const value = given?.value ?? textOption(options, name) ?? ''
  if (choices.includes(value)) return value
  throw invalidOption(given ? formatGiven(given) : name, choices.join(' or '), value)
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
