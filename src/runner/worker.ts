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
import { type OpenedCache, openSharedCache } from './caches/open-cache.ts'
import { HttpFront, LAST_REQUEST_MS } from './http-front.ts'
import type { WorkerTask } from './messages.ts'
import { type PlannedApp, type PlannedCrew, planServe, type ServePlan } from './plan.ts'
import { Seat } from './workers/board.ts'
import { RequestWatch } from './workers/request-watch.ts'

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
  readonly #crew: PlannedCrew
  readonly #watch: RequestWatch
  readonly #front: HttpFront
  readonly #cacheServer: CacheServer | undefined
  readonly #host: WorkerHost
  readonly #id: number

  private constructor(
    id: number,
    crew: PlannedCrew,
    parts: { watch: RequestWatch; front: HttpFront; cacheServer: CacheServer | undefined },
    host: WorkerHost,
  ) {
    this.#id = id
    this.#crew = crew
    this.#watch = parts.watch
    this.#front = parts.front
    this.#cacheServer = parts.cacheServer
    this.#host = host
  }

  /** Resolves when it serves. */
  static async start(task: WorkerTask, host: WorkerHost): Promise<RunningWorker> {
    const plan = planServe(checkOptions(OPTION_TABLE, task.options).options)
    const { crew } = plan
    assert(crew !== undefined, 'the options of a worker ask for workers')
    const seat = Seat.take(task.seat)
    const watch = new RequestWatch(seat, systemClock)
    const { maxRequests } = crew
    if (maxRequests > 0) watch.onCount = { count: maxRequests, act: () => host.onDone() }
    const caches = await openCaches(plan, host)
    const { http, uwsgi } = await makeListeners(task, plan, caches, host)
    // Variables of the uwsgi protocol, and what HTTP makes of them, differ a little in size.
    const maxHeaderSize = Math.max(DEFAULT_MAX_HEADER_SIZE, 2 * plan.limits.bufferSize)
    const front = new HttpFront(watch.wrap(http), { maxHeaderSize, watch, seat })
    const uwsgiServer = createServer({ maxHeaderSize }, watch.wrap(uwsgi))
    const onRequest = takeRequests(uwsgiServer, host.onLog)
    const { mode: _masters, ...planned } = plan.limits
    const limits = { ...planned, drainTimeoutMs: crew.reloadMercyMs }
    const told = { onRequest, onLog: host.onLog }
    const cacheServer = await serveSockets(task, caches, front, { ...limits, ...told })
    setInterval(() => watch.beat(), BEAT_MS).unref()
    return new RunningWorker(task.workerId, crew, { watch, front, cacheServer }, host)
  }

  /** Takes no more, and resolves when all that had begun is done. */
  async drain(): Promise<void> {
    await Promise.all([this.#front.drain(), this.#cacheServer?.close()])
  }

  /** Ends the requests that take longer than allowed. */
  giveUp(): void {
    for (const { what, tookMs } of this.#watch.giveUp(this.#crew.harakiriMs)) {
      const seconds = Math.round(tookMs / 1000)
      this.#host.onLog(`HARAKIRI: worker ${this.#id}: ${what} ended after ${seconds} seconds`)
    }
  }
}

/** The same caches for those who come over sockets and for the application. */
async function openCaches(plan: ServePlan, { onLog }: WorkerHost): Promise<OpenedCache[]> {
  const caches: OpenedCache[] = []
  for (const definition of plan.caches) {
    caches.push(await openSharedCache(definition, plan.directory, onLog))
  }
  provideCaches(caches)
  return caches
}

/** The rules and the application behind them, for each protocol what concerns its requests. */
async function makeListeners(
  { workerId }: WorkerTask,
  { options, crew }: ServePlan,
  caches: readonly OpenedCache[],
  { onLog }: WorkerHost,
): Promise<{ readonly http: RequestListener; readonly uwsgi: RequestListener }> {
  const { app, chdir } = crew ?? {}
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
  caches: readonly OpenedCache[],
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
  caches: readonly OpenedCache[],
  front: HttpFront,
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
