/**
 * The storm over one cache: workers use the cache and are killed again and again. The storm checks
 * the cache after each kill.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { REPLICATION } from '../../src/base/index.ts'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { within } from '../../testing/deadline.ts'
import { type Random, randomFrom } from '../../testing/random.ts'
import { checkInvariants } from './check-invariants.ts'
import { SHARED_COUNTER, waitLimitMs } from './logged-calls.ts'
import type { Mode } from './modes.ts'
import { OperationLog } from './operation-log.ts'
import { OPERATIONS, shortLivedCache } from './operations.ts'
import { type StormResult, startResult } from './result.ts'
import { measureSchedulerLatency } from './scheduler-latency.ts'
import type { StepCoverage } from './step-coverage.ts'
import type { Role, WorkerTask } from './worker.ts'
import { type RunningWorker, startWorker, type WorkerKind } from './worker-processes.ts'

const WORKERS: readonly (readonly [Role, WorkerKind])[] = [
  ['writer', 'process'],
  ['writer', 'process'],
  ['writer', 'thread'],
  ['reader', 'thread'],
  ['sweeper', 'thread'],
  ['opener', 'process'],
]
const PYTHON_WORKERS: typeof WORKERS = [['reader', 'python']]
/** How many kills run at the same time. */
const KILLER_COUNT = 2
/** The share of kills at a named step, if the worker reaches that step again. */
const STEP_SHARE = 0.85
const LONGEST_DELAY_MS = 20
const LONGEST_WAIT_FOR_STEP_MS = 10_000

interface StormWorker {
  readonly task: WorkerTask
  readonly kind: WorkerKind
  readonly log: OperationLog
  running: RunningWorker | undefined
}

export interface StormOptions {
  readonly mode: Mode
  /** An empty directory in memory, used by this storm alone. */
  readonly directory: string
  readonly kills: number
  readonly seed: number
  /** No kill begins after this moment of `performance.now()`. */
  readonly endMs: number
  readonly steps: StepCoverage
  /** The command of Python; undefined: the storm has no readers in Python. */
  readonly python: string | undefined
  readonly onKill?: (kills: number) => void
}

export async function runStorm(options: StormOptions): Promise<StormResult> {
  const storm = new Storm(options)
  try {
    return await storm.run()
  } finally {
    await storm.end()
  }
}

class Storm {
  readonly #options: StormOptions
  readonly #cacheOptions: CacheOptions
  readonly #workers: StormWorker[]
  #cache: Cache
  readonly #latency = measureSchedulerLatency()
  #startedKills = 0
  #hasFailed = false
  /** One line for each kill, written to `deaths.txt` for the analysis of a fault. */
  readonly #history: string[] = []
  /** Faults without the place and the moment at which they were seen. */
  readonly #reported = new Set<string>()
  /** Shared increments that a kill interrupted: each may have been done or not. */
  #uncertain = 0
  readonly #result: StormResult = startResult()

