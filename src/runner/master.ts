/**
 * The master: opens what the workers need, starts and supervises them, and closes everything at the
 * end. It runs no application and accepts no connection.
 */

import { type CacheStats, systemClock } from '../base/index.ts'
import type { AccessOptions } from '../net/index.ts'
import { formatInstance, INSTANCE_VARIABLE } from '../uwsgi/api/index.ts'
import type { SocketAddress } from '../uwsgi/options/index.ts'
import { ServedCache } from './caches/serve-cache.ts'
import { openLogFile } from './log/log-file.ts'
import { Pidfile } from './owned-file.ts'
import type { PlannedWorkers, ServePlan } from './plan.ts'
import { instanceOf } from './plan.ts'
import { dropPrivileges } from './privileges.ts'
import { MasterSignals, TouchedFiles } from './signals.ts'
import { explainingAddressInUse, ListeningSocket } from './sockets/listening-sockets.ts'
import { readAccess } from './sockets/socket-access.ts'
import { listenStats } from './stats.ts'
import { Scoreboard } from './workers/scoreboard.ts'
import { WorkerPool } from './workers/worker-pool.ts'
import { prepareProcesses } from './workers/worker-process.ts'
import { ENTRIES_PER_SLOT } from './workers/worker-slot.ts'

/** A plan with workers. */
export type MasterPlan = ServePlan & { readonly workers: PlannedWorkers }

/** What is open before the first worker starts. */
export interface MasterOpened {
  readonly caches: readonly CacheStats[]
  readonly sockets: readonly Pick<ListeningSocket, 'address' | 'protocol'>[]
}

/** What is running once all workers serve. */
export interface MasterReady extends MasterOpened {
  readonly statsAddress: SocketAddress | undefined
  /** Process ids. */
  readonly workers: readonly number[]
}

/** The receiver of the master's reports, and the facts that the master does not know. */
export interface MasterHost {
  /** Version of this package. */
  readonly version: string
  onLog(line: string): void
  onOpened(opened: MasterOpened): void
  onReady(ready: MasterReady): void
}

/**
 * Runs a master until a signal ends it.
 * @returns the name of the signal
 */
export async function runMaster(plan: MasterPlan, host: MasterHost): Promise<string> {
  const undo: (() => void | Promise<void>)[] = []
  try {
    return await new Master(plan, host, undo).run()
  } finally {
    for (const step of undo.reverse()) await step()
  }
}

class Master {
  readonly #plan: MasterPlan
  readonly #host: MasterHost
  /** Steps of the cleanup, run from last to first; also when the start fails half way. */
  readonly #undo: (() => void | Promise<void>)[]
  readonly #signals = new MasterSignals()
  readonly #sockets: ListeningSocket[] = []
  readonly #caches: ServedCache[] = []
  /** Compared from the start on, because workers may load a file before it is touched. */
  readonly #touchable: TouchedFiles
  readonly #touchesLog: TouchedFiles
  #pidfile: Pidfile | undefined

