/**
 * All workers: started together, replaced one after the other, checked once a cycle.
 */

import type { WorkerFacts } from '../../monitoring/index.ts'
import type { PlannedWorkers } from '../plan.ts'
import { look, type Watch } from './supervision.ts'
import type { WorkerProcess } from './worker-process.ts'
import { WorkerSlot, type WorkerSlotContext } from './worker-slot.ts'

export class WorkerPool {
  readonly #plan: PlannedWorkers
  readonly #context: WorkerSlotContext
  readonly #slots: readonly WorkerSlot[]
  /** Workers waiting to be replaced. One is replaced at a time, so that the others keep serving. */
  readonly #waiting = new Set<WorkerSlot>()
  #isReplacing = false
  readonly #watches = new Map<WorkerProcess, Watch>()
  /**
   * Processes that were ordered to give up late requests. If they are still late at the next check,
   * they are killed.
   */
  readonly #late = new Set<WorkerProcess>()

  constructor(plan: PlannedWorkers, context: WorkerSlotContext) {
    this.#plan = plan
    this.#context = context
    this.#slots = Array.from(
      { length: plan.processes },
      (_, index) => new WorkerSlot(index + 1, context),
    )
    for (const slot of this.#slots) {
      slot.onDone = () => {
        context.onLog(`...The work of process ${slot.pid} is done. Seeya!`)
        this.#replace([slot])
      }
    }
  }

  /** Resolves when all workers serve; rejects when one fails to. */
  async start(): Promise<void> {
    await Promise.all(this.#slots.map(slot => slot.start()))
  }

  /** Replaces all workers, including those that an earlier reload has already replaced. */
  reload(): void {
    this.#context.onLog('...gracefully reloading the workers, one at a time...')
    this.#replace(this.#slots)
  }

  /** Resolves when all workers have finished their requests and ended. */
  async drain(): Promise<void> {
    this.#waiting.clear()
    await Promise.all(this.#slots.map(slot => slot.drain()))
  }

  /** Ends all workers at once; resolves when they have ended. */
  async stop(): Promise<void> {
    this.#waiting.clear()
    await Promise.all(this.#slots.map(slot => slot.stop()))
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
      if (!process.isDraining) this.#replace([slot])
    }
  }

  #forget(process: WorkerProcess): void {
    this.#watches.delete(process)
    this.#late.delete(process)
  }

  #replace(slots: readonly WorkerSlot[]): void {
    for (const slot of slots) this.#waiting.add(slot)
    if (!this.#isReplacing) void this.#replaceWaiting()
  }

  async #replaceWaiting(): Promise<void> {
    this.#isReplacing = true
    for (const slot of this.#waiting) {
      this.#waiting.delete(slot)
      if (!(await slot.replace()) && this.#waiting.size > 0) {
        this.#context.onLog('...reload given up; the present workers continue')
        this.#waiting.clear()
      }
    }
    this.#isReplacing = false
  }
}