  constructor(options: StormOptions) {
    const { mode, directory, seed, python } = options
    this.#options = options
    const store = mode.isStore === true ? { store: join(directory, 'storm.store') } : {}
    this.#cacheOptions = { name: 'storm', directory, sweepMs: 20, ...store, ...mode.options }
    this.#cache = Cache.open(this.#cacheOptions)
    const workers = [...WORKERS, ...(python === undefined ? [] : PYTHON_WORKERS)]
    const names = workers.map((_, index) => `worker${index}`)
    const random = randomFrom(seed)
    this.#workers = workers.map(([role, kind], index) => {
      const name = names[index] ?? ''
      const logPath = join(directory, `${name}.log`)
      const task = { name, role, mode, options: this.#cacheOptions, logPath, names }
      return {
        task: { ...task, seed: random.below(2 ** 31) },
        kind,
        log: new OperationLog(logPath),
        running: undefined,
      }
    })
  }

  async run(): Promise<StormResult> {
    const { seed } = this.#options
    await Promise.all(this.#workers.map((worker, index) => this.#startWorker(worker, index)))
    const killers = Array.from({ length: KILLER_COUNT }, (_, index) => index)
    // All of them end before this does, since one that continues would start workers after `end`.
    const ends = await Promise.allSettled(
      killers.map(index => this.#killRandomly(randomFrom(seed + index))),
    )
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    for (const worker of this.#workers) await this.#killAndCheck(worker, undefined)
    this.#checkSharedCounter()
    if (this.#options.mode.isStore === true) {
      this.#cache.close()
      this.#cache = Cache.open(this.#cacheOptions)
      for (const worker of this.#workers) this.#checkWorker(worker, 'after closing and opening')
    }
    return this.#result
  }

  async end(): Promise<void> {
    for (const { running, log } of this.#workers) {
      await running?.kill()
      log.close()
    }
    this.#cache.close()
    await this.#latency.stop()
    writeFileSync(join(this.#options.directory, 'deaths.txt'), this.#history.join('\n'))
  }

  async #startWorker(worker: StormWorker, turn: number): Promise<void> {
    const seed = (worker.task.seed + turn) % 2 ** 31
    const { python: command } = this.#options
    const { file } = this.#cache[REPLICATION]
    const python = command === undefined || file === undefined ? undefined : { command, file }
    worker.running = await startWorker(worker.kind, { ...worker.task, seed }, python)
  }

  async #killRandomly(random: Random): Promise<void> {
    const { kills, endMs } = this.#options
    const { faults } = this.#result
    // `run` kills each worker once more at the end.
    while (
      this.#startedKills < kills - this.#workers.length &&
      performance.now() < endMs &&
      faults.length === 0 &&
      !this.#hasFailed
    ) {
      this.#startedKills++
      const ready = this.#workers.filter(({ running }) => running !== undefined)
      const worker = random.pick(ready)
      try {
        const died = await this.#killAndCheck(worker, random)
        if (died && faults.length === 0) await this.#startWorker(worker, this.#startedKills)
      } catch (error) {
        this.#hasFailed = true
        throw error
      }
    }
  }

  /**
   * Kills a worker at a named step or at a random moment, then checks the cache.
   *
   * @returns false if the worker was already dead
   */
  async #killAndCheck(worker: StormWorker, random: Random | undefined): Promise<boolean> {
    const { running } = worker
    if (running === undefined) return false
    worker.running = undefined
    const isAtStep = random !== undefined && worker.kind !== 'python' && random.chance(STEP_SHARE)
    const atStep = isAtStep ? await this.#killAtStep(worker, running, random) : undefined
    if (atStep === undefined) {
      if (random !== undefined) await within('the moment', randomMoment(random), 1000)
      await running.kill()
    }
    if (running.output() !== '') this.#fault(worker, running.output())
    this.#checkWorker(worker, atStep ?? 'at any moment')
    this.#result.kills++
    if (atStep !== undefined) this.#result.killsAtSteps++
    this.#options.onKill?.(this.#result.kills)
    return true
  }

  /** @returns the step at which the worker died; undefined if it did not reach one and lives */
  async #killAtStep(
    worker: StormWorker,
    running: RunningWorker,
    random: Random,
  ): Promise<string | undefined> {
    const { mode, steps } = this.#options
    const possible = Object.entries(OPERATIONS).filter(
      ([, { evictingOnly }]) => evictingOnly !== true || !mode.keepsAll,
    )
    const operation = steps.leastTried(
      possible.map(([name]) => name),
      random,
    )
    running.send({ kind: 'rehearse', operation })
    const limit = LONGEST_WAIT_FOR_STEP_MS
    const reply = await within(`${worker.task.name} to do ${operation}`, running.next(), limit)
    if (reply?.kind !== 'steps') return this.#diedByItself(worker, running)
    const chosen = steps.choose(operation, reply.steps, random)
    if (chosen === undefined) return undefined
    running.send({ kind: 'die', operation, ...chosen })
    const end = await within(`${worker.task.name} to die in ${operation}`, running.next(), limit)
    if (end?.kind === 'missed') return undefined
    await running.kill()
    steps.noteKill(operation, chosen.step)
    return `in ${operation}, at ${chosen.step}`
  }

  #diedByItself(worker: StormWorker, running: RunningWorker): string {
    this.#fault(worker, `the worker ended without being killed: ${running.output()}`)
    return 'nothing'
  }

  #checkWorker(worker: StormWorker, how: string): void {
    const { task, log } = worker
    const startMs = performance.now()
    log.read()
    const under = JSON.stringify(log.pending)
    this.#history.push(`${Date.now()} ${task.name}, ${task.role}, killed ${how}, within ${under}`)
    if (log.pending.kind === 'shared counter') this.#uncertain++
    const { mode } = this.#options
    const faults = checkInvariants({ name: task.name, mode, cache: this.#cache, log })
    const tookMs = performance.now() - startMs
    for (const fault of faults) this.#fault(worker, fault, how)
    this.#result.longestWaitMs = Math.max(this.#result.longestWaitMs, tookMs)
    this.#checkShortLivedCache(worker, how)
    this.#checkWaits()
    const { takeovers, dropped } = this.#cache.stats()
    Object.assign(this.#result, { takeovers, dropped })
    if (dropped > this.#result.kills + 1) this.#fault(worker, `${dropped} items were dropped`)
  }

  /** The short-lived cache opens and is intact, wherever its creator was killed. */
  #checkShortLivedCache(worker: StormWorker, how: string): void {
    using passing = Cache.open(shortLivedCache(this.#cacheOptions))
    for (const problem of passing.verify().problems) {
      this.#fault(worker, `the short-lived cache: ${problem}`, how)
    }
  }

  #checkWaits(): void {
    let operations = 0
    let pythonReads = 0
    const latestMs = this.#latency.worstMs()
    this.#result.schedulerLatencyMs = latestMs
    for (const worker of this.#workers) {
      const { log } = worker
      if (worker.running !== undefined) log.read()
      operations += log.operations
      if (worker.kind === 'python') pythonReads += log.operations
      this.#result.longestWaitMs = Math.max(this.#result.longestWaitMs, log.longestWaitMs)
      if (log.longestWaitMs > waitLimitMs(latestMs)) {
        this.#fault(worker, `a call took ${log.longestWaitMs} ms`)
      }
      if (worker.running !== undefined && log.fault !== '') this.#fault(worker, log.fault)
    }
    Object.assign(this.#result, { operations, pythonReads })
  }

  /**
   * With all workers dead, the shared counter holds every acknowledged increment and at most those
   * that kills interrupted.
   */
  #checkSharedCounter(): void {
    const { mode } = this.#options
    if (!mode.keepsAll) return
    const found = Number(this.#cache.get(SHARED_COUNTER) ?? 0)
    const acknowledged = this.#workers.reduce((sum, { log }) => sum + log.sharedCount, 0)
    if (found >= acknowledged && found <= acknowledged + this.#uncertain) return
    this.#result.faults.push(
      `${mode.name}: ${SHARED_COUNTER} is ${found}; acknowledged were ${acknowledged}, ` +
        `and up to ${this.#uncertain} more may have been done`,
    )
  }

  /** Reports a fault once: it stays in the log or the cache, where each later check meets it. */
  #fault({ task, kind }: StormWorker, text: string, killedHow?: string): void {
    if (this.#reported.has(text)) return
    this.#reported.add(text)
    const { mode } = this.#options
    const when = killedHow === undefined ? '' : `killed ${killedHow}: `
    this.#result.faults.push(`${mode.name}, ${task.role} ${task.name} (${kind}): ${when}${text}`)
  }
}

function randomMoment(random: Random): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, random.below(LONGEST_DELAY_MS)))
}
