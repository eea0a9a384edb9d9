/**
 * A worker: opens the caches that the master has created, loads the application, and serves both
 * until the master ends it or is gone.
 */

import { createServer, type RequestListener, type Server } from 'node:http'
import { assert, systemClock } from '../base/index.ts'
import { HttpCache } from '../http-cache/index.ts'
import { type CacheServer, serveCaches } from '../server/index.ts'
import { findCache, provideCaches } from '../uwsgi/api/index.ts'
import { checkOptions, OPTION_TABLE } from '../uwsgi/options/index.ts'
import { createRouter, type Router } from '../uwsgi/rules/index.ts'
import { loadApp, takeRequests, Upgrades } from './apps/index.ts'
import { type BinaryCache, openWorkerCache, type WorkerCache } from './caches/serve-cache.ts'
import { HttpServers, LAST_REQUEST_MS } from './http-servers.ts'
import { limitPost } from './limit-post.ts'
import { LineWriter } from './log/line-writer.ts'
import { isLogFile, openLogFile } from './log/log-file.ts'
import { withDate } from './log/plan-log.ts'
import { RequestLog } from './log/request-log.ts'
import type { WorkerTask } from './messages.ts'
import { type Mount, mountApps } from './mounted-apps.ts'
import { planServe, type ServePlan } from './plan.ts'
import type { PlannedApp, PlannedWorkers } from './plan-workers.ts'
import { redirectToHttps } from './redirect-to-https.ts'
import { RequestWatch } from './workers/request-watch.ts'
import { ScoreboardEntry } from './workers/scoreboard.ts'

/** Node.js' default limit. A `buffer-size` beyond it applies to HTTP as well. */
const DEFAULT_MAX_HEADER_SIZE = 16_384

/** Interval at which the scoreboard shows that the event loop is running. */
const BEAT_MS = 250

/** What a worker reports to its master. */
export interface WorkerHost {
  onLog(line: string): void
  /** The worker has started as many requests as max-requests allows. */
  onDone(): void
}

export class RunningWorker {
  readonly #workers: PlannedWorkers
  readonly #watch: RequestWatch
  readonly #front: HttpServers
  readonly #upgrades: Upgrades | undefined
  readonly #cacheServer: CacheServer | undefined
  readonly #logFile: string | undefined
  readonly #host: WorkerHost
  readonly #id: number
  readonly #caches: readonly WorkerCache[]

  private constructor(
    id: number,
    workers: PlannedWorkers,
    parts: {
      watch: RequestWatch
      front: HttpServers
      upgrades: Upgrades | undefined
      cacheServer: CacheServer | undefined
      caches: readonly WorkerCache[]
      logFile: string | undefined
    },
    host: WorkerHost,
  ) {
    this.#id = id
    this.#workers = workers
    this.#watch = parts.watch
    this.#front = parts.front
    this.#upgrades = parts.upgrades
    this.#cacheServer = parts.cacheServer
    this.#logFile = parts.logFile
    this.#caches = parts.caches
    this.#host = host
  }

  /** Resolves when the worker serves. */
  static async start(task: WorkerTask, masterHost: WorkerHost): Promise<RunningWorker> {
    const { options } = checkOptions(OPTION_TABLE, task.options)
    const plan = { ...planServe(options, []), instance: task.instance }
    const { workers, process: own } = plan
    assert(workers !== undefined, 'the options of a worker ask for workers')
    const host = { ...masterHost, onLog: withDate(masterHost.onLog, own.output.dateFormat) }
    const entry = ScoreboardEntry.take(task.entryIndex, task.entryCount)
    if (!workers.endsOnRejection) process.on('unhandledRejection', logRejection)
    const opened = await openCaches(plan, host)
    const caches = opened.map(({ cache }) => cache)
    const { http, uwsgi, router, upgrades } = await makeListeners(task, plan, caches, host)
    const watch = new RequestWatch(entry, systemClock, startRequestLog(task, workers, router))
    const { maxRequests } = workers
    if (maxRequests > 0) watch.onCount = { count: maxRequests, act: () => host.onDone() }
    // Variables of the uwsgi protocol and the HTTP header made from them differ slightly in size.
    const maxHeaderSize = Math.max(DEFAULT_MAX_HEADER_SIZE, 2 * plan.limits.bufferSize)
    const serving = {
      maxHeaderSize,
      limits: workers.http,
      watch,
      entry,
      upgrades,
      isHttp2: workers.isHttp2,
    }
    const { maxBodySize } = workers
    const front = new HttpServers(watch.wrap(limitPost(http, maxBodySize)), serving)
    const uwsgiServer = createServer({ maxHeaderSize }, watch.wrap(limitPost(uwsgi, maxBodySize)))
    upgrades?.attach(uwsgiServer)
    const onRequest = takeRequests(uwsgiServer, host.onLog)
    const { mode: _modeOfMaster, ...planned } = plan.limits
    const drainTimeoutMs = Math.max(workers.reloadMercyMs, workers.workerMercyMs)
    const limits = { ...planned, drainTimeoutMs }
    const callbacks = { onRequest, onLog: host.onLog }
    const cacheServer = await serveSockets(task, caches, front, { ...limits, ...callbacks })
    setInterval(() => watch.beat(), BEAT_MS).unref()
    const logFile = own.output.fileOfUser ?? own.output.file
    const parts = { watch, front, upgrades, cacheServer, caches: opened, logFile }
    return new RunningWorker(task.workerId, workers, parts, host)
  }

