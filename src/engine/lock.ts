/**
 * The writer lock: one process changes a segment at a time.
 *
 * The lock word holds the serial of the attachment inside. An attachment holds a file lock of its
 * serial's number, which the kernel drops when the process or thread ends, however it ends. So
 * whoever waits can ask whether the owner lives, and take over from one that does not; a serial is
 * never used again, so what was seen dead stays dead.
 */

import { type Clock, UndercroftError } from '../base/index.ts'
import { type LivenessLocks, storeRelease, Waiter } from '../platform/index.ts'
import { FILE_LOCK, LOCK, LOCK_OFFSET, RECOVERY, type Segment } from '../segment/index.ts'

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
  readonly #serial: number
  #takeovers = 0

  constructor(segment: Segment, clock: Clock, limitMs: number) {
    this.#words = segment.words
    this.#locks = segment.mapping.locks
    this.#clock = clock
    this.#label = segment.label
    this.#limitMs = limitMs
    this.#serial = this.#claimSerial()
  }

  /**
   * Waits for the lock. True: the last owner died, or failed, inside; recover before anything else.
   * Throws UNDERCROFT_LOCK_TIMEOUT when a living owner keeps it and shows no life.
   */
  acquire(): boolean {
    if (Atomics.compareExchange(this.#words, OWNER_WORD, FREE, this.#serial) !== FREE) {
      const keeper = this.#acquireContended(this.#limitMs)
      if (keeper !== FREE) throw this.#timeout(keeper)
    }
    return this.needsRecovery
  }

  /** As `acquire`, but waits only until it is clear that the owner lives. False: it does. */
  tryAcquire(): boolean {
    const owner = Atomics.compareExchange(this.#words, OWNER_WORD, FREE, this.#serial)
    return owner === FREE || this.#acquireContended(0) === FREE
  }

  get needsRecovery(): boolean {
    return this.#words[NEEDS_RECOVERY_WORD] !== RECOVERY.none
  }

  /** Whether the machine went down: until a recovery has checked them, no items are to be read. */
  isCheckDue(): boolean {
    return Atomics.load(this.#words, NEEDS_RECOVERY_WORD) === RECOVERY.check
  }

  /** How often this attachment took over since it was last asked. */
  takeTakeoverCount(): number {
    const count = this.#takeovers
    this.#takeovers = 0
    return count
  }

  release(): void {
    storeRelease(this.#words, OWNER_WORD, FREE)
  }

  /** Something in the segment may be half done: the next to hold the lock recovers. */
  markForRecovery(): void {
    // A check that is due stays due.
    Atomics.compareExchange(this.#words, NEEDS_RECOVERY_WORD, RECOVERY.none, RECOVERY.rebuild)
  }

  markRecovered(): void {
    Atomics.store(this.#words, NEEDS_RECOVERY_WORD, RECOVERY.none)
  }

  /** For a recovery, which may take longer than anybody would wait: tells them that it goes on. */
  showLife(): void {
    Atomics.add(this.#words, PROGRESS_WORD, 1)
  }

  /** FREE: it has the lock now. Else the serial of a living owner that kept it. */
  #acquireContended(limitMs: number): number {
    const waiter = new Waiter()
    let deadlineMs = this.#clock.elapsedMs() + limitMs
    let progress = this.#words[PROGRESS_WORD]
    for (;;) {
      const owner = Atomics.compareExchange(this.#words, OWNER_WORD, FREE, this.#serial)
      if (owner === FREE) return FREE
      // Our own serial: this thread was torn out of the lock by a vm time limit or the like.
      if (owner === this.#serial) break
      if (!waiter.pause()) continue
      if (!this.#locks.isHeldElsewhere(owner)) {
        if (Atomics.compareExchange(this.#words, OWNER_WORD, owner, this.#serial) !== owner)
          continue
        // Killed here: the next sees our serial, finds us dead, and comes by here again.
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
      // Serials stay positive: after 2^31 openers they begin again and skip those that live.
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
