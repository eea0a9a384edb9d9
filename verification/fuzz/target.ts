/**
 * What is fuzzed, and what is asked of it whatever comes.
 */

import assert from 'node:assert/strict'
import { type ErrorCode, UndercroftError } from '../../src/base/index.ts'
import type { Random } from '../../testing/random.ts'

export interface FuzzTarget {
  readonly name: string
  /** Valid inputs to begin with. */
  readonly seeds: readonly Buffer[]
  /** Words that mean something to it. */
  readonly tokens?: readonly string[]
  /** How many of a hundred inputs of a run of all targets are for this one. */
  readonly share: number
  /** Throws when a promise is broken. */
  run(input: Buffer, random: Random): void
  /** Looks at what all inputs together have left. */
  finish?(): void
}

/** A view that a parser gave must lie within what it was given. */
export function requireWithin(view: Buffer, input: Buffer): void {
  const start = view.byteOffset - input.byteOffset
  const isWithin =
    view.length === 0 ||
    (view.buffer === input.buffer && start >= 0 && start + view.length <= input.length)
  assert.ok(isWithin, `a view of ${view.length} bytes lies outside the input`)
}

/** Runs it; only an error of ours with one of these codes is an answer. */
export function allowing<T>(codes: readonly ErrorCode[], act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (error instanceof UndercroftError && codes.includes(error.code)) return undefined
    throw error
  }
}

/** Chunks as a stream may bring them. */
export function* chunksOf(input: Buffer, random: Random): Generator<Buffer> {
  for (let at = 0; at < input.length; ) {
    const size = random.chance(0.5) ? 1 + random.below(4) : 1 + random.below(input.length)
    yield input.subarray(at, at + size)
    at += size
  }
}
