/**
 * The script of a storm worker, which is a process or a thread. It plays its role until it is
 * killed, or kills itself at a named step on request.
 */

import { setTimeout as pause } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { randomFrom } from '../../testing/random.ts'
import { HeldClock } from './held-clock.ts'
import {
  countOwn,
  countShared,
  deleteItem,
  faultOf,
  getItem,
  keyOf,
  SHARED_COUNTER,
  storeItem,
  timed,
  touchItem,
  type WorkerContext,
} from './logged-calls.ts'
import type { Mode } from './modes.ts'
import { KEY_COUNT, OperationLog } from './operation-log.ts'
import { OPERATIONS, shortLivedCache, type WatchedContext } from './operations.ts'
import { readValue } from './patterns.ts'
import { openWatched, watchStores } from './watched-stores.ts'

export type Role = 'writer' | 'reader' | 'sweeper' | 'opener'

export interface WorkerTask {
  readonly name: string
  readonly role: Role
  readonly mode: Mode
  readonly options: CacheOptions
  readonly logPath: string
  readonly seed: number
  /** The names of all workers. */
  readonly names: readonly string[]
}

export type WorkerRequest =
  /** Run the operation once and reply with the names of its stores. */
  | { readonly kind: 'rehearse'; readonly operation: string }
  /** Run the operation again and die right after the n-th store with that name. */
  | {
      readonly kind: 'die'
      readonly operation: string
      readonly step: string
      readonly times: number
    }

export type WorkerReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'steps'; readonly steps: readonly string[] }
  /** The operation did not reach that step again. */
  | { readonly kind: 'missed' }

const CALLS_A_TURN = 12
/** The pause between two turns. A role whose turns take longer pauses longer. */
const PAUSES_MS = { writer: 2, reader: 4, sweeper: 10, opener: 40 } as const
const TRIES = 30
const LONGEST_VALUE = 400

const port = parentPort

if (port === null) {
  process.on('disconnect', () => process.exit())
  process.once('message', task => begin(task as WorkerTask))
} else {
  begin(workerData as WorkerTask)
}

function reply(message: WorkerReply): void {
  if (port === null) process.send?.(message)
  else port.postMessage(message)
}

function begin(task: WorkerTask): void {
  const { name, mode, seed } = task
  const clock = new HeldClock()
  const options = { ...task.options, clock }
  const log = new OperationLog(task.logPath)
  const random = randomFrom(seed)
  const cache = Cache.open(options)
  const context = { name, cache, clock, log, random, mode }
  const dying = () => ({ ...context, ...openWatched({ ...options, sweepMs: 0 }), options })
  const listen = (message: unknown) => obey(message as WorkerRequest, dying)
  if (port === null) process.on('message', listen)
  else port.on('message', listen)
  reply({ kind: 'ready' })
  work(context, task).catch(error => {
    log.noteFault(String(error?.stack ?? error))
    throw error
  })
}

let watched: WatchedContext | undefined

function obey(request: WorkerRequest, openDying: () => WatchedContext): void {
  watched ??= openDying()
  const context = watched
  const operation = OPERATIONS[request.operation]
  if (operation === undefined) throw new Error(`there is no operation ${request.operation}`)
  if (request.kind === 'rehearse') {
    const steps: string[] = []
    operation.prepare?.(context)
    watchStores(
      step => steps.push(step),
      () => operation.run(context),
    )
    reply({ kind: 'steps', steps })
    return
  }
  for (let turn = 0; turn < TRIES; turn++) {
    let left = request.times
    operation.prepare?.(context)
    watchStores(
      step => {
        if (step === request.step && --left === 0) die()
      },
      () => operation.run(context),
    )
  }
  reply({ kind: 'missed' })
}

/** Ends this process or thread at once. Not even a `finally` block runs, in a thread either. */
function die(): void {
  if (port === null) process.kill(process.pid, 'SIGKILL')
  process.exit()
}

async function work(context: WorkerContext, task: WorkerTask): Promise<void> {
  const seen = new Map<string, number>()
  const turn = { writer: write, reader: read, sweeper: sweep, opener: open }[task.role]
  for (;;) {
    turn(context, task, seen)
    context.log.write()
    await pause(PAUSES_MS[task.role])
  }
}

function write(context: WorkerContext, { mode }: WorkerTask): void {
  const { random } = context
  for (let i = 0; i < CALLS_A_TURN; i++) {
    const key = random.below(KEY_COUNT)
    const choice = random.below(20)
    if (choice === 0) deleteItem(context, key)
    else if (choice === 1) touchItem(context, key)
    else if (choice < 5) getItem(context, key)
    else if (choice === 5) storeItem(context, key, random.below(LONGEST_VALUE), 'add')
    else if (choice === 6) storeItem(context, key, random.below(LONGEST_VALUE), 'replace')
    else if (choice < 10) countShared(context)
    else if (choice < 13) countOwn(context, random.pick(['increment', 'decrement']))
    else if (choice === 13) countOwn(context, random.pick(['multiply', 'divide']))
    else storeItem(context, key, random.below(LONGEST_VALUE), 'set')
  }
  if (!mode.keepsAll && random.below(200) === 0) timed(context, () => context.cache.clear())
}

/** A reader only ever sees growing versions of a key: a replaced value does not come back. */
function read(context: WorkerContext, { names }: WorkerTask, seen: Map<string, number>): void {
  const { random, cache, log } = context
  for (let i = 0; i < CALLS_A_TURN; i++) {
    const key = keyOf(random.pick(names), random.below(KEY_COUNT))
    const askedAtMs = Date.now()
    const value = timed(context, () => cache.get(key))
    if (value !== undefined) check(log, seen, key, value, askedAtMs)
  }
  timed(context, () => cache.get(SHARED_COUNTER))
  if (random.below(10) === 0) readAll(context, seen)
}

function readAll({ cache, log }: WorkerContext, seen: Map<string, number>): void {
  const askedAtMs = Date.now()
  for (const [key, value] of cache.entries()) {
    if (typeof value !== 'number' && value !== 'over soon') {
      check(log, seen, key, value, askedAtMs)
    }
  }
}

function check(
  log: OperationLog,
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
  if (fault !== undefined) log.noteFault(`${key} ${fault}`)
}

function sweep(context: WorkerContext): void {
  timed(context, () => context.cache.sweep())
  context.cache.stats()
}

function open(context: WorkerContext, task: WorkerTask): void {
  {
    using cache = timed(context, () => Cache.open(task.options))
    read({ ...context, cache }, task, new Map())
  }
  const passing = timed(context, () => Cache.open(shortLivedCache(task.options)))
  passing.set('mine', task.name)
  if (context.random.chance(0.3)) passing.destroy()
  else passing.close()
}
