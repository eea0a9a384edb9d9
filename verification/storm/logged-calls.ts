/**
 * Calls of a worker on its own items. The operation log records each call before and after it, and
 * every wrong result.
 *
 * Only one worker writes an item, so that worker knows what the cache must hold. Each worker times
 * its own calls.
 */

import { type Cache, type SetOptions, UndercroftError } from '../../src/index.ts'
import type { Random } from '../../testing/random.ts'
import type { HeldClock } from './held-clock.ts'
import type { Mode } from './modes.ts'
import { FIRST_EXPIRING_KEY, type OperationLog } from './operation-log.ts'
import { makeValue, readValue } from './patterns.ts'

export interface WorkerContext {
  readonly name: string
  /** Opened with `clock`. */
  readonly cache: Cache
  readonly clock: HeldClock
  readonly log: OperationLog
  readonly random: Random
  readonly mode: Mode
}

export type StoreMethod = 'set' | 'add' | 'replace' | 'compareAndSet'

/** What an item of the storm has in addition to its value and its end. */
export type Circumstances = Pick<SetOptions, 'tags' | 'pinned'>

/** The key of the counter that all workers increment. */
export const SHARED_COUNTER = 'counter of all'

/** A call that takes longer is a fault, on a machine that delays no process. */
const WAIT_LIMIT_MS = 1000

/** Every third key is too long for the part of a key that a slot holds. */
export function keyOf(name: string, key: number): string {
  const short = `${name}.${key}`
  return key % 3 === 0 ? short.padEnd(50, '.') : short
}

export function counterOf(name: string): string {
  return `${name}.counter`
}

export function mayEnd(key: number): boolean {
  return key >= FIRST_EXPIRING_KEY
}

/** The scheduler may delay both the process that waits and the process it waits for. */
export function waitLimitMs(schedulerLatencyMs: number): number {
  return WAIT_LIMIT_MS + 2 * schedulerLatencyMs
}

export function timed<T>({ log }: WorkerContext, act: () => T): T {
  const startMs = performance.now()
  const result = act()
  log.noteOperation(performance.now() - startMs)
  return result
}

export function storeItem(
  context: WorkerContext,
  key: number,
  size: number,
  method: StoreMethod,
  circumstances: Circumstances = {},
): void {
  context.clock.hold(nowMs => storeAt(context, key, size, method, circumstances, nowMs))
}

function storeAt(
  context: WorkerContext,
  key: number,
  size: number,
  method: StoreMethod,
  circumstances: Circumstances,
  nowMs: number,
): void {
  const { log, random, name } = context
  const version = log.nextVersion()
  const ttlMs = mayEnd(key) ? 1 + random.below(30) : Number.POSITIVE_INFINITY
  const endsAtMs = mayEnd(key) ? nowMs + ttlMs : 0
  const value = makeValue({ key: keyOf(name, key), version, endsAtMs }, size)
  log.pending = { kind: 'item', key, after: version, keeps: false }
  log.write()
  const options = { ttlMs, ...circumstances }
  const stored = timed(context, () => call(context.cache, method, keyOf(name, key), value, options))
  if (stored) log.setItem(key, version, endsAtMs)
  settle(log)
}

function call(
  cache: Cache,
  method: StoreMethod,
  key: string,
  value: unknown,
  options: SetOptions,
): boolean {
  try {
    if (method !== 'compareAndSet') return cache[method](key, value, options)
    return cache.compareAndSet(key, cache.getEntry(key)?.version ?? 0, value, options)
  } catch (error) {
    if (error instanceof UndercroftError && error.code === 'UNDERCROFT_PINS_FULL') return false
    throw error
  }
}

/** The tag of an item that no other item has. */
export function tagOf(name: string, key: number): string {
  return `tag of ${name}.${key}`
}

/** Deletes the own tag of an item, if it has one. */
export function deleteTagOf(context: WorkerContext, key: number): void {
  const { cache, log, name } = context
  if (cache.tagsOf(keyOf(name, key))?.includes(tagOf(name, key)) !== true) return
  log.pending = { kind: 'item', key, after: 0, keeps: false }
  log.write()
  timed(context, () => cache.deleteTag(tagOf(name, key)))
  log.setItem(key, 0, 0)
  settle(log)
}

/** Stores an item in a namespace that only this worker uses. */
export function storeInNamespace({ cache, name }: WorkerContext): void {
  const value = makeValue({ key: `${name}:item`, version: 1, endsAtMs: 0 }, 10)
  cache.namespace(name).set('item', value)
}

