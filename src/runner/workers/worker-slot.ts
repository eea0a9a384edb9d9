/**
 * One worker: a fixed place in the pool, and the processes that run it one after another. During a
 * replacement there are two processes: the one that drains, and its successor.
 */

import type { Clock } from '../../base/index.ts'
import type { WorkerFacts } from '../../monitoring/index.ts'
import { residentSize } from '../../platform/index.ts'
import type { ScoreboardFacts } from './scoreboard.ts'
import { earlyDeathCount, respawnDelayMs } from './supervision.ts'
import { type Exit, formatExit, type ProcessContext, WorkerProcess } from './worker-process.ts'

/** What all workers share. */
export interface WorkerSlotContext extends ProcessContext {
  readonly clock: Clock
  readonly reloadMercyMs: number
  /** The same for a process that is replaced. */
  readonly workerMercyMs: number
  readonly onLog: (line: string) => void
  /** Directory of the application for the stats document; undefined without an application. */
  readonly appDirectory: string | undefined
}

/** A process of the worker, and its times. */
interface SlotProcess {
  readonly process: WorkerProcess
  readonly spawnedAtMs: number
  /** On the monotonic clock; undefined: the process does not serve yet. */
  readySinceMs: number | undefined
}

type Totals = Pick<ScoreboardFacts, 'requests' | 'runningMicros' | 'sentBytes'>

export class WorkerSlot {
  /** Counted from 1. */
  readonly id: number
  /** Called when the current process has started as many requests as max-requests allows. */
  onDone: () => void = () => {}
  /** What the next process of this worker starts with. */
  context: WorkerSlotContext
  readonly #members = new Set<SlotProcess>()
  /** The process that serves; undefined: it died, and its successor has not been started. */
  #current: SlotProcess | undefined
  #isReplacing = false
  #isOver = false
  #respawnTimer: NodeJS.Timeout | undefined
  #earlyDeaths = 0
  #spawnCount = 0
  #harakiriCount = 0
  /** Totals of the processes that have ended. */
  #past: Totals = { requests: 0, runningMicros: 0, sentBytes: 0 }

  constructor(id: number, context: WorkerSlotContext) {
    this.id = id
    this.context = context
  }

