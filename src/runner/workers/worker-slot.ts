/**
 * One worker: its place among the others, which it keeps, and the processes that fill it one after
 * another. During a replacement there are two, the one that drains and its successor.
 */

import type { Clock } from '../../base/index.ts'
import type { WorkerFacts } from '../../monitoring/index.ts'
import type { ScoreboardFacts } from './scoreboard.ts'
import { earlyDeathCount, respawnDelayMs } from './supervision.ts'
import { type Exit, formatExit, type ProcessContext, WorkerProcess } from './worker-process.ts'

/** What all workers have in common. */
export interface WorkerSlotContext extends ProcessContext {
  readonly clock: Clock
  readonly reloadMercyMs: number
  readonly onLog: (line: string) => void
  /** What the stats document says of the application; undefined: there is none. */
  readonly appDirectory: string | undefined
}

/** A process with what has become of it. */
interface SlotProcess {
  readonly process: WorkerProcess
  readonly spawnedAtMs: number
  /** On the clock that never goes back; undefined: not yet. */
  readySinceMs: number | undefined
}

type Totals = Pick<ScoreboardFacts, 'requests' | 'runningMicros' | 'sentBytes'>

export class WorkerSlot {
  /** From 1. */
  readonly id: number
  /** Told when the present process has served as many requests as it may. */
  onDone: () => void = () => {}
  readonly #context: WorkerSlotContext
  readonly #occupants = new Set<SlotProcess>()
  /** The one that is to serve; undefined: it died, and its successor is not there yet. */
  #current: SlotProcess | undefined
  #isReplacing = false
  #isOver = false
  #respawnTimer: NodeJS.Timeout | undefined
  #earlyDeaths = 0
  #spawnCount = 0
  #harakiriCount = 0
  /** Of processes that have ended. */
  #past: Totals = { requests: 0, runningMicros: 0, sentBytes: 0 }

  constructor(id: number, context: WorkerSlotContext) {
    this.id = id
    this.#context = context
  }

  /** Processes that have not ended, those that drain among them. */
  get processes(): readonly WorkerProcess[] {
    return [...this.#occupants].map(occupant => occupant.process)
  }

  get pid(): number {
    return this.#current?.process.pid ?? 0
  }

  /** Starts the first process; rejects if that does not come to serve. */
  async start(): Promise<void> {
    this.#isReplacing = true
    const first = this.#spawn()
    this.#log(`spawned undercroft worker ${this.id} (pid: ${first.process.pid}, cores: 1)`)
    await first.process.ready
    this.#current = first
    this.#isReplacing = false
  }

  /** Once a new process serves, the old one drains. False: the new one did not come to serve. */
  async replace(): Promise<boolean> {
    if (this.#isOver) return false
    clearTimeout(this.#respawnTimer)
    this.#isReplacing = true
    const next = this.#spawn()
    try {
      await next.process.ready
    } catch (error) {
      this.#isReplacing = false
      if (this.#isOver) return false
      this.#log(`worker ${this.id}: the new process failed: ${textOf(error)}`)
      if (this.#current === undefined) this.#respawnLater(undefined)
      return false
    }
    const old = this.#current
    this.#current = next
    this.#isReplacing = false
    this.#log(`Respawned undercroft worker ${this.id} (new pid: ${next.process.pid})`)
    if (old !== undefined) await this.#drainOne(old.process)
    return true
  }

  /** Finishes what has begun, and is over. */
  async drain(): Promise<void> {
    this.#end()
    await Promise.all(this.processes.map(process => this.#drainOne(process)))
  }

  /** Is over at once. */
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
    const { scoreboard, appDirectory } = this.#context
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
      rss: 0,
      ...(appDirectory === undefined ? {} : { app: { startupMs, chdir: appDirectory } }),
    }
  }

  #log(line: string): void {
    this.#context.onLog(line)
  }

  #end(): void {
    this.#isOver = true
    clearTimeout(this.#respawnTimer)
  }

  async #drainOne(process: WorkerProcess): Promise<void> {
    const { signal } = await process.drain(this.#context.reloadMercyMs)
    const how = signal === null ? 'done' : `killed by ${signal}`
    this.#log(`worker ${this.id} (pid: ${process.pid}) ${how}`)
  }

  #spawn(): SlotProcess {
    const { clock } = this.#context
    this.#spawnCount++
    const process = new WorkerProcess(this.id, this.#freeEntryIndex(), this.#context)
    const occupant: SlotProcess = { process, spawnedAtMs: clock.nowMs(), readySinceMs: undefined }
    this.#occupants.add(occupant)
    process.onDone = () => {
      if (this.#current === occupant) this.onDone()
    }
    process.ready.then(
      () => {
        occupant.readySinceMs = clock.elapsedMs()
      },
      () => {}, // its end tells
    )
    void process.exit.then(exit => this.#onExit(occupant, exit))
    return occupant
  }

  /** Two for each worker: there are never more than two processes of it. */
  #freeEntryIndex(): number {
    const first = (this.id - 1) * ENTRIES_PER_SLOT
    return this.processes.some(process => process.entryIndex === first) ? first + 1 : first
  }

  #onExit(occupant: SlotProcess, exit: Exit): void {
    const { process } = occupant
    this.#past = addTotals(this.#past, this.#context.scoreboard.read(process.entryIndex))
    this.#occupants.delete(occupant)
    if (this.#current === occupant) this.#current = undefined
    const isExpected = process.isDraining || this.#isOver
    if (isExpected || (this.#isReplacing && occupant.readySinceMs === undefined)) return
    const end = process.failure?.message ?? formatExit(exit)
    this.#log(`DAMN ! worker ${this.id} (pid: ${process.pid}) ${end} :(`)
    if (!this.#isReplacing) this.#respawnLater(occupant.readySinceMs)
  }

  #respawnLater(servedSinceMs: number | undefined): void {
    const servedMs = servedSinceMs && this.#context.clock.elapsedMs() - servedSinceMs
    this.#earlyDeaths = earlyDeathCount(this.#earlyDeaths, servedMs)
    const delayMs = respawnDelayMs(this.#earlyDeaths)
    const when = delayMs === 0 ? 'now' : `in ${delayMs / 1000} seconds`
    this.#log(`trying respawn of worker ${this.id} ${when} ...`)
    this.#respawnTimer = setTimeout(() => this.#respawn(), delayMs)
  }

  #respawn(): void {
    const next = this.#spawn()
    this.#current = next
    this.#log(`Respawned undercroft worker ${this.id} (new pid: ${next.process.pid})`)
  }
}

/** So many seats of the board belong to each worker. */
export const ENTRIES_PER_SLOT = 2

function addTotals(sum: Totals, { requests, runningMicros, sentBytes }: Totals): Totals {
  return {
    requests: sum.requests + requests,
    runningMicros: sum.runningMicros + runningMicros,
    sentBytes: sum.sentBytes + sentBytes,
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