/** Clears that namespace. */
export function clearNamespace(context: WorkerContext): void {
  const { cache, log, name } = context
  const namespace = cache.namespace(name)
  timed(context, () => namespace.clear())
  if (namespace.get('item') !== undefined) log.noteFault(`namespace ${name} is not clear`)
}

export function deleteItem(context: WorkerContext, key: number): void {
  const { cache, log, name } = context
  log.pending = { kind: 'item', key, after: 0, keeps: false }
  log.write()
  const deleted = timed(context, () => cache.delete(keyOf(name, key)))
  if (!deleted && mustBeThere(context, key)) log.noteFault(`${keyOf(name, key)} was lost`)
  log.setItem(key, 0, 0)
  settle(log)
}

/** Gives an item without an expiry one that the storm does not reach. */
export function touchItem(context: WorkerContext, key: number): void {
  const { cache, log, name } = context
  if (mayEnd(key) || log.version(key) === 0) return
  log.pending = { kind: 'item', key, after: log.version(key), keeps: true }
  log.write()
  const touched = timed(context, () => cache.touch(keyOf(name, key), 86_400_000))
  if (!touched && mustBeThere(context, key)) log.noteFault(`${keyOf(name, key)} was lost`)
  settle(log)
}

export function getItem(context: WorkerContext, key: number): void {
  const { cache, log, name } = context
  const askedAtMs = Date.now()
  const value = timed(context, () => cache.get(keyOf(name, key)))
  const fault =
    value === undefined
      ? mustBeThere(context, key)
        ? 'was lost'
        : undefined
      : (faultOf(value, keyOf(name, key), askedAtMs) ?? faultOfVersion(context, key, value))
  if (fault !== undefined) log.noteFault(`${keyOf(name, key)} ${fault}`)
}

/** @returns what is wrong with a value that any process may read; undefined if nothing is */
export function faultOf(value: unknown, key: string, askedAtMs: number): string | undefined {
  const pattern = readValue(value)
  if (pattern === undefined) return `is torn: ${JSON.stringify(value)?.slice(0, 200)}`
  if (pattern.key !== key) return `has the value of ${pattern.key}`
  if (pattern.endsAtMs !== 0 && askedAtMs >= pattern.endsAtMs) {
    return `ended at ${pattern.endsAtMs} and was there at ${askedAtMs}`
  }
  return undefined
}

function faultOfVersion({ log }: WorkerContext, key: number, value: unknown): string | undefined {
  const found = readValue(value)?.version
  const version = log.version(key)
  return found === version ? undefined : `is of version ${found} instead of ${version}`
}

export type Arithmetic = 'increment' | 'decrement' | 'multiply' | 'divide'

/** Skips an operation whose result would be too large to be exact. */
export function countOwn(context: WorkerContext, operation: Arithmetic): void {
  const { cache, log, random, name, mode } = context
  const by = operation === 'multiply' || operation === 'divide' ? 2 : 1 + random.below(9)
  const before = log.counter
  const after = calculate(operation, before, by)
  if (Math.abs(after) > 1e9) return
  log.pending = { kind: 'counter', after }
  log.write()
  const result = timed(context, () => cache[operation](counterOf(name), by))
  if (result === after) log.counter = after
  else if (mode.keepsAll && (result !== undefined || before !== 0)) {
    log.noteFault(`${counterOf(name)} is ${result} instead of ${after}`)
  } else log.counter = result ?? 0
  settle(log)
}

export function deleteCounter(context: WorkerContext): void {
  const { cache, log, name } = context
  log.pending = { kind: 'counter', after: 0 }
  log.write()
  timed(context, () => cache.delete(counterOf(name)))
  log.counter = 0
  settle(log)
}

export function countShared(context: WorkerContext): void {
  const { cache, log } = context
  log.pending = { kind: 'shared counter' }
  log.write()
  const result = timed(context, () => cache.increment(SHARED_COUNTER))
  if (result !== undefined) log.countShared()
  settle(log)
}

function settle(log: OperationLog): void {
  log.pending = { kind: 'nothing' }
  log.write()
}

function mustBeThere({ mode, log }: WorkerContext, key: number): boolean {
  return mode.keepsAll && !mayEnd(key) && log.version(key) !== 0
}

function calculate(operation: Arithmetic, before: number, by: number): number {
  switch (operation) {
    case 'increment':
      return before + by
    case 'decrement':
      return before - by
    case 'multiply':
      return before * by
    case 'divide':
      return Math.trunc(before / by) + 0 // no negative zero
  }
}
