/**
 * Implements the public counter operations: checks their arguments, and converts the results of the
 * engine.
 */

import {
  type CacheKey,
  type CircumstanceOptions,
  type CounterEntry,
  type CounterOperation,
  type CounterOptions,
  type CountOptions,
  describe,
  LOCAL_COUNT_OPTION_NAMES,
  LOCAL_COUNTER_OPTION_NAMES,
  NEVER,
  requireInt64,
  requireInteger,
  UndercroftError,
  VALUE_TYPE,
} from '../base/index.ts'
import type { ChangeFeed } from './change-feed.ts'
import { circumstancesOf, pinsFull } from './circumstances.ts'
import type { Expiry } from './expiry.ts'
import type { CacheLifetime } from './lifetime.ts'

/** The largest result of an operation that returns a number. */
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)

export class CacheCounters {
  readonly #lifetime: CacheLifetime
  readonly #feed: ChangeFeed
  readonly #expiry: Expiry
  readonly #defaultInitial: bigint

  constructor(lifetime: CacheLifetime, feed: ChangeFeed, expiry: Expiry, defaultInitial: bigint) {
    this.#lifetime = lifetime
    this.#feed = feed
    this.#expiry = expiry
    this.#defaultInitial = defaultInitial
  }

  /** @returns a number if `by` is a number; a bigint if `by` is a bigint */
  change(
    call: string,
    key: CacheKey,
    operation: CounterOperation,
    by: number | bigint,
    options: (CounterOptions & CircumstanceOptions) | undefined,
  ): number | bigint | undefined {
    const atMs = this.#expiry.of(call, options, LOCAL_COUNTER_OPTION_NAMES)
    if (typeof by === 'bigint') {
      return this.#change(key, operation, by, options, atMs, VALUE_TYPE.bigint, undefined)
    }
    requireInteger('by', by, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    const exact = BigInt(by)
    const value = this.#change(key, operation, exact, options, atMs, VALUE_TYPE.integer, MAX_SAFE)
    return value === undefined ? undefined : Number(value)
  }

  /** Adds to a counter, and reads its end in the same step. */
  incrementEntry(
    key: CacheKey,
    by: number,
    options: (CounterOptions & CircumstanceOptions) | undefined,
  ): CounterEntry | undefined {
    const value = this.change('incrementEntry', key, 'inc', by, options)
    if (value === undefined) return undefined
    const atMs = this.#lifetime.use().countedEndsAtMs
    return { value: Number(value), expiresAtMs: atMs === NEVER ? Infinity : atMs }
  }

  count(
    key: CacheKey,
    operation: CounterOperation,
    by: bigint,
    options: (CountOptions & CircumstanceOptions) | undefined,
  ): bigint | undefined {
    const atMs = this.#expiry.of('count', options, LOCAL_COUNT_OPTION_NAMES)
    const limit = options?.safe === true ? MAX_SAFE : undefined
    return this.#change(key, operation, by, options, atMs, VALUE_TYPE.integer, limit)
  }

  #change(
    key: CacheKey,
    operation: CounterOperation,
    by: bigint,
    options: (CounterOptions & CircumstanceOptions) | undefined,
    expiresAtMs: number,
    type: number,
    limit: bigint | undefined,
  ): bigint | undefined {
    const engine = this.#lifetime.use()
    const given = options?.initial
    const initial = given === undefined ? this.#defaultInitial : requireInt64('initial', given)
    const circumstances = options && circumstancesOf(options, expiresAtMs)
    const fresh = options?.onlyPresent === true ? undefined : { initial, expiresAtMs, type }
    const outcome = engine.count(
      key,
      operation,
      requireInt64('by', by),
      fresh,
      limit,
      circumstances,
    )
    if (outcome === 'full' || outcome === 'absent') return undefined
    if (outcome === 'pins-full') throw pinsFull(engine.segment.geometry)
    if (typeof outcome !== 'bigint') throw counterError(outcome, key)
    if (this.#feed.isObserved) this.#feed.changed(key, engine)
    return outcome
  }
}

function counterError(outcome: 'not-a-counter' | 'out-of-range', key: CacheKey): UndercroftError {
  if (outcome === 'not-a-counter') {
    return new UndercroftError(
      'UNDERCROFT_NOT_A_COUNTER',
      `the value of ${describe(key)} is not a 64-bit integer; it is unchanged`,
    )
  }
  return new UndercroftError(
    'UNDERCROFT_COUNTER_RANGE',
    `the result for ${describe(key)} is beyond Number.MAX_SAFE_INTEGER; the value is unchanged. ` +
      'Give a bigint to use all 64 bits',
  )
}
