/**
 * Stores encoded values with the options of a call, and publishes the changes.
 */

import type { CacheKey, OptionNames, SetOptions, ValueSource } from '../base/index.ts'
import type { StoreMode, StoreOutcome } from '../engine/index.ts'
import type { ChangeFeed } from './change-feed.ts'
import { circumstancesOf, endAfterStale, pinsFull } from './circumstances.ts'
import type { Expiry } from './expiry.ts'
import type { CacheLifetime } from './lifetime.ts'

/** A call that stores a value, and the options that it takes. */
export interface StoreCall {
  readonly name: string
  readonly mode: StoreMode
  readonly optionNames: OptionNames<SetOptions>
}

/** The options of a value that was loaded. */
export interface LoadedOptions extends SetOptions {
  readonly ttlMs: number
  readonly staleMs: number
}

export class ItemWrites {
  readonly #lifetime: CacheLifetime
  readonly #expiry: Expiry
  readonly #feed: ChangeFeed

  constructor(lifetime: CacheLifetime, expiry: Expiry, feed: ChangeFeed) {
    this.#lifetime = lifetime
    this.#expiry = expiry
    this.#feed = feed
  }

  /** The generation of the cache. A value that is made from now on may be stored with it. */
  get generation(): number {
    return this.#lifetime.use().generation
  }

  /**
   * @returns whether the value was stored
   */
  store(
    call: StoreCall,
    key: CacheKey,
    source: ValueSource,
    options: SetOptions | undefined,
  ): boolean {
    const freshUntilMs = this.#expiry.of(call.name, options, call.optionNames)
    const circumstances = options && circumstancesOf(options, freshUntilMs)
    const endMs = circumstances ? endAfterStale(freshUntilMs, options.staleMs) : freshUntilMs
    const outcome = this.#lifetime.use().store(key, source, endMs, call.mode, circumstances)
    return this.finish(outcome, key, source, freshUntilMs)
  }

  /**
   * Stores a value that was loaded.
   *
   * @param madeAt - the generation before the load: if one of the tags was deleted since, the value
   *   is not stored
   */
  storeLoaded(
    mode: StoreMode,
    key: CacheKey,
    source: ValueSource,
    options: LoadedOptions,
    madeAt: number,
  ): StoreOutcome {
    const freshUntilMs = this.#expiry.after(options.ttlMs)
    const circumstances = circumstancesOf(options, freshUntilMs, madeAt)
    const endMs = endAfterStale(freshUntilMs, options.staleMs)
    const outcome = this.#lifetime.use().store(key, source, endMs, mode, circumstances)
    this.finish(outcome, key, source, freshUntilMs)
    return outcome
  }

  delete(key: CacheKey): boolean {
    const wasPresent = this.#lifetime.use().delete(key)
    if (wasPresent && this.#feed.isObserved) this.#feed.deleted(key)
    return wasPresent
  }

  /** Publishes a change, and converts the outcome to the result of a call. */
  finish(outcome: StoreOutcome, key: CacheKey, source: ValueSource, freshUntilMs: number): boolean {
    if (outcome !== 'stored') {
      if (outcome === 'pins-full') throw pinsFull(this.#lifetime.segment.geometry)
      return false
    }
    if (this.#feed.isObserved) this.#feed.stored(key, source, freshUntilMs)
    return true
  }
}
