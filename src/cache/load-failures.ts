/**
 * Reports the failures of loads that no caller sees, and keeps such a load from being tried all the
 * time.
 */

import type { Clock } from '../base/index.ts'

/** For how long a process returns old values without another load, after a load failed. */
const RETRY_AFTER_MS = 1000
const MAX_FAILURES = 1000

export class LoadFailures {
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  /** When keys may be loaded again although an old value is kept. */
  readonly #retryAtMs = new Map<string, number>()
  /** All callers that waited for a load get the same error, which is reported once. */
  readonly #reported = new WeakSet<object>()

  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock
    this.#onError = onError
  }

  note(name: string, error: unknown): void {
    if (typeof error === 'object' && error !== null) {
      if (this.#reported.has(error)) return
      this.#reported.add(error)
    }
    const [oldest] = this.#retryAtMs.keys()
    if (this.#retryAtMs.size >= MAX_FAILURES && oldest !== undefined) {
      this.#retryAtMs.delete(oldest)
    }
    this.#retryAtMs.set(name, this.#clock.elapsedMs() + RETRY_AFTER_MS)
    this.#onError(error)
  }

  isRecent(name: string): boolean {
    const retryAtMs = this.#retryAtMs.get(name)
    return retryAtMs !== undefined && this.#clock.elapsedMs() < retryAtMs
  }

  forget(name: string): void {
    this.#retryAtMs.delete(name)
  }
}

/** @returns the `onError` of a cache without this option */
export function warnOnce(name: string): (error: unknown) => void {
  let hasWarned = false
  return error => {
    if (hasWarned) return
    hasWarned = true
    process.emitWarning(
      `a load of the cache "${name}" failed, and its callers got an old value: ${error}`,
      { type: 'UndercroftWarning', code: 'UNDERCROFT_LOAD_FAILED' },
    )
  }
}
