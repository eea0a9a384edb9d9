/**
 * Converts durations to moments.
 */

import {
  type Clock,
  NEVER,
  requireCallOptions,
  requireDuration,
  TTL_OPTION_NAMES,
  type TtlOptions,
} from '../base/index.ts'

/** The earliest end of an item. A fake clock that stands at 0 must not turn a moment into NEVER. */
const FIRST_MOMENT_MS = 1

/** Computes when the items of one cache end. */
export class Expiry {
  /** True if an item that is set without `ttlMs` never ends. */
  readonly isEndless: boolean
  /** The TTL of an item that is set without `ttlMs`. */
  readonly defaultTtlMs: number
  readonly #clock: Clock
  readonly #ignoresTtl: boolean

  constructor(clock: Clock, defaultTtlMs: number, ignoresTtl: boolean) {
    this.isEndless = defaultTtlMs === Infinity
    this.defaultTtlMs = defaultTtlMs
    this.#clock = clock
    this.#ignoresTtl = ignoresTtl
  }

  /** @returns the end of an item that is set now with the options of a call */
  of(
    call: string,
    options: TtlOptions | undefined,
    names: Readonly<Record<string, true>> = TTL_OPTION_NAMES,
  ): number {
    if (options === undefined) return this.after(this.defaultTtlMs)
    requireCallOptions(call, options, names)
    return this.after(options.ttlMs ?? this.defaultTtlMs)
  }

  /**
   * Converts a duration to a moment. No other code does that.
   *
   * @returns the end of an item that is set now, in whole milliseconds, rounded up
   */
  after(ttlMs: number): number {
    if (ttlMs === Infinity) return NEVER
    requireDuration('ttlMs', ttlMs) // NaN or a negative must not become "never"
    if (this.#ignoresTtl) return NEVER
    return Math.max(Math.ceil(this.#clock.nowMs() + ttlMs), FIRST_MOMENT_MS)
  }

  /** @returns the milliseconds until a moment; `Infinity` for never */
  until(atMs: number): number {
    return atMs === NEVER ? Infinity : Math.max(1, atMs - this.#clock.nowMs())
  }
}
