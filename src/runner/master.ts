/**
 * The master: opens what the workers need, starts them, watches over them, and takes everything
 * down again. It runs no application and accepts no connection.
 */

import { type CacheStats, systemClock } from '../base/index.ts'
import type { AccessOptions } from '../net/index.ts'
import { formatInstance, INSTANCE_VARIABLE } from '../uwsgi/api/index.ts'
import type { SocketAddress } from '../uwsgi/options/index.ts'
import { type OpenedCache, openKeptCache } from './caches/open-cache.ts'
import { instanceOf } from './instance-of.ts'
import { Pidfile } from './left-behind.ts'
import type { PlannedCrew, ServePlan } from './plan.ts'
import { dropPrivileges } from './privileges.ts'
import { MasterSignals } from './signals.ts'
import { explainingAddressInUse } from './sockets/address-in-use.ts'
import { HeldSocket } from './sockets/held-sockets.ts'
import { readAccess } from './sockets/socket-access.ts'
import { listenStats } from './stats.ts'
import { TouchedFiles } from './touch.ts'
import { Board } from './workers/board.ts'
import { Crew } from './workers/crew.ts'
import { SEATS_PER_SLOT } from './workers/slot.ts'
import { prepareProcesses } from './workers/worker-process.ts'

/** A plan that asks for workers. */
export type MasterPlan = ServePlan & { readonly crew: PlannedCrew }

/** What there is before the first worker. */
export interface MasterOpened {
  readonly caches: readonly CacheStats[]
  readonly sockets: readonly Pick<HeldSocket, 'address' | 'protocol'>[]
}

/** What there is once all workers serve. */
export interface MasterReady extends MasterOpened {
  readonly statsAddress: SocketAddress | undefined
  /** Process ids. */
  readonly workers: readonly number[]
}

/** Who hears of the master, and what it cannot know. */
export interface MasterHost {
  /** Of this package. */
  readonly version: string
  onLog(line: string): void
  onOpened(opened: MasterOpened): void
  onReady(ready: MasterReady): void
}

/** Runs until a signal ends it, and says which. */
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
  /** What to do at the end, last first; also when the start fails half way. */
  readonly #undo: (() => void | Promise<void>)[]
  readonly #signals = new MasterSignals()
  readonly #sockets: HeldSocket[] = []
  readonly #caches: OpenedCache[] = []
  /** Compared from the start on: what is touched meanwhile, workers may have loaded before. */
  readonly #touchable: TouchedFiles
  #pidfile: Pidfile | undefined

  constructor(plan: MasterPlan, host: MasterHost, undo: (() => void | Promise<void>)[]) {
    this.#plan = plan
    this.#host = host
    this.#undo = undo
    this.#touchable = new TouchedFiles(plan.crew.touchReload)
    undo.push(() => this.#signals.close())
  }

  async run(): Promise<string> {
    await this.#open()
    const crew = this.#makeCrew()
    let isReloadWanted = false
    this.#signals.onReload = () => {
      isReloadWanted = true
    }
    const started = crew.start()
    // Until then an end is an end at once: nothing has begun that could be finished.
    const early = await Promise.race([started, this.#signals.ended])
    if (early !== undefined) {
      started.catch(() => {}) // because of the end
      return early.signal
    }
    // Before anybody hears that all is ready, and makes use of it.
    this.#signals.onReload = () => crew.reload()
    const stopLooking = this.#lookAfter(crew)
    await this.#announce(crew)
    if (isReloadWanted) crew.reload()
    const { signal, ending } = await this.#signals.ended
    stopLooking()
    this.#signals.onReload = () => {}
    for (const socket of this.#sockets) socket.release(this.#host.onLog)
    if (ending === 'drain') {
      void this.#signals.endedAgain.then(() => crew.stop())
      await crew.drain()
    }
    return signal
  }

  /**
   * In this order, because only root may bind low ports and write into /run, and what is made after
   * the change belongs to the user whom the workers run as.
   */
  async #open(): Promise<void> {
    const { crew, process: own } = this.#plan
    for (const [name, value] of own.environment) process.env[name] = value
    if (own.pidfile !== undefined) this.#keepPidfile(new Pidfile(own.pidfile))
    const access = this.#plan.sockets.map(readAccess)
    await this.#bind('tcp', access)
    dropPrivileges({ user: crew.user, group: crew.group }, this.#host.onLog)
    await this.#bind('unix', access)
    const { directory } = this.#plan
    for (const definition of this.#plan.caches) {
      const keeping = { directory, isServing: false, onLog: this.#host.onLog }
      const cache = await openKeptCache(definition, keeping)
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

  /** Sockets keep the order of the plan, whichever are bound first. */
  async #bind(kind: SocketAddress['kind'], access: readonly AccessOptions[]): Promise<void> {
    for (const [index, planned] of this.#plan.sockets.entries()) {
      if (planned.address.kind !== kind) continue
      const socket = await HeldSocket.bind(planned, access[index] ?? {}, this.#plan.limits.mode)
      this.#sockets[index] = socket
      this.#undo.push(() => socket.release(this.#host.onLog))
    }
  }

  #makeCrew(): Crew {
    const { crew, options } = this.#plan
    const board = new Board(crew.processes * SEATS_PER_SLOT)
    prepareProcesses(board)
    this.#host.onLog(`spawned undercroft master process (pid: ${process.pid})`)
    const files = [this.#pidfile, ...this.#sockets].flatMap(held => held?.file ?? [])
    const made = new Crew(crew, {
      board,
      sockets: this.#sockets,
      environment: { [INSTANCE_VARIABLE]: formatInstance(instanceOf(this.#plan)) },
      task: { options: options.inOrder, leftBehind: files },
      clock: systemClock,
      reloadMercyMs: crew.reloadMercyMs,
      onLog: this.#host.onLog,
      appDirectory: crew.app && (crew.chdir ?? process.cwd()),
    })
    this.#undo.push(() => made.stop())
    return made
  }

  async #announce(crew: Crew): Promise<void> {
    const { stats, limits, caches } = this.#plan
    if (caches.some(cache => !cache.noExpire)) {
      this.#host.onLog('cache sweeper thread enabled')
    }
    let statsAddress: SocketAddress | undefined
    if (stats !== undefined) {
      const listening = {
        ...stats,
        caches: this.#caches,
        sockets: this.#sockets.map(({ addressText: address, protocol }) => ({ address, protocol })),
        version: this.#host.version,
        workers: () => crew.facts(),
        ...(limits.mode === undefined ? {} : { mode: limits.mode }),
      }
      const listener = await explainingAddressInUse(stats, () => listenStats(listening))
      this.#undo.push(() => listener.close())
      statsAddress = listener.address
    }
    const workers = crew.facts().map(worker => worker.pid)
    this.#host.onReady({ ...this.#opened(), statsAddress, workers })
  }

  #opened(): MasterOpened {
    return { caches: this.#caches.map(cache => cache.stats()), sockets: this.#sockets }
  }

  /** Once a cycle; gives what ends it. */
  #lookAfter(crew: Crew): () => void {
    const timer = setInterval(() => {
      crew.lookAfter()
      const touched = this.#touchable.findTouched()
      if (touched === undefined) return
      this.#host.onLog(`*** ${touched} has been touched... grace them all !!! ***`)
      crew.reload()
    }, this.#plan.crew.cycleMs)
    const stop = () => clearInterval(timer)
    this.#undo.push(stop)
    return stop
  }
}
