/**
 * The writer section: changes a segment while all other writers are kept out. It decides when to
 * acquire the lock, when to recover, and how to handle a failure under the lock.
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

  /**
   * Runs a change under the lock. If an error leaves the section, the next owner rebuilds the
   * segment.
   */
  run<T>(change: () => T): T {
    return this.#runLocked(this.#lock.acquire(), change)
  }

  /**
   * Runs a change that can wait for a later time.
   *
   * @returns undefined if a living owner has the lock
   */
  runUnlessTaken<T>(change: () => T): T | undefined {
    if (!this.#lock.tryAcquire()) return undefined
    return this.#runLocked(this.#lock.needsRecovery, change)
  }

  /**
   * Handles a failure under the lock. If the reason is NeedsRebuild, it recovers and runs the
   * change again.
   */
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

  /**
   * Recovers the segment. The caller must hold the lock. A failure during recovery leaves the mark,
   * so the next owner tries again.
   */
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
