/**
 * All workers: started together, replaced one after the other, checked once a cycle.
 */

import type { WorkerFacts } from '../../monitoring/index.ts'
import type { PlannedWorkers } from '../plan-workers.ts'
import { PoolSizes } from './pool-sizes.ts'
import type { Scoreboard } from './scoreboard.ts'
import { look, type Watch } from './supervision.ts'
import type { WorkerProcess } from './worker-process.ts'
import { WorkerSlot, type WorkerSlotContext } from './worker-slot.ts'

export class WorkerPool {
  #plan: PlannedWorkers
  #context: WorkerSlotContext
  readonly #slots: WorkerSlot[] = []
  /** Workers beyond `processes` after a reload, until they have ended. */
  readonly #surplus = new Set<WorkerSlot>()
  /** Workers waiting to be replaced. One is replaced at a time, so that the others keep serving. */
  readonly #waiting = new Set<WorkerSlot>()
  readonly #sizes: PoolSizes
  /** Resolves to whether every replacement succeeded; undefined: none is going on. */
  #replacing: Promise<boolean> | undefined
  readonly #watches = new Map<WorkerProcess, Watch>()
  /**
   * Processes that were ordered to give up late requests. If they are still late at the next check,
   * they are killed.
   */
  readonly #late = new Set<WorkerProcess>()

  constructor(plan: PlannedWorkers, context: WorkerSlotContext) {
    this.#plan = plan
    this.#context = context
    this.#sizes = new PoolSizes(context)
    while (this.#slots.length < plan.processes) this.#addSlot()
  }

  get scoreboard(): Scoreboard {
    return this.#context.scoreboard
  }

  /** Resolves when all workers serve; rejects when one fails to. */
  async start(): Promise<void> {
    const count = this.#plan.cheaper?.initial ?? this.#slots.length
    await Promise.all(this.#slots.slice(0, count).map(slot => slot.start()))
  }

  /**
   * Takes another plan: for processes that start from now on, and for how many there are. New
   * workers start with the next reload.
   */
  change(plan: PlannedWorkers, context: WorkerSlotContext): void {
    this.#plan = plan
    this.#context = context
    for (const slot of this.#slots) slot.context = context
    for (const slot of this.#slots.splice(plan.processes)) {
      this.#waiting.delete(slot)
      this.#surplus.add(slot)
      void slot.drain().then(() => this.#surplus.delete(slot))
    }
    while (this.#slots.length < plan.processes) this.#addSlot()
  }

  /**
   * Replaces all workers, including those that an earlier reload has already replaced. Resolves to
   * false if a new process failed and the present workers continue.
   */
  reload(): Promise<boolean> {
    this.#context.onLog('...gracefully reloading the workers, one at a time...')
    const { cheaper } = this.#plan
    return this.#replace(
      cheaper === undefined ? this.#slots : this.#slots.filter(({ isRunning }) => isRunning),
    )
  }

  /** Resolves when all workers have finished their requests and ended. */
  async drain(): Promise<void> {
    this.#waiting.clear()
    await Promise.all([...this.#slots, ...this.#surplus].map(slot => slot.drain()))
  }

  /** Ends all workers at once; resolves when they have ended. */
  async stop(): Promise<void> {
    this.#waiting.clear()
    await Promise.all([...this.#slots, ...this.#surplus].map(slot => slot.stop()))
  }

  /** Orders all processes to open their log file again. */
  reopenLog(): void {
    for (const slot of this.#slots) for (const process of slot.processes) process.reopenLog()
  }

  facts(): readonly WorkerFacts[] {
    return this.#slots.map(slot => slot.facts())
  }

  /** Called once a master cycle. */
  lookAfter(): void {
    this.#sizes.lookAfter(this.#plan, this.#slots, slot => void this.#replace([slot]))
    const { harakiriMs } = this.#plan
    if (harakiriMs === 0) return
    const all = this.#slots.flatMap(slot => slot.processes.map(process => ({ slot, process })))
    for (const known of this.#watches.keys()) {
      if (!all.some(({ process }) => process === known)) this.#forget(known)
    }
    for (const { slot, process } of all) this.#lookAt(slot, process, harakiriMs)
  }

  #lookAt(slot: WorkerSlot, process: WorkerProcess, limitMs: number): void {
    const { scoreboard, clock } = this.#context
    const facts = scoreboard.read(process.entryIndex)
    const before = this.#watches.get(process)
    const { watch, verdict } = look(before, facts, clock.elapsedMs(), limitMs)
    this.#watches.set(process, watch)
    if (verdict === 'stuck') {
      slot.countHarakiri(process)
      process.kill()
      this.#forget(process)
    } else if (verdict === 'late' && !this.#late.has(process)) {
      this.#late.add(process)
      slot.countHarakiri(process)
      process.giveUp()
      if (!process.isDraining) void this.#replace([slot])
    }
  }

  #forget(process: WorkerProcess): void {
    this.#watches.delete(process)
    this.#late.delete(process)
  }

  #addSlot(): void {
    const slot = new WorkerSlot(this.#slots.length + 1, this.#context)
    slot.onDone = () => {
      this.#context.onLog(`...The work of process ${slot.pid} is done. Seeya!`)
      void this.#replace([slot])
    }
    this.#slots.push(slot)
  }

  #replace(slots: readonly WorkerSlot[]): Promise<boolean> {
    for (const slot of slots) this.#waiting.add(slot)
    this.#replacing ??= this.#replaceWaiting()
    return this.#replacing
  }

  async #replaceWaiting(): Promise<boolean> {
    let isGood = true
    for (const slot of this.#waiting) {
      this.#waiting.delete(slot)
      if (await slot.replace()) continue
      isGood = false
      if (this.#waiting.size > 0) {
        this.#context.onLog('...reload given up; the present workers continue')
        this.#waiting.clear()
      }
    }
    this.#replacing = undefined
    return isGood
  }
}
