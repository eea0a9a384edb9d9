/**
 * What an actor does with its own items, written down before and after, and what it finds wrong.
 *
 * Only one actor writes an item, so it knows what has to be there. Each call is timed by the clock
 * of whoever made it.
 */

import type { Cache } from '../../src/index.ts'
import type { Random } from '../../testing/random.ts'
import type { HeldClock } from './held-clock.ts'
import type { Mode } from './modes.ts'
import { FIRST_EXPIRING_KEY, type Notebook } from './notebook.ts'
import { makeValue, readValue } from './patterns.ts'

export interface Player {
  readonly name: string
  /** Opened with the clock below. */
  readonly cache: Cache
  readonly clock: HeldClock
  readonly notebook: Notebook
  readonly random: Random
  readonly mode: Mode
}

export type StoreMethod = 'set' | 'add' | 'replace'

/** One that all actors count up. */
export const SHARED_COUNTER = 'counter of all'

/** No call takes as long. */
export const WAIT_LIMIT_MS = 1000

/** Some keys are longer than what fits into a slot. */
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

export function timed<T>({ notebook }: Player, act: () => T): T {
  const startMs = performance.now()
  const result = act()
  notebook.noteOperation(performance.now() - startMs)
  return result
}

export function storeItem(player: Player, key: number, size: number, method: StoreMethod): void {
  player.clock.hold(nowMs => storeAt(player, key, size, method, nowMs))
}

function storeAt(
  player: Player,
  key: number,
  size: number,
  method: StoreMethod,
  nowMs: number,
): void {
  const { cache, notebook, random, name } = player
  const version = notebook.nextVersion()
  const ttlMs = mayEnd(key) ? 1 + random.below(30) : Number.POSITIVE_INFINITY
  const endsAtMs = mayEnd(key) ? nowMs + ttlMs : 0
  const value = makeValue({ key: keyOf(name, key), version, endsAtMs }, size)
  notebook.pending = { kind: 'item', key, after: version, keeps: false }
  notebook.write()
  const stored = timed(player, () => cache[method](keyOf(name, key), value, { ttlMs }))
  if (stored) notebook.setItem(key, version, endsAtMs)
  settle(notebook)
}

export function deleteItem(player: Player, key: number): void {
  const { cache, notebook, name } = player
  notebook.pending = { kind: 'item', key, after: 0, keeps: false }
  notebook.write()
  const deleted = timed(player, () => cache.delete(keyOf(name, key)))
  if (!deleted && mustBeThere(player, key)) notebook.noteFault(`${keyOf(name, key)} was lost`)
  notebook.setItem(key, 0, 0)
  settle(notebook)
}

/** Gives an item that stays an end far away. */
export function touchItem(player: Player, key: number): void {
  const { cache, notebook, name } = player
  if (mayEnd(key) || notebook.version(key) === 0) return
  notebook.pending = { kind: 'item', key, after: notebook.version(key), keeps: true }
  notebook.write()
  const touched = timed(player, () => cache.touch(keyOf(name, key), 86_400_000))
  if (!touched && mustBeThere(player, key)) notebook.noteFault(`${keyOf(name, key)} was lost`)
  settle(notebook)
}

export function getItem(player: Player, key: number): void {
  const { cache, notebook, name } = player
  const askedAtMs = Date.now()
  const value = timed(player, () => cache.get(keyOf(name, key)))
  const fault =
    value === undefined
      ? mustBeThere(player, key)
        ? 'was lost'
        : undefined
      : (faultOf(value, keyOf(name, key), askedAtMs) ?? faultOfVersion(player, key, value))
  if (fault !== undefined) notebook.noteFault(`${keyOf(name, key)} ${fault}`)
}

/** What is wrong with a value for anybody who reads it, or undefined. */
export function faultOf(value: unknown, key: string, askedAtMs: number): string | undefined {
  const pattern = readValue(value)
  if (pattern === undefined) return `is torn: ${JSON.stringify(value)?.slice(0, 200)}`
  if (pattern.key !== key) return `has the value of ${pattern.key}`
  if (pattern.endsAtMs !== 0 && askedAtMs >= pattern.endsAtMs) {
    return `ended at ${pattern.endsAtMs} and was there at ${askedAtMs}`
  }
  return undefined
}

function faultOfVersion({ notebook }: Player, key: number, value: unknown): string | undefined {
  const found = readValue(value)?.version
  const version = notebook.version(key)
  return found === version ? undefined : `is of version ${found} instead of ${version}`
}

export type Arithmetic = 'increment' | 'decrement' | 'multiply' | 'divide'

/** Keeps the number small enough to be exact. */
export function countOwn(player: Player, operation: Arithmetic): void {
  const { cache, notebook, random, name, mode } = player
  const by = operation === 'multiply' || operation === 'divide' ? 2 : 1 + random.below(9)
  const before = notebook.counter
  const after = calculate(operation, before, by)
  if (Math.abs(after) > 1e9) return
  notebook.pending = { kind: 'counter', after }
  notebook.write()
  const result = timed(player, () => cache[operation](counterOf(name), by))
  if (result === after) notebook.counter = after
  else if (mode.keepsAll && (result !== undefined || before !== 0)) {
    notebook.noteFault(`${counterOf(name)} is ${result} instead of ${after}`)
  } else notebook.counter = result ?? 0
  settle(notebook)
}

export function deleteCounter(player: Player): void {
  const { cache, notebook, name } = player
  notebook.pending = { kind: 'counter', after: 0 }
  notebook.write()
  timed(player, () => cache.delete(counterOf(name)))
  notebook.counter = 0
  settle(notebook)
}

export function countShared(player: Player): void {
  const { cache, notebook } = player
  notebook.pending = { kind: 'shared counter' }
  notebook.write()
  const result = timed(player, () => cache.increment(SHARED_COUNTER))
  if (result !== undefined) notebook.countShared()
  settle(notebook)
}

function settle(notebook: Notebook): void {
  notebook.pending = { kind: 'nothing' }
  notebook.write()
}

function mustBeThere({ mode, notebook }: Player, key: number): boolean {
  return mode.keepsAll && !mayEnd(key) && notebook.version(key) !== 0
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
