/**
 * Checks of the workers that harakiri does not make: their age, their memory, and how many of them
 * run. They happen once a cycle, and each replacement waits for its turn in the pool.
 */

import type { PlannedWorkers } from '../plan-workers.ts'
import { decideCount } from './cheaper.ts'
import type { WorkerProcess } from './worker-process.ts'
import type { WorkerSlot, WorkerSlotContext } from './worker-slot.ts'

/** What the last cycle saw of a process. */
interface Sample {
  readonly workedMs: number
  readonly beats: number
}

export class PoolSizes {
  readonly #context: Pick<WorkerSlotContext, 'scoreboard' | 'clock' | 'onLog'>
  #samples = new Map<WorkerProcess, Sample>()
  #sampledAtMs: number
  #calmCycles = 0
  /** Processes whose replacement has been asked for. */
  readonly #replaced = new WeakSet<WorkerProcess>()

  constructor(context: Pick<WorkerSlotContext, 'scoreboard' | 'clock' | 'onLog'>) {
    this.#context = context
    this.#sampledAtMs = context.clock.elapsedMs()
  }

  lookAfter(
    plan: PlannedWorkers,
    slots: readonly WorkerSlot[],
    replace: (slot: WorkerSlot) => void,
  ): void {
    for (const slot of slots) this.#lookAt(slot, plan, replace)
    if (plan.cheaper !== undefined) this.#adjust(plan, slots, replace)
  }

  #lookAt(slot: WorkerSlot, plan: PlannedWorkers, replace: (slot: WorkerSlot) => void): void {
    const { current } = slot
    if (current === undefined || slot.isReplacing || this.#replaced.has(current)) return
    const { evilRss, maxRss, maxLifetimeMs } = plan
    const rss = evilRss > 0 || maxRss > 0 ? slot.facts().rss : 0
    const { onLog } = this.#context
    if (evilRss > 0 && rss > evilRss) {
      onLog(`*** EVIL RELOAD ON WORKER ${slot.id} RSS: ${rss} (pid: ${current.pid}) ***`)
      current.kill()
      return
    }
    const isOld = maxLifetimeMs > 0 && slot.servedMs > maxLifetimeMs
    const isLarge = maxRss > 0 && rss > maxRss
    if (!isOld && !isLarge) return
    const why = isLarge ? `rss: ${rss}` : `lifetime: ${Math.floor(slot.servedMs / 1000)} seconds`
    onLog(`...The work of process ${current.pid} is done (${why}). Seeya!`)
    this.#replaced.add(current)
    replace(slot)
  }

  /** Waits for the workers that start, so that their effect is seen before more follow. */
  #adjust(
    { cheaper, processes }: PlannedWorkers,
    slots: readonly WorkerSlot[],
    replace: (slot: WorkerSlot) => void,
  ): void {
    const loads = this.#sampleLoads(slots)
    if (cheaper === undefined || slots.some(slot => slot.isReplacing)) return
    const verdict = decideCount(cheaper, loads, processes, this.#calmCycles)
    this.#calmCycles = verdict.calmCycles
    const running = slots.filter(slot => slot.isRunning)
    const resting = slots.filter(slot => !slot.isRunning)
    for (const slot of resting.slice(0, Math.max(0, verdict.count - running.length))) replace(slot)
    for (const slot of running.slice(verdict.count)) void slot.rest()
  }

  /** The share of the last cycle that each event loop has worked. */
  #sampleLoads(slots: readonly WorkerSlot[]): number[] {
    const { scoreboard, clock } = this.#context
    const nowMs = clock.elapsedMs()
    const passedMs = Math.max(1, nowMs - this.#sampledAtMs)
    const samples = new Map<WorkerProcess, Sample>()
    const loads = slots.flatMap(({ current }) => {
      if (current === undefined) return []
      const { workedMs, beats } = scoreboard.read(current.entryIndex)
      samples.set(current, { workedMs, beats })
      const before = this.#samples.get(current)
      if (before === undefined) return [0]
      // A loop that does not come to its beat works without a pause.
      return [beats === before.beats ? 1 : Math.min(1, (workedMs - before.workedMs) / passedMs)]
    })
    this.#samples = samples
    this.#sampledAtMs = nowMs
    return loads
  }
}
