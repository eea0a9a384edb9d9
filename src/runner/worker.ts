/**
 * A worker: opens the caches that its master has made, loads the application, and serves both until
 * it is told to end, or its master is gone.
 */

import { createServer, type RequestListener } from 'node:http'
import { assert, systemClock } from '../base/index.ts'
import { HttpCache } from '../http-cache/index.ts'
import { type CacheServer, serveCaches } from '../server/index.ts'
import { findCache, provideCaches } from '../uwsgi/api/index.ts'
import { checkOptions, OPTION_TABLE } from '../uwsgi/options/index.ts'
import { createRouter } from '../uwsgi/rules/index.ts'
import { loadApp, takeRequests } from './apps/index.ts'
import { openWorkerCache, type ServedBytes } from './caches/serve-cache.ts'
import { HttpServers, LAST_REQUEST_MS } from './http-servers.ts'
import type { WorkerTask } from './messages.ts'
import { type PlannedApp, type PlannedWorkers, planServe, type ServePlan } from './plan.ts'
import { RequestWatch } from './workers/request-watch.ts'
import { ScoreboardEntry } from './workers/scoreboard.ts'

/** Node.js' own limit; what `buffer-size` asks for beyond that counts for HTTP as well. */
const DEFAULT_MAX_HEADER_SIZE = 16_384

/** How often the board is told that the event loop turns. */
const BEAT_MS = 250

/** What a worker tells its master, and nobody else. */
export interface WorkerHost {
  onLog(line: string): void
  /** As many requests as it may serve have begun. */
  onDone(): void
}

export class RunningWorker {
  readonly #workers: PlannedWorkers
  readonly #watch: RequestWatch
  readonly #front: HttpServers
  readonly #cacheServer: CacheServer | undefined
  readonly #host: WorkerHost
  readonly #id: number

  private constructor(
    id: number,
    workers: PlannedWorkers,
    parts: { watch: RequestWatch; front: HttpServers; cacheServer: CacheServer | undefined },
    host: WorkerHost,
  ) {
    this.#id = id
    this.#workers = workers
    this.#watch = parts.watch
    this.#front = parts.front
    this.#cacheServer = parts.cacheServer
    this.#host = host
  }

  /** Resolves when it serves. */
  static async start(task: WorkerTask, host: WorkerHost): Promise<RunningWorker> {
    const plan = planServe(checkOptions(OPTION_TABLE, task.options).options)
    const { workers } = plan
    assert(workers !== undefined, 'the options of a worker ask for workers')
    const entry = ScoreboardEntry.take(task.entryIndex)
    const watch = new RequestWatch(entry, systemClock)
    const { maxRequests } = workers
    if (maxRequests > 0) watch.onCount = { count: maxRequests, act: () => host.onDone() }
    const caches = await openCaches(plan, host)
    const { http, uwsgi } = await makeListeners(task, plan, caches, host)
    // Variables of the uwsgi protocol, and what HTTP makes of them, differ a little in size.
    const maxHeaderSize = Math.max(DEFAULT_MAX_HEADER_SIZE, 2 * plan.limits.bufferSize)
    const front = new HttpServers(watch.wrap(http), { maxHeaderSize, watch, entry })
    const uwsgiServer = createServer({ maxHeaderSize }, watch.wrap(uwsgi))
    const onRequest = takeRequests(uwsgiServer, host.onLog)
    const { mode: _masters, ...planned } = plan.limits
    const limits = { ...planned, drainTimeoutMs: workers.reloadMercyMs }
    const told = { onRequest, onLog: host.onLog }
    const cacheServer = await serveSockets(task, caches, front, { ...limits, ...told })
    setInterval(() => watch.beat(), BEAT_MS).unref()
    return new RunningWorker(task.workerId, workers, { watch, front, cacheServer }, host)
  }

  /** Takes no more, and resolves when all that had begun is done. */
  async drain(): Promise<void> {
    await Promise.all([this.#front.drain(), this.#cacheServer?.close()])
  }

  /** Ends the requests that take longer than allowed. */
  giveUp(): void {
    for (const { what, tookMs } of this.#watch.giveUp(this.#workers.harakiriMs)) {
      const seconds = Math.round(tookMs / 1000)
      this.#host.onLog(`HARAKIRI: worker ${this.#id}: ${what} ended after ${seconds} seconds`)
    }
  }
}

/** The same caches for those who come over sockets and for the application. */
async function openCaches(plan: ServePlan, { onLog }: WorkerHost): Promise<ServedBytes[]> {
  const caches: ServedBytes[] = []
  for (const definition of plan.caches) {
    caches.push(await openWorkerCache(definition, plan.directory, onLog))
  }
  provideCaches(caches)
  return caches
}

/** The rules and the application behind them, for each protocol what concerns its requests. */
async function makeListeners(
  { workerId }: WorkerTask,
  { options, workers }: ServePlan,
  caches: readonly ServedBytes[],
  { onLog }: WorkerHost,
): Promise<{ readonly http: RequestListener; readonly uwsgi: RequestListener }> {
  const { app, chdir } = workers ?? {}
  const self = { clock: systemClock, workerId, pid: process.pid }
  // Before the directory changes: files that the configuration names are the master's to find.
  const router = createRouter(options, { ...self, findCache, log: onLog })
  if (chdir !== undefined) process.chdir(chdir)
  const application = app && (await loadCachedApp(app, caches))
  return { http: router.wrap(application, 'http'), uwsgi: router.wrap(application, 'uwsgi') }
}

/** The application, behind an HTTP cache if that is asked for. */
async function loadCachedApp(
  app: PlannedApp,
  caches: readonly ServedBytes[],
): Promise<RequestListener> {
  const cache = caches.find(({ name }) => name === app.httpCache)
  // Before the application is loaded: its options may be refused.
  const pages = cache && new HttpCache({ cache })
  const listener = await loadApp(app)
  return pages === undefined ? listener : pages.listener(listener)
}

/** The cache server, if there is a socket for one. */
async function serveSockets(
  { sockets }: WorkerTask,
  caches: readonly ServedBytes[],
  front: HttpServers,
  options: Omit<Parameters<typeof serveCaches>[1], 'listen'>,
): Promise<CacheServer | undefined> {
  for (const { protocol, fileDescriptor } of sockets) {
    if (protocol === 'http') await front.listen(fileDescriptor)
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
