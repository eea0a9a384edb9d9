/**
 * The master: opens what the workers need, starts and supervises them, and closes everything at the
 * end. It runs no application and accepts no connection.
 */

import { INSTANCE_VARIABLE, systemClock } from '../base/index.ts'
import { formatInstance } from '../uwsgi/api/index.ts'
import { startInstance } from './caches/serve-cache.ts'
import { openLogFile } from './log/log-file.ts'
import { MasterFifo } from './master-fifo.ts'
import type { MasterHost, MasterOpened } from './master-host.ts'
import { OpenParts } from './open-parts.ts'
import { Pidfile } from './owned-file.ts'
import { instanceOf } from './plan.ts'
import { MAX_PROCESSES } from './plan-workers.ts'
import { dropPrivileges } from './privileges.ts'
import { type MasterPlan, replan } from './replan.ts'
import { ServiceManager, takePassedSockets } from './service-manager.ts'
import { MasterSignals, TouchedFiles } from './signals.ts'
import { explainingAddressInUse } from './sockets/listening-sockets.ts'
import { type Listener, listenStats } from './stats.ts'
import { Scoreboard } from './workers/scoreboard.ts'
import { WorkerPool } from './workers/worker-pool.ts'
import { prepareProcesses } from './workers/worker-process.ts'
import { ENTRIES_PER_SLOT, type WorkerSlotContext } from './workers/worker-slot.ts'

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
  #plan: MasterPlan
  readonly #host: MasterHost
  /** Steps of the cleanup, run from last to first; also when the start fails half way. */
  readonly #undo: (() => void | Promise<void>)[]
  readonly #signals = new MasterSignals()
  readonly #serviceManager: ServiceManager
  readonly #parts: OpenParts
  /** Compared from the start on, because workers may load a file before it is touched. */
  #touchable: TouchedFiles
  #touchesChain: TouchedFiles
  readonly #touchesLog: TouchedFiles
  /** By the path of their option. */
  readonly #pidfiles = new Map<string, Pidfile>()
  #stats: Listener | undefined
  #isReadingPlan = false

  constructor(plan: MasterPlan, host: MasterHost, undo: (() => void | Promise<void>)[]) {
    this.#plan = plan
    this.#host = host
    this.#undo = undo
    this.#serviceManager = new ServiceManager(host.onLog)
    this.#parts = new OpenParts(host.onLog)
    this.#touchable = new TouchedFiles(plan.workers.touchReload)
    this.#touchesChain = new TouchedFiles(plan.workers.touchChainReload)
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
    this.#signals.onReload = () => void this.#reload(pool)
    this.#signals.onReopenLog = () => this.#reopenLog(pool)
    const stopLooking = this.#lookAfter(pool)
    const { fifo } = this.#plan.process
    if (fifo !== undefined) this.#openFifo(fifo, pool)
    await this.#announce(pool)
    if (isReloadWanted) void this.#reload(pool)
    const { signal, ending } = await this.#signals.ended
    this.#serviceManager.stopping()
    stopLooking()
    this.#signals.onReload = () => {}
    this.#parts.releaseSockets()
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
    if (own.umask !== undefined) process.umask(own.umask)
    for (const path of [own.pidfile, own.safePidfile]) {
      if (path !== undefined) this.#openPidfile(path)
    }
    let releaseInstance = () => {}
    this.#undo.push(() => releaseInstance())
    this.#undo.push(() => this.#parts.close())
    this.#parts.takePassed(takePassedSockets())
    await this.#parts.open(this.#plan, {
      beforeFiles: () => {
        dropPrivileges({ user: workers.user, group: workers.group }, this.#host.onLog)
        if (own.output.fileOfUser !== undefined) openLogFile(own.output.fileOfUser)
      },
      beforeCaches: () => {
        const held = startInstance(this.#plan, this.#plan.caches)
        releaseInstance = () => held.release()
      },
    })
    this.#parts.closePassed()
    if (own.pidfile !== undefined) this.#pidfiles.get(own.pidfile)?.write()
    this.#host.onOpened(this.#opened())
    for (const line of this.#plan.rules) this.#host.onLog(line)
  }

  #openPidfile(path: string): void {
    const pidfile = new Pidfile(path)
    this.#pidfiles.set(path, pidfile)
    this.#undo.push(() => pidfile.remove())
  }

  /** The commands of uWSGI that have a meaning here. */
  #openFifo(path: string, pool: WorkerPool): void {
    const commands = {
      r: () => void this.#reload(pool),
      c: () => void pool.reload(),
      w: () => void pool.reload(),
      q: () => this.#signals.end('the master-fifo', 'drain'),
      Q: () => this.#signals.end('the master-fifo', 'stop'),
      l: () => this.#reopenLog(pool),
      s: () => this.#host.onLog(JSON.stringify(pool.facts())),
    }
    const fifo = new MasterFifo(path, commands, this.#host.onLog)
    this.#undo.push(() => fifo.close())
  }

  #makePool(): WorkerPool {
    const scoreboard = new Scoreboard(MAX_PROCESSES * ENTRIES_PER_SLOT)
    prepareProcesses(scoreboard)
    this.#host.onLog(`spawned undercroft master process (pid: ${process.pid})`)
    const pool = new WorkerPool(this.#plan.workers, this.#workerContext(scoreboard))
    this.#undo.push(() => pool.stop())
    return pool
  }

  #workerContext(scoreboard: Scoreboard): WorkerSlotContext {
    const { workers, options, instance } = this.#plan
    const { sockets } = this.#parts
    const files = [...this.#pidfiles.values(), ...sockets].flatMap(owner => owner.file ?? [])
    return {
      scoreboard,
      sockets,
      environment: { [INSTANCE_VARIABLE]: formatInstance(instanceOf(this.#plan)) },
      task: {
        instance,
        options: options.inOrder,
        ownedFiles: files,
        entryCount: workers.processes * ENTRIES_PER_SLOT,
      },
      clock: systemClock,
      reloadMercyMs: workers.reloadMercyMs,
      workerMercyMs: workers.workerMercyMs,
      onLog: this.#host.onLog,
      appDirectory: workers.app && (workers.chdir ?? process.cwd()),
    }
  }

  async #announce(pool: WorkerPool): Promise<void> {
    if (this.#plan.caches.some(cache => !cache.noExpire)) {
      this.#host.onLog('cache sweeper thread enabled')
    }
    this.#undo.push(() => this.#stats?.close())
    await this.#listenStats(pool)
    const { safePidfile } = this.#plan.process
    if (safePidfile !== undefined) this.#pidfiles.get(safePidfile)?.write()
    const workers = pool.facts().flatMap(({ pid }) => (pid === 0 ? [] : [pid]))
    this.#host.onReady({ ...this.#opened(), statsAddress: this.#stats?.address, workers })
    this.#serviceManager.ready()
  }

  async #listenStats(pool: WorkerPool): Promise<void> {
    const { stats, limits } = this.#plan
    if (stats === undefined) return
    const { sockets, caches } = this.#parts
    const listening = {
      ...stats,
      caches: caches.map(({ cache }) => cache),
      sockets: sockets.map(({ addressText: address, protocol }) => ({
        address,
        protocol: protocol === 'uwsgi' ? ('uwsgi' as const) : ('http' as const),
      })),
      version: this.#host.version,
      workers: () => pool.facts(),
      ...(limits.mode === undefined ? {} : { mode: limits.mode }),
    }
    this.#stats = await explainingAddressInUse(stats, () => listenStats(listening))
  }

  #opened(): MasterOpened {
    const { caches, sockets } = this.#parts
    return { caches: caches.map(({ cache }) => cache.stats()), sockets }
  }

  /** Reads the configuration again, applies what can change, and replaces the workers. */
  async #reload(pool: WorkerPool): Promise<void> {
    if (this.#isReadingPlan) return // the reading has just begun
    this.#isReadingPlan = true
    this.#serviceManager.reloading()
    try {
      await this.#readPlan(pool)
    } catch (error) {
      this.#host.onLog(`*** reload refused: ${messageOf(error)}; nothing has changed ***`)
      this.#serviceManager.ready()
      return
    } finally {
      this.#isReadingPlan = false
    }
    if (await pool.reload()) this.#parts.closeGone()
    this.#serviceManager.ready()
  }

  async #readPlan(pool: WorkerPool): Promise<void> {
    const { plan, changes, needsRestart } = replan(this.#plan, this.#host.readPlan())
    await this.#parts.open(plan)
    for (const [name] of this.#plan.process.environment) delete process.env[name]
    for (const [name, value] of plan.process.environment) process.env[name] = value
    const hasOtherParts = changes.some(change => /^(?:new|gone): /.test(change))
    this.#plan = plan
    this.#touchable = new TouchedFiles(plan.workers.touchReload)
    this.#touchesChain = new TouchedFiles(plan.workers.touchChainReload)
    pool.change(plan.workers, this.#workerContext(pool.scoreboard))
    for (const change of changes) this.#host.onLog(`*** configuration: ${change} ***`)
    for (const name of needsRestart) {
      this.#host.onLog(`*** configuration: ${name} has changed, which needs a restart ***`)
    }
    if (!hasOtherParts || this.#stats === undefined) return
    await this.#stats.close()
    await this.#listenStats(pool)
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
      this.#host.onLog(messageOf(error))
    }
    pool.reopenLog()
  }

  /** Checks the workers once a cycle. Returns a function that stops the checks. */
  #lookAfter(pool: WorkerPool): () => void {
    const timer = setInterval(() => {
      pool.lookAfter()
      if (this.#touchesLog.findTouched() !== undefined) this.#reopenLog(pool)
      if (this.#touchesChain.findTouched() !== undefined) void pool.reload()
      const touched = this.#touchable.findTouched()
      if (touched === undefined) return
      this.#host.onLog(`*** ${touched} has been touched... grace them all !!! ***`)
      void this.#reload(pool)
    }, this.#plan.workers.cycleMs)
    const stop = () => clearInterval(timer)
    this.#undo.push(stop)
    return stop
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