  /** Accepts no more requests; resolves when all requests in progress have ended. */
  async drain(): Promise<void> {
    setTimeout(() => this.#upgrades?.end(), LAST_REQUEST_MS)
    await Promise.all([this.#front.drain(), this.#cacheServer?.close()])
  }

  /** Opens the log file again, if there is one. */
  reopenLog(): void {
    try {
      if (this.#logFile !== undefined) openLogFile(this.#logFile)
    } catch (error) {
      this.#host.onLog(`worker ${this.#id}: ${error instanceof Error ? error.message : error}`)
    }
  }

  /** Removes the caches of an instance whose master is gone, and cannot. */
  removeCaches(): void {
    for (const cache of this.#caches) cache.removeName()
  }

  /** Ends the requests that take longer than harakiri allows. */
  giveUp(): void {
    for (const { what, tookMs } of this.#watch.giveUp(this.#workers.harakiriMs)) {
      const seconds = Math.round(tookMs / 1000)
      this.#host.onLog(`HARAKIRI: worker ${this.#id}: ${what} ended after ${seconds} seconds`)
    }
  }
}

/**
 * The promise does not know the request that waits for it, so that request ends by `harakiri` or by
 * its client. The other requests of this worker are not at fault.
 */
function logRejection(reason: unknown): void {
  console.error('a promise was rejected and nothing handles it; the worker continues:', reason)
}

/** @returns undefined if no request is logged */
function startRequestLog(
  { workerId }: WorkerTask,
  { requestLog }: PlannedWorkers,
  router: Router,
): RequestLog | undefined {
  const writer = new LineWriter(process.stdout, isLogFile())
  const facts = { pid: process.pid, workerId }
  const log = RequestLog.of(requestLog, facts, writer, request => router.logFacts(request))
  if (log !== undefined) process.on('exit', () => writer.flush())
  return log
}

/** Opens the caches once for both clients over sockets and the application. */
async function openCaches(plan: ServePlan, { onLog }: WorkerHost): Promise<WorkerCache[]> {
  const caches: WorkerCache[] = []
  for (const definition of plan.caches) {
    caches.push(await openWorkerCache(definition, plan, onLog))
  }
  provideCaches(caches.map(({ cache }) => cache))
  return caches
}

interface Listeners {
  readonly http: RequestListener
  readonly uwsgi: RequestListener
  readonly router: Router
  /** Undefined: the application is not an `http.Server`. */
  readonly upgrades: Upgrades | undefined
}

/** The rules, followed by the application: a listener for each protocol. */
async function makeListeners(
  { workerId }: WorkerTask,
  { options, workers }: ServePlan,
  caches: readonly BinaryCache[],
  { onLog }: WorkerHost,
): Promise<Listeners> {
  const { app, chdir } = workers ?? {}
  const self = { clock: systemClock, workerId, pid: process.pid }
  // Before the directory changes, because file names in the configuration are relative to the
  // master's directory.
  const router = createRouter(options, { ...self, findCache, log: onLog })
  if (chdir !== undefined) process.chdir(chdir)
  let upgrades: Upgrades | undefined
  const onServer = (server: Server) => {
    upgrades = new Upgrades(server)
  }
  const application = app && (await loadCachedApp(app, caches, onServer))
  const [http, uwsgi] = [router.wrap(application, 'http'), router.wrap(application, 'uwsgi')]
  return { http, uwsgi, router, upgrades }
}

/** Loads the application, behind an HTTP cache if the plan names one. */
async function loadCachedApp(
  app: PlannedApp,
  caches: readonly BinaryCache[],
  onServer: (server: Server) => void,
): Promise<RequestListener> {
  const cache = caches.find(({ name }) => name === app.httpCache?.cache)
  // Before the application is loaded, because the options of the HTTP cache may be refused.
  const pages = cache && new HttpCache({ cache, ...app.httpCache?.options })
  const listener = await loadApps(app, onServer)
  return pages === undefined ? listener : pages.listener(listener)
}

async function loadApps(
  app: PlannedApp,
  onServer: (server: Server) => void,
): Promise<RequestListener> {
  const fallback = await loadApp({ ...app, onServer })
  const mounts: Mount[] = []
  for (const mount of app.mounts) {
    mounts.push({ path: mount.path, listener: await loadApp(mount) })
  }
  return mountApps(mounts, fallback, app.managesScriptName)
}

/** Starts the cache server if there is a socket for it. */
async function serveSockets(
  { sockets }: WorkerTask,
  caches: readonly BinaryCache[],
  front: HttpServers,
  options: Omit<Parameters<typeof serveCaches>[1], 'listen'>,
): Promise<CacheServer | undefined> {
  for (const { protocol, fileDescriptor, tls, redirect } of sockets) {
    if (protocol === 'uwsgi') continue
    await front.listen(fileDescriptor, tls, redirect && redirectToHttps(redirect.port))
  }
  const uwsgi = sockets.filter(({ protocol }) => protocol === 'uwsgi')
  if (uwsgi.length === 0) return undefined
  const listen = uwsgi.map(({ address, access, fileDescriptor: fd }) => ({
    ...access,
    address,
    fd,
  }))
  return serveCaches(caches, { ...options, listen, drainIdleMs: LAST_REQUEST_MS })
}
