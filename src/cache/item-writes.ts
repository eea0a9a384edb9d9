/**
 * Stores encoded values with the options of a call, and publishes the changes.
 */

import type { CacheKey, OptionNames, SetOptions, ValueSource } from '../base/index.ts'
import type { ValueCodec } from '../codecs/index.ts'
import type { StoreMode, StoreOutcome } from '../engine/index.ts'
import type { ChangeFeed } from './change-feed.ts'
import { asksForCircumstances, circumstancesOf, endAfterStale, pinsFull } from './circumstances.ts'
import { DELETE_CHANNEL, SET_CHANNEL } from './diagnostics.ts'
import type { Expiry } from './expiry.ts'
import type { CacheLifetime } from './lifetime.ts'

/** A call that stores a value, and the options that it takes. */
export interface StoreCall {
  readonly name: string
  readonly mode: StoreMode
  readonly optionNames: OptionNames<SetOptions>
}

/** What must still be true for a value to be stored. */
export interface StoreGuard {
  /** The generation before the value was made: none of its tags was deleted since. */
  readonly madeAt?: number
  /** The version of the item, for calls of the mode `version`. */
  readonly version?: number
}

export class ItemWrites {
  readonly #name: string
  readonly #lifetime: CacheLifetime
  readonly #values: ValueCodec
  readonly #expiry: Expiry
  readonly #feed: ChangeFeed

  constructor(
    name: string,
    lifetime: CacheLifetime,
    values: ValueCodec,
    expiry: Expiry,
    feed: ChangeFeed,
  ) {
    this.#name = name
    this.#lifetime = lifetime
    this.#values = values
    this.#expiry = expiry
    this.#feed = feed
  }

  /** The generation of the cache. A value that is made from now on may be stored with it. */
  get generation(): number {
    return this.#lifetime.use().generation
  }

  /** @returns the value as it is stored */
  encode(value: unknown): ValueSource {
    return this.#values.encode(value)
  }

  /** @returns whether the value was stored */
  store(
    call: StoreCall,
    key: CacheKey,
    source: ValueSource,
    options: SetOptions | undefined,
  ): boolean {
    if (options !== undefined && asksForCircumstances(options)) {
      return this.tryStore(call, key, source, options) === 'stored'
    }
    const atMs = this.#expiry.of(call.name, options, call.optionNames)
    const outcome = this.#lifetime.use().store(key, source, atMs, call.mode)
    return this.publish(outcome, key, source, atMs)
  }

  /** Stores a value if the guard allows that, and returns why if it is not stored. */
  tryStore(
    call: StoreCall,
    key: CacheKey,
    source: ValueSource,
    options: SetOptions | undefined,
    guard?: StoreGuard,
  ): StoreOutcome {
    const engine = this.#lifetime.use()
    const freshUntilMs = this.#expiry.of(call.name, options, call.optionNames)
    const circumstances = options && circumstancesOf(options, freshUntilMs, guard?.madeAt)
    const endMs = circumstances ? endAfterStale(freshUntilMs, options.staleMs) : freshUntilMs
    const outcome = engine.store(key, source, endMs, call.mode, circumstances, guard?.version)
    if (outcome === 'pins-full') throw pinsFull(engine.segment.geometry)
    this.publish(outcome, key, source, freshUntilMs)
    return outcome
  }

  /** @returns whether there was a live item */
  delete(key: CacheKey): boolean {
    const wasPresent = this.#lifetime.use().delete(key)
    if (wasPresent && this.#feed.isObserved) this.#feed.deleted(key)
    if (DELETE_CHANNEL.hasSubscribers) {
      DELETE_CHANNEL.publish({ cache: this.#name, key, wasPresent })
    }
    return wasPresent
  }

  /**
   * Publishes a change if there was one.
   *
   * @returns whether there was
   */
  publish(
    outcome: StoreOutcome,
    key: CacheKey,
    source: ValueSource,
    freshUntilMs: number,
  ): boolean {
    if (SET_CHANNEL.hasSubscribers) SET_CHANNEL.publish({ cache: this.#name, key, outcome })
    if (outcome !== 'stored') return false
    if (this.#feed.isObserved) this.#feed.stored(key, source, freshUntilMs)
    return true
  }
}
