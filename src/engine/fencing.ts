/**
 * Fencing numbers: the number of each lock is greater than those of all earlier locks of the cache.
 *
 * A resource that remembers the greatest number it has seen can refuse a holder whose lock ended
 * while the holder was paused. The number is drawn while the item of the lock is written, under the
 * writer lock. So of two holders of the same lock, the later one has the greater number.
 */

import { type Clock, COUNTER_SIZE, VALUE_TYPE, type ValueSource } from '../base/index.ts'
import type { Segment } from '../segment/index.ts'
import { LAST_FENCING } from './state.ts'

/**
 * The numbers are at least this many times the milliseconds since 1970. So they also grow where the
 * last number was lost: with the file, or because the machine went down.
 */
const NUMBERS_A_MS = 1000

/** A value that becomes the next fencing number when it is written. */
export class FencingSource implements ValueSource {
  readonly type = VALUE_TYPE.integer
  readonly size = COUNTER_SIZE
  /** The number that was written last. */
  number = 0
  readonly #doubles: Float64Array
  readonly #clock: Clock

  constructor(segment: Segment, clock: Clock) {
    this.#doubles = segment.doubles
    this.#clock = clock
  }

  /** Draws a number, and then writes it. Killed in between: the number belongs to no lock. */
  writeTo(target: Buffer, offset: number): void {
    const last = this.#doubles[LAST_FENCING]
    const next = last >= 0 && last < Number.MAX_SAFE_INTEGER ? Math.floor(last) + 1 : 1
    this.number = Math.max(next, Math.floor(this.#clock.nowMs()) * NUMBERS_A_MS)
    this.#doubles[LAST_FENCING] = this.number
    target.writeBigInt64LE(BigInt(this.number), offset)
  }
}