  constructor(plan: MasterPlan, host: MasterHost, undo: (() => void | Promise<void>)[]) {
    this.#plan = plan
    this.#host = host
    this.#undo = undo
    this.#touchable = new TouchedFiles(plan.workers.touchReload)
    this.#touchesLog = new TouchedFiles(plan.process.output.touchReopen)
    undo.push(() => this.#signals.close())
  }

  async run(): Promise<string> {
    await this.#open()
    const pool = this.#makePool()
    let isReloadWanted = false
    this.#signals.onReload = () => {
      isReloadWanted = true
    }
    const started = pool.start()
    // Until the workers serve, every end is immediate: no request has begun that could finish.
    const early = await Promise.race([started, this.#signals.ended])
    if (early !== undefined) {
      started.catch(() => {}) // the end of the start is expected
      return early.signal
    }
    // Before the report that all workers are ready, because its readers may reload at once.
    this.#signals.onReload = () => pool.reload()
    this.#signals.onReopenLog = () => this.#reopenLog(pool)
    const stopLooking = this.#lookAfter(pool)
    await this.#announce(pool)
    if (isReloadWanted) pool.reload()
    const { signal, ending } = await this.#signals.ended
    stopLooking()
    this.#signals.onReload = () => {}
    for (const socket of this.#sockets) socket.release(this.#host.onLog)
    if (ending === 'drain') {
      void this.#signals.endedAgain.then(() => pool.stop())
      await pool.drain()
    }
    return signal
  }

  /**
   * The order matters: only root may bind low ports and write into /run, and files made after the
   * change of user belong to the user that runs the workers.
   */
  async #open(): Promise<void> {
    const { workers, process: own } = this.#plan
    for (const [name, value] of own.environment) process.env[name] = value
    if (own.pidfile !== undefined) this.#keepPidfile(new Pidfile(own.pidfile))
    const access = this.#plan.sockets.map(readAccess)
    await this.#bind('tcp', access)
    dropPrivileges({ user: workers.user, group: workers.group }, this.#host.onLog)
    if (own.output.fileOfUser !== undefined) openLogFile(own.output.fileOfUser)
    await this.#bind('unix', access)
    const { directory } = this.#plan
    for (const definition of this.#plan.caches) {
      const keeping = { directory, isServing: false, onLog: this.#host.onLog }
      const cache = await ServedCache.open(definition, keeping)
      this.#caches.push(cache)
      this.#undo.push(() => cache.close())
    }
    this.#host.onOpened(this.#opened())
    for (const line of this.#plan.rules) this.#host.onLog(line)
  }

  #keepPidfile(pidfile: Pidfile): void {
    this.#pidfile = pidfile
    this.#undo.push(() => pidfile.remove())
  }

  /** Sockets keep the order of the plan, regardless of the order in which they are bound. */
  async #bind(kind: SocketAddress['kind'], access: readonly AccessOptions[]): Promise<void> {
    for (const [index, planned] of this.#plan.sockets.entries()) {
      if (planned.address.kind !== kind) continue
      const socket = await ListeningSocket.bind(
        planned,
        access[index] ?? {},
        this.#plan.limits.mode,
      )
      this.#sockets[index] = socket
      this.#undo.push(() => socket.release(this.#host.onLog))
    }
  }

  #makePool(): WorkerPool {
    const { workers, options } = this.#plan
    const scoreboard = new Scoreboard(workers.processes * ENTRIES_PER_SLOT)
    prepareProcesses(scoreboard)
    this.#host.onLog(`spawned undercroft master process (pid: ${process.pid})`)
    const files = [this.#pidfile, ...this.#sockets].flatMap(owner => owner?.file ?? [])
    const pool = new WorkerPool(workers, {
      scoreboard,
      sockets: this.#sockets,
      environment: { [INSTANCE_VARIABLE]: formatInstance(instanceOf(this.#plan)) },
      task: { options: options.inOrder, ownedFiles: files },
      clock: systemClock,
      reloadMercyMs: workers.reloadMercyMs,
      onLog: this.#host.onLog,
      appDirectory: workers.app && (workers.chdir ?? process.cwd()),
    })
    this.#undo.push(() => pool.stop())
    return pool
  }

  async #announce(pool: WorkerPool): Promise<void> {
    const { stats, limits, caches } = this.#plan
    if (caches.some(cache => !cache.noExpire)) {
      this.#host.onLog('cache sweeper thread enabled')
    }
    let statsAddress: SocketAddress | undefined
    if (stats !== undefined) {
      const listening = {
        ...stats,
        caches: this.#caches.map(({ cache }) => cache),
        sockets: this.#sockets.map(({ addressText: address, protocol }) => ({ address, protocol })),
        version: this.#host.version,
        workers: () => pool.facts(),
        ...(limits.mode === undefined ? {} : { mode: limits.mode }),
      }
      const listener = await explainingAddressInUse(stats, () => listenStats(listening))
      this.#undo.push(() => listener.close())
      statsAddress = listener.address
    }
    const workers = pool.facts().map(worker => worker.pid)
    this.#host.onReady({ ...this.#opened(), statsAddress, workers })
  }

  #opened(): MasterOpened {
    return { caches: this.#caches.map(({ cache }) => cache.stats()), sockets: this.#sockets }
  }

  /** A file that cannot be opened again leaves the old one in place. */
  #reopenLog(pool: WorkerPool): void {
    const { file, fileOfUser } = this.#plan.process.output
    const path = fileOfUser ?? file
    if (path === undefined) {
      this.#host.onLog('there is no log file to open again; logto names one')
      return
    }
    try {
      openLogFile(path)
      this.#host.onLog(`*** log file ${path} opened again ***`)
    } catch (error) {
      this.#host.onLog(error instanceof Error ? error.message : String(error))
    }
    pool.reopenLog()
  }

  /** Checks the workers once a cycle. Returns a function that stops the checks. */
  #lookAfter(pool: WorkerPool): () => void {
    const timer = setInterval(() => {
      pool.lookAfter()
      if (this.#touchesLog.findTouched() !== undefined) this.#reopenLog(pool)
      const touched = this.#touchable.findTouched()
      if (touched === undefined) return
      this.#host.onLog(`*** ${touched} has been touched... grace them all !!! ***`)
      pool.reload()
    }, this.#plan.workers.cycleMs)
    const stop = () => clearInterval(timer)
    this.#undo.push(stop)
    return stop
  }
}
