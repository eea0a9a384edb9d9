/**
 * The storm over one cache: actors at work, killed again and again, and what that leaves behind
 * judged each time.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { within } from '../../testing/deadline.ts'
import { type Random, randomFrom } from '../../testing/random.ts'
import type { ActorTask, Role } from './actor.ts'
import { judge } from './judge.ts'
import { startMetronome } from './metronome.ts'
import type { Mode } from './modes.ts'
import { Notebook } from './notebook.ts'
import { OPERATIONS, passingCache } from './operations.ts'
import { type Kind, type Life, startLife } from './party.ts'
import { SHARED_COUNTER, WAIT_LIMIT_MS } from './player.ts'
import type { Steps } from './steps.ts'

const CAST: readonly (readonly [Role, Kind])[] = [
  ['writer', 'process'],
  ['writer', 'process'],
  ['writer', 'thread'],
  ['reader', 'thread'],
  ['sweeper', 'thread'],
  ['opener', 'process'],
]
/** Kills under way at the same time. */
const KILLERS = 2
/** Of the kills, as far as a step comes by again. */
const STEP_SHARE = 0.7
const LONGEST_DELAY_MS = 20
const LONGEST_WAIT_FOR_STEP_MS = 10_000

/** What came of a storm. */
export interface Outcome {
  kills: number
  /** Of those, at a step chosen by name; the others at any moment. */
  killsAtSteps: number
  operations: number
  longestWaitMs: number
  /** By how much a thread that only naps woke too late, at most: what the machine adds. */
  latestMs: number
  takeovers: number
  /** Items that recoveries gave up: at most one a kill. */
  dropped: number
  faults: string[]
}

interface Actor {
  readonly task: ActorTask
  readonly kind: Kind
  readonly notebook: Notebook
  life: Life | undefined
}

export interface StormOptions {
  readonly mode: Mode
  /** Of its own, in memory. */
  readonly directory: string
  readonly kills: number
  readonly seed: number
  /** No kill begins after this moment of `performance.now()`. */
  readonly endMs: number
  readonly steps: Steps
  readonly onKill?: (kills: number) => void
}

