/**
 * Changing a segment with all other writers kept out: who takes the lock, who recovers, and what
 * becomes of a failure inside.
 */

import type { EngineContext } from './engine-context.ts'
import { staysBroken } from './failures.ts'
import type { PreparedKey } from './key.ts'
import type { WriterLock } from './lock.ts'
import { NeedsRebuild } from './needs-rebuild.ts'
import { rebuild } from './recovery.ts'
import { TAKEOVERS } from './state.ts'

export class WriterSection {
  readonly #context: EngineContext
  readonly #lock: WriterLock
  readonly #scratch: PreparedKey

  constructor(context: EngineContext, lock: WriterLock, scratch: PreparedKey) {
    this.#context = context
    this.#lock = lock
    this.#scratch = scratch
  }

  /** Runs a change under the lock. Whatever throws inside leaves the rebuild to the next owner. */
  run<T>(change: () => T): T {
    return this.#runLocked(this.#lock.acquire(), change)
  }

  /** As `run`, for what can wait for another time: undefined when a living owner has the lock. */
  runUnlessTaken<T>(change: () => T): T | undefined {
    if (!this.#lock.tryAcquire()) return undefined
    return this.#runLocked(this.#lock.needsRecovery, change)
  }

  /** After a failure under the lock: once more on what was rebuilt, if that was the reason. */
  tryAgain<T>(failure: unknown, change: () => T): T {
    try {
      if (!(failure instanceof NeedsRebuild)) throw failure
      this.recover()
      return change()
    } catch (error) {
      this.#lock.markForRecovery()
      if (!(error instanceof NeedsRebuild)) throw error
      throw staysBroken(this.#context.segment, error)
    }
  }

  /** The lock is held. A failure in here leaves the mark, so the next owner tries again. */
  recover(): void {
    this.#lock.markForRecovery()
    this.#context.segment.doubles[TAKEOVERS] += this.#lock.takeTakeoverCount()
    rebuild(this.#context, this.#scratch, this.#lock)
    this.#lock.markRecovered()
  }

  #runLocked<T>(needsRecovery: boolean, change: () => T): T {
    try {
      if (needsRecovery) this.recover()
      return change()
    } catch (error) {
      return this.tryAgain(error, change)
    } finally {
      this.#lock.release()
    }
  }
}
