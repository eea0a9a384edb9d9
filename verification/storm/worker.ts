/**
 * An actor of the storm, a process or a thread: does what its role is until it is killed, or dies
 * at a named step when it is told to.
 */

import { setTimeout as pause } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { randomFrom } from '../../testing/random.ts'
import { HeldClock } from './held-clock.ts'
import type { Mode } from './modes.ts'
import { KEY_COUNT, Notebook } from './notebook.ts'
import { OPERATIONS, passingCache, type WatchedPlayer } from './operations.ts'
import { readValue } from './patterns.ts'
import {
  countOwn,
  countShared,
  deleteItem,
  faultOf,
  getItem,
  keyOf,
  type Player,
  SHARED_COUNTER,
  storeItem,
  timed,
  touchItem,
} from './player.ts'
import { openWatched, watchStores } from './watched-stores.ts'

export type Role = 'writer' | 'reader' | 'sweeper' | 'opener'

export interface ActorTask {
  readonly name: string
  readonly role: Role
  readonly mode: Mode
  readonly options: CacheOptions
  readonly notebook: string
  readonly seed: number
  /** Of all actors. */
  readonly names: readonly string[]
}

export type ActorRequest =
  /** Do the operation, and tell its steps. */
  | { readonly kind: 'rehearse'; readonly operation: string }
  /** Do it again and die right after so many stores of that name. */
  | {
      readonly kind: 'die'
      readonly operation: string
      readonly step: string
      readonly times: number
    }

export type ActorReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'steps'; readonly steps: readonly string[] }
  /** The operation did not come by that step again. */
  | { readonly kind: 'missed' }

const CALLS_A_TURN = 12
/** Between two turns. What each of these does in one takes the longer, the longer the pause. */
const PAUSES_MS = { writer: 2, reader: 4, sweeper: 10, opener: 40 } as const
const TRIES = 30
const LONGEST_VALUE = 400

const port = parentPort

if (port === null) {
  process.on('disconnect', () => process.exit())
  process.once('message', task => begin(task as ActorTask))
} else {
  begin(workerData as ActorTask)
}

function reply(message: ActorReply): void {
  if (port === null) process.send?.(message)
  else port.postMessage(message)
}

function begin(task: ActorTask): void {
  const { name, mode, seed } = task
  const clock = new HeldClock()
  const options = { ...task.options, clock }
  const notebook = new Notebook(task.notebook)
  const random = randomFrom(seed)
  const cache = Cache.open(options)
  const player = { name, cache, clock, notebook, random, mode }
  const dying = () => ({ ...player, ...openWatched({ ...options, sweepMs: 0 }), options })
  const listen = (message: unknown) => obey(message as ActorRequest, dying)
  if (port === null) process.on('message', listen)
  else port.on('message', listen)
  reply({ kind: 'ready' })
  work(player, task).catch(error => {
    notebook.noteFault(String(error?.stack ?? error))
    throw error
  })
}

let watched: WatchedPlayer | undefined

function obey(request: ActorRequest, openDying: () => WatchedPlayer): void {
  watched ??= openDying()
  const player = watched
  const operation = OPERATIONS[request.operation]
  if (operation === undefined) throw new Error(`there is no operation ${request.operation}`)
  if (request.kind === 'rehearse') {
    const steps: string[] = []
    operation.prepare?.(player)
    watchStores(
      step => steps.push(step),
      () => operation.run(player),
    )
    reply({ kind: 'steps', steps })
    return
  }
  for (let turn = 0; turn < TRIES; turn++) {
    let left = request.times
    operation.prepare?.(player)
    watchStores(
      step => {
        if (step === request.step && --left === 0) die()
      },
      () => operation.run(player),
    )
  }
  reply({ kind: 'missed' })
}

/** Here and now: of a thread, too, nothing that was to come is done, not even a `finally`. */
function die(): void {
  if (port === null) process.kill(process.pid, 'SIGKILL')
  process.exit()
}

async function work(player: Player, task: ActorTask): Promise<void> {
  const seen = new Map<string, number>()
  const turn = { writer: write, reader: read, sweeper: sweep, opener: open }[task.role]
  for (;;) {
    turn(player, task, seen)
    player.notebook.write()
    await pause(PAUSES_MS[task.role])
  }
}

function write(player: Player, { mode }: ActorTask): void {
  const { random } = player
  for (let i = 0; i < CALLS_A_TURN; i++) {
    const key = random.below(KEY_COUNT)
    const choice = random.below(20)
    if (choice === 0) deleteItem(player, key)
    else if (choice === 1) touchItem(player, key)
    else if (choice < 5) getItem(player, key)
    else if (choice === 5) storeItem(player, key, random.below(LONGEST_VALUE), 'add')
    else if (choice === 6) storeItem(player, key, random.below(LONGEST_VALUE), 'replace')
    else if (choice < 10) countShared(player)
    else if (choice < 13) countOwn(player, random.pick(['increment', 'decrement']))
    else if (choice === 13) countOwn(player, random.pick(['multiply', 'divide']))
    else storeItem(player, key, random.below(LONGEST_VALUE), 'set')
  }
  if (!mode.keepsAll && random.below(200) === 0) timed(player, () => player.cache.clear())
}

/** Of one key, versions that one reader sees only grow: what was replaced does not come back. */
function read(player: Player, { names }: ActorTask, seen: Map<string, number>): void {
  const { random, cache, notebook } = player
  for (let i = 0; i < CALLS_A_TURN; i++) {
    const key = keyOf(random.pick(names), random.below(KEY_COUNT))
    const askedAtMs = Date.now()
    const value = timed(player, () => cache.get(key))
    if (value !== undefined) check(notebook, seen, key, value, askedAtMs)
  }
  timed(player, () => cache.get(SHARED_COUNTER))
  if (random.below(10) === 0) readAll(player, seen)
}

function readAll({ cache, notebook }: Player, seen: Map<string, number>): void {
  const askedAtMs = Date.now()
  for (const [key, value] of cache.entries()) {
    if (typeof value !== 'number' && value !== 'over soon') {
      check(notebook, seen, key, value, askedAtMs)
    }
  }
}

function check(
  notebook: Notebook,
  seen: Map<string, number>,
  key: string,
  value: unknown,
  askedAtMs: number,
): void {
  if (value === 'over soon') return
  const version = readValue(value)?.version ?? 0
  const before = seen.get(key) ?? 0
  seen.set(key, version)
  const fault =
    faultOf(value, key, askedAtMs) ??
    (version < before ? `is of version ${version} again after ${before}` : undefined)
  if (fault !== undefined) notebook.noteFault(`${key} ${fault}`)
}

function sweep(player: Player): void {
  timed(player, () => player.cache.sweep())
  player.cache.stats()
}

function open(player: Player, task: ActorTask): void {
  {
    using cache = timed(player, () => Cache.open(task.options))
    read({ ...player, cache }, task, new Map())
  }
  const passing = timed(player, () => Cache.open(passingCache(task.options)))
  passing.set('mine', task.name)
  if (player.random.chance(0.3)) passing.destroy()
  else passing.close()
}