export async function rage(options: StormOptions): Promise<Outcome> {
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
  readonly #actors: Actor[]
  #cache: Cache
  readonly #metronome = startMetronome()
  #begun = 0
  /** Every death, for whoever has to find out what went wrong. */
  readonly #history: string[] = []
  /** Shared increments that were under way when their actor died: done or not. */
  #uncertain = 0
  readonly #outcome: Outcome = {
    kills: 0,
    killsAtSteps: 0,
    operations: 0,
    longestWaitMs: 0,
    latestMs: 0,
    takeovers: 0,
    dropped: 0,
    faults: [],
  }

  constructor(options: StormOptions) {
    const { mode, directory, seed } = options
    this.#options = options
    const store = mode.isStore === true ? { store: join(directory, 'storm.store') } : {}
    this.#cacheOptions = { name: 'storm', directory, sweepMs: 20, ...store, ...mode.options }
    this.#cache = Cache.open(this.#cacheOptions)
    const names = CAST.map((_, index) => `actor${index}`)
    const random = randomFrom(seed)
    this.#actors = CAST.map(([role, kind], index) => {
      const name = names[index] ?? ''
      const notebook = join(directory, `${name}.notebook`)
      const task = { name, role, mode, options: this.#cacheOptions, notebook, names }
      return {
        task: { ...task, seed: random.below(2 ** 31) },
        kind,
        notebook: new Notebook(notebook),
        life: undefined,
      }
    })
  }

  async run(): Promise<Outcome> {
    const { seed } = this.#options
    await Promise.all(this.#actors.map((actor, index) => this.#begin(actor, index)))
    const killers = Array.from({ length: KILLERS }, (_, index) => index)
    await Promise.all(killers.map(index => this.#kill(randomFrom(seed + index))))
    for (const actor of this.#actors) await this.#strike(actor, undefined)
    this.#judgeAll()
    if (this.#options.mode.isStore === true) {
      this.#cache.close()
      this.#cache = Cache.open(this.#cacheOptions)
      for (const actor of this.#actors) this.#judge(actor, 'after closing and opening')
    }
    return this.#outcome
  }

  async end(): Promise<void> {
    for (const { life, notebook } of this.#actors) {
      await life?.kill()
      notebook.close()
    }
    this.#cache.close()
    await this.#metronome.stop()
    writeFileSync(join(this.#options.directory, 'deaths.txt'), this.#history.join('\n'))
  }

  async #begin(actor: Actor, turn: number): Promise<void> {
    const seed = (actor.task.seed + turn) % 2 ** 31
    actor.life = await startLife(actor.kind, { ...actor.task, seed })
  }

  async #kill(random: Random): Promise<void> {
    const { kills, endMs } = this.#options
    const { faults } = this.#outcome
    // The last kill of each actor comes at the end.
    while (this.#begun < kills - CAST.length && performance.now() < endMs && faults.length === 0) {
      this.#begun++
      const ready = this.#actors.filter(({ life }) => life !== undefined)
      const actor = random.pick(ready)
      const died = await this.#strike(actor, random)
      if (died && faults.length === 0) await this.#begin(actor, this.#begun)
    }
  }

  /** Kills one, at a step of its own or at any moment, and judges. False: it was no kill. */
  async #strike(actor: Actor, random: Random | undefined): Promise<boolean> {
    const { life } = actor
    if (life === undefined) return false
    actor.life = undefined
    const atStep = random?.chance(STEP_SHARE)
      ? await this.#killAtStep(actor, life, random)
      : undefined
    if (atStep === undefined) {
      if (random !== undefined) await within('the moment', moment(random), 1000)
      await life.kill()
    }
    if (life.output() !== '') this.#fault(actor, life.output())
    this.#judge(actor, atStep ?? 'at any moment')
    this.#outcome.kills++
    if (atStep !== undefined) this.#outcome.killsAtSteps++
    this.#options.onKill?.(this.#outcome.kills)
    return true
  }

  /** What it died at; undefined: it did not come by there, and lives. */
  async #killAtStep(actor: Actor, life: Life, random: Random): Promise<string | undefined> {
    const { mode, steps } = this.#options
    const possible = Object.entries(OPERATIONS).filter(
      ([, { evictingOnly }]) => evictingOnly !== true || !mode.keepsAll,
    )
    const [operation] = steps.leastKilled(
      possible.map(([name]) => name),
      random,
    )
    life.send({ kind: 'rehearse', operation })
    const limit = LONGEST_WAIT_FOR_STEP_MS
    const reply = await within(`${actor.task.name} to do ${operation}`, life.next(), limit)
    if (reply?.kind !== 'steps') return this.#diedByItself(actor, life)
    const chosen = steps.choose(operation, reply.steps, random)
    if (chosen === undefined) return undefined
    life.send({ kind: 'die', operation, ...chosen })
    const end = await within(`${actor.task.name} to die in ${operation}`, life.next(), limit)
    if (end?.kind === 'missed') return undefined
    await life.kill()
    steps.noteKill(operation, chosen.step)
    return `in ${operation}, at ${chosen.step}`
  }

  #diedByItself(actor: Actor, life: Life): string {
    this.#fault(actor, `it ended by itself: ${life.output()}`)
    return 'nothing'
  }

  #judge(actor: Actor, how: string): void {
    const { task, notebook } = actor
    const startMs = performance.now()
    notebook.read()
    const under = JSON.stringify(notebook.pending)
    this.#history.push(`${Date.now()} ${task.name}, ${task.role}, killed ${how}, within ${under}`)
    if (notebook.pending.kind === 'shared counter') this.#uncertain++
    const { mode } = this.#options
    const faults = judge({ name: task.name, mode, cache: this.#cache, notebook })
    const tookMs = performance.now() - startMs
    for (const fault of faults) this.#fault(actor, `killed ${how}: ${fault}`)
    this.#outcome.longestWaitMs = Math.max(this.#outcome.longestWaitMs, tookMs)
    this.#checkPassing(actor, how)
    this.#checkWaits()
    const { takeovers, dropped } = this.#cache.stats()
    Object.assign(this.#outcome, { takeovers, dropped })
    if (dropped > this.#outcome.kills + 1) this.#fault(actor, `${dropped} items were dropped`)
  }

  /** Whatever its makers died at, it can be opened and is whole. */
  #checkPassing(actor: Actor, how: string): void {
    using passing = Cache.open(passingCache(this.#cacheOptions))
    for (const problem of passing.verify().problems) {
      this.#fault(actor, `killed ${how}: the passing cache: ${problem}`)
    }
  }

  #checkWaits(): void {
    let operations = 0
    const latestMs = this.#metronome.latestMs()
    this.#outcome.latestMs = latestMs
    for (const actor of this.#actors) {
      const { notebook } = actor
      if (actor.life !== undefined) notebook.read()
      operations += notebook.operations
      this.#outcome.longestWaitMs = Math.max(this.#outcome.longestWaitMs, notebook.longestWaitMs)
      if (notebook.longestWaitMs > waitLimitMs(latestMs)) {
        this.#fault(actor, `a call took ${notebook.longestWaitMs} ms`)
      }
      if (actor.life !== undefined && notebook.fault !== '') this.#fault(actor, notebook.fault)
    }
    this.#outcome.operations = operations
  }

  /** All are dead: the counter of all is what was acknowledged, and perhaps what was under way. */
  #judgeAll(): void {
    const { mode } = this.#options
    if (!mode.keepsAll) return
    const found = Number(this.#cache.get(SHARED_COUNTER) ?? 0)
    const acknowledged = this.#actors.reduce((sum, { notebook }) => sum + notebook.sharedCount, 0)
    if (found >= acknowledged && found <= acknowledged + this.#uncertain) return
    this.#outcome.faults.push(
      `${mode.name}: ${SHARED_COUNTER} is ${found}; acknowledged were ${acknowledged}, ` +
        `and ${this.#uncertain} more may have been done`,
    )
  }

  #fault({ task, kind }: Actor, text: string): void {
    const { mode } = this.#options
    this.#outcome.faults.push(`${mode.name}, ${task.role} ${task.name} (${kind}): ${text}`)
  }
}

/** Whoever waits and whoever is waited for may both be kept from running. */
export function waitLimitMs(latestMs: number): number {
  return WAIT_LIMIT_MS + 2 * latestMs
}

function moment(random: Random): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, random.below(LONGEST_DELAY_MS)))
}
