/**
 * The writer lock: one process changes a segment at a time.
 *
 * The lock word holds the serial of its owner. Each opener holds a file lock whose number is its
 * serial. The kernel drops the file lock when the process or thread ends, regardless of how it
 * ends. A thread that waits can therefore check whether the owner lives, and take over from a dead
 * owner. A serial is never used again, so an owner that was seen dead stays dead.
 */

import { type Clock, UndercroftError } from '../base/index.ts'
import { type LivenessLocks, storeRelease, Waiter } from '../platform/index.ts'
import { FILE_LOCK, LOCK, LOCK_OFFSET, RECOVERY, type Segment } from '../segment/index.ts'
import type { Metrics } from './metrics.ts'

const FREE = 0
const OWNER_WORD = (LOCK_OFFSET + LOCK.fields.owner.offset) / 4
const NEXT_SERIAL_WORD = (LOCK_OFFSET + LOCK.fields.nextSerial.offset) / 4
const NEEDS_RECOVERY_WORD = (LOCK_OFFSET + LOCK.fields.needsRecovery.offset) / 4

const PROGRESS_WORD = (LOCK_OFFSET + LOCK.fields.progress.offset) / 4

export class WriterLock {
  readonly #words: Int32Array
  readonly #locks: LivenessLocks
  readonly #clock: Clock
  readonly #label: string
  readonly #limitMs: number
  readonly #metrics: Metrics
  readonly #serial: number
  #takeovers = 0

  constructor(segment: Segment, clock: Clock, limitMs: number, metrics: Metrics) {
    this.#metrics = metrics
    this.#words = segment.words
    this.#locks = segment.mapping.locks
    this.#clock = clock
    this.#label = segment.label
    this.#limitMs = limitMs
    this.#serial = this.#claimSerial()
  }

  /**
   * Waits for the lock.
   *
   * @returns whether the caller must recover before anything else, because the last owner died or
   *   failed while it held the lock
   * @throws UNDERCROFT_LOCK_TIMEOUT if a living owner keeps the lock and shows no progress
   */
  acquire(): boolean {
    if (Atomics.compareExchange(this.#words, OWNER_WORD, FREE, this.#serial) !== FREE) {
      const startMs = this.#clock.elapsedMs()
      const keeper = this.#acquireContended(this.#limitMs)
      this.#metrics.lockWaits.count(this.#clock.elapsedMs() - startMs)
      if (keeper !== FREE) throw this.#timeout(keeper)
    }
    return this.needsRecovery
  }

  /**
   * Acquires the lock as `acquire` does, but waits only until it is clear whether the owner lives.
   *
   * @returns false if a living owner has the lock
   */
  tryAcquire(): boolean {
    const owner = Atomics.compareExchange(this.#words, OWNER_WORD, FREE, this.#serial)
    return owner === FREE || this.#acquireContended(0) === FREE
  }

  get needsRecovery(): boolean {
    return this.#words[NEEDS_RECOVERY_WORD] !== RECOVERY.none
  }

  /**
   * @returns whether the machine went down; no item may be read until a recovery has checked all of
   *   them
   */
  isCheckDue(): boolean {
    return Atomics.load(this.#words, NEEDS_RECOVERY_WORD) === RECOVERY.check
  }

  /** @returns how often this opener took over since the last call */
  takeTakeoverCount(): number {
    const count = this.#takeovers
    this.#takeovers = 0
    return count
  }

  release(): void {
    storeRelease(this.#words, OWNER_WORD, FREE)
  }

  /**
   * Makes the next owner of the lock recover, because a change in the segment may be incomplete.
   */
  markForRecovery(): void {
    // A check that is due stays due.
    Atomics.compareExchange(this.#words, NEEDS_RECOVERY_WORD, RECOVERY.none, RECOVERY.rebuild)
  }

  markRecovered(): void {
    Atomics.store(this.#words, NEEDS_RECOVERY_WORD, RECOVERY.none)
  }

  /**
   * Shows threads that wait for the lock that a recovery progresses. A recovery may take longer
   * than their time limit.
   */
  showLife(): void {
    Atomics.add(this.#words, PROGRESS_WORD, 1)
  }

  /**
   * Waits for a lock that another thread holds.
   *
   * @returns FREE if the caller has the lock now, or else the serial of the living owner
   */
  #acquireContended(limitMs: number): number {
    const waiter = new Waiter()
    let deadlineMs = this.#clock.elapsedMs() + limitMs
    let progress = this.#words[PROGRESS_WORD]
    for (;;) {
      const owner = Atomics.compareExchange(this.#words, OWNER_WORD, FREE, this.#serial)
      if (owner === FREE) return FREE
      // The serial is our own if a vm time limit, for example, stopped this thread while it held
      // the lock.
      if (owner === this.#serial) break
      if (!waiter.pause()) continue
      if (!this.#locks.isHeldElsewhere(owner)) {
        if (Atomics.compareExchange(this.#words, OWNER_WORD, owner, this.#serial) !== owner)
          continue
        // Killed here: the next thread finds our serial, sees us dead, and takes over at this line
        // as well.
        break
      }
      if (this.#words[PROGRESS_WORD] !== progress) {
        progress = this.#words[PROGRESS_WORD]
        deadlineMs = this.#clock.elapsedMs() + limitMs
      }
      if (this.#clock.elapsedMs() >= deadlineMs) return owner
    }
    this.#takeovers++
    this.markForRecovery()
    return FREE
  }

  #timeout(keeper: number): UndercroftError {
    return new UndercroftError(
      'UNDERCROFT_LOCK_TIMEOUT',
      `opener ${keeper} has kept the writer lock of ${this.#label} for ` +
        `${this.#limitMs} ms and is alive: is its process stopped (SIGSTOP, debugger)?`,
    )
  }

  #claimSerial(): number {
    for (;;) {
      // Serials stay positive: after 2^31 openers they begin again and skip those of living
      // openers.
      const serial = Atomics.add(this.#words, NEXT_SERIAL_WORD, 1) & FILE_LOCK.lastSerial
      if (serial === FREE) continue
      if (this.#locks.isHeldElsewhere(serial)) continue
      if (this.#locks.tryHold(serial)) return serial
      throw new UndercroftError(
        'UNDERCROFT_SYSTEM',
        `the file system of ${this.#label} has no open file description locks; ` +
          'put the segment on a local one',
      )
    }
  }
}
