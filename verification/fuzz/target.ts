/**
 * A target of the fuzzer, and what must hold for any input.
 */

import assert from 'node:assert/strict'
import { type ErrorCode, UndercroftError } from '../../src/base/index.ts'
import type { Random } from '../../testing/random.ts'

export interface FuzzTarget {
  readonly name: string
  /** Valid inputs, which the fuzzer changes. */
  readonly seeds: readonly Buffer[]
  /** Words that have a meaning in the format, inserted at random. */
  readonly tokens?: readonly string[]
  /** How many of a hundred inputs this target receives in a run of all targets. */
  readonly share: number
  /** @throws Error if the target breaks a promise */
  run(input: Buffer, random: Random): void
  /** Checks the state that all inputs together have left. */
  finish?(): void
}

/** Asserts that a view returned by a parser lies within the parser's input. */
export function requireWithin(view: Buffer, input: Buffer): void {
  const start = view.byteOffset - input.byteOffset
  const isWithin =
    view.length === 0 ||
    (view.buffer === input.buffer && start >= 0 && start + view.length <= input.length)
  assert.ok(isWithin, `a view of ${view.length} bytes lies outside the input`)
}

/** Runs `act`, and accepts only those `UndercroftError`s that have one of these codes. */
export function allowing<T>(codes: readonly ErrorCode[], act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (error instanceof UndercroftError && codes.includes(error.code)) return undefined
    throw error
  }
}

/** Splits the input into chunks, as a stream may. */
export function* chunksOf(input: Buffer, random: Random): Generator<Buffer> {
  for (let at = 0; at < input.length; ) {
    const size = random.chance(0.5) ? 1 + random.below(4) : 1 + random.below(input.length)
    yield input.subarray(at, at + size)
    at += size
  }
}