  /** Processes that have not ended, including draining ones. */
  get processes(): readonly WorkerProcess[] {
    return [...this.#members].map(member => member.process)
  }

  /** Whether a process serves or is about to. False: `cheaper` needs none. */
  get isRunning(): boolean {
    return this.#current !== undefined || this.#isReplacing || this.#respawnTimer !== undefined
  }

  get isReplacing(): boolean {
    return this.#isReplacing
  }

  /** The process that serves; undefined: there is none. */
  get current(): WorkerProcess | undefined {
    return this.#current?.process
  }

  /** Time that the present process has served. */
  get servedMs(): number {
    const since = this.#current?.readySinceMs
    return since === undefined ? 0 : this.context.clock.elapsedMs() - since
  }

  get pid(): number {
    return this.#current?.process.pid ?? 0
  }

  /** Starts the first process; rejects if it fails to serve. */
  async start(): Promise<void> {
    this.#isReplacing = true
    const first = this.#spawn()
    this.#log(`spawned undercroft worker ${this.id} (pid: ${first.process.pid}, cores: 1)`)
    await first.process.ready
    this.#current = first
    this.#isReplacing = false
  }

  /**
   * Starts a new process and, once that serves, drains the old one. Resolves to false if the new
   * process fails to serve.
   */
  async replace(): Promise<boolean> {
    if (this.#isOver) return false
    clearTimeout(this.#respawnTimer)
    this.#respawnTimer = undefined
    this.#isReplacing = true
    const next = this.#spawn()
    try {
      await next.process.ready
    } catch (error) {
      this.#isReplacing = false
      if (this.#isOver) return false
      this.#log(`worker ${this.id}: the new process failed: ${messageOf(error)}`)
      if (this.#current === undefined) this.#respawnLater(undefined)
      return false
    }
    const old = this.#current
    this.#current = next
    this.#isReplacing = false
    this.#log(`Respawned undercroft worker ${this.id} (new pid: ${next.process.pid})`)
    if (old !== undefined) await this.#drainOne(old.process, this.context.workerMercyMs)
    return true
  }

  /** Ends the process without a successor, until `replace` starts one. */
  async rest(): Promise<void> {
    clearTimeout(this.#respawnTimer)
    this.#respawnTimer = undefined
    const old = this.#current
    this.#current = undefined
    this.#log(`worker ${this.id} cheaped`)
    if (old !== undefined) await this.#drainOne(old.process, this.context.workerMercyMs)
  }

  /** Finishes the requests in progress, and ends the worker. */
  async drain(): Promise<void> {
    this.#end()
    const { reloadMercyMs } = this.context
    await Promise.all(this.processes.map(process => this.#drainOne(process, reloadMercyMs)))
  }

  /** Ends the worker at once. */
  async stop(): Promise<void> {
    this.#end()
    await Promise.all(this.processes.map(process => process.stop()))
  }

  countHarakiri(process: WorkerProcess): void {
    this.#harakiriCount++
    const facts = `pid: ${process.pid}, try: ${this.#harakiriCount}`
    this.#log(`*** HARAKIRI ON WORKER ${this.id} (${facts}) ***`)
  }

  facts(): WorkerFacts {
    const { scoreboard, appDirectory } = this.context
    const entries = this.processes.map(process => scoreboard.read(process.entryIndex))
    const current = this.#current && scoreboard.read(this.#current.process.entryIndex)
    const activeRequests = entries.reduce((sum, entry) => sum + entry.active, 0)
    const totals = entries.reduce(addTotals, this.#past)
    const startupMs = this.#current?.process.loadMs ?? 0
    return {
      id: this.id,
      pid: this.pid,
      status: current === undefined ? 'cheap' : activeRequests > 0 ? 'busy' : 'idle',
      ...totals,
      deltaRequests: current?.requests ?? 0,
      activeRequests,
      harakiriCount: this.#harakiriCount,
      spawnCount: this.#spawnCount,
      spawnedAtMs: this.#current?.spawnedAtMs ?? 0,
      averageMicros: current?.averageMicros ?? 0,
      rss: (this.#current && residentSize(this.#current.process.pid)) ?? 0,
      ...(appDirectory === undefined ? {} : { app: { startupMs, chdir: appDirectory } }),
    }
  }

  #log(line: string): void {
    this.context.onLog(line)
  }

  #end(): void {
    this.#isOver = true
    clearTimeout(this.#respawnTimer)
  }

  async #drainOne(process: WorkerProcess, limitMs: number): Promise<void> {
    const { signal } = await process.drain(limitMs)
    const how = signal === null ? 'done' : `killed by ${signal}`
    this.#log(`worker ${this.id} (pid: ${process.pid}) ${how}`)
  }

  #spawn(): SlotProcess {
    const { clock } = this.context
    this.#spawnCount++
    const process = new WorkerProcess(this.id, this.#freeEntryIndex(), this.context)
    const member: SlotProcess = { process, spawnedAtMs: clock.nowMs(), readySinceMs: undefined }
    this.#members.add(member)
    process.onDone = () => {
      if (this.#current === member) this.onDone()
    }
    process.ready.then(
      () => {
        member.readySinceMs = clock.elapsedMs()
      },
      () => {}, // the exit handler reports it
    )
    void process.exit.then(exit => this.#onExit(member, exit))
    return member
  }

  /** Each worker has two entries, because it never has more than two processes. */
  #freeEntryIndex(): number {
    const first = (this.id - 1) * ENTRIES_PER_SLOT
    return this.processes.some(process => process.entryIndex === first) ? first + 1 : first
  }

  #onExit(member: SlotProcess, exit: Exit): void {
    const { process } = member
    this.#past = addTotals(this.#past, this.context.scoreboard.read(process.entryIndex))
    this.#members.delete(member)
    if (this.#current === member) this.#current = undefined
    const isExpected = process.isDraining || this.#isOver
    if (isExpected || (this.#isReplacing && member.readySinceMs === undefined)) return
    const end = process.failure?.message ?? formatExit(exit)
    this.#log(`DAMN ! worker ${this.id} (pid: ${process.pid}) ${end} :(`)
    if (!this.#isReplacing) this.#respawnLater(member.readySinceMs)
  }

  #respawnLater(servedSinceMs: number | undefined): void {
    const servedMs = servedSinceMs && this.context.clock.elapsedMs() - servedSinceMs
    this.#earlyDeaths = earlyDeathCount(this.#earlyDeaths, servedMs)
    const delayMs = respawnDelayMs(this.#earlyDeaths)
    const when = delayMs === 0 ? 'now' : `in ${delayMs / 1000} seconds`
    this.#log(`trying respawn of worker ${this.id} ${when} ...`)
    this.#respawnTimer = setTimeout(() => this.#respawn(), delayMs)
  }

  #respawn(): void {
    this.#respawnTimer = undefined
    const next = this.#spawn()
    this.#current = next
    this.#log(`Respawned undercroft worker ${this.id} (new pid: ${next.process.pid})`)
  }
}

/** Entries of the scoreboard for each worker. */
export const ENTRIES_PER_SLOT = 2

function addTotals(sum: Totals, { requests, runningMicros, sentBytes }: Totals): Totals {
  return {
    requests: sum.requests + requests,
    runningMicros: sum.runningMicros + runningMicros,
    sentBytes: sum.sentBytes + sentBytes,
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
