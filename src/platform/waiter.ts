/**
 * Waiting until another process changes a shared word.
 *
 * `Atomics.wait` refuses memory that is no SharedArrayBuffer, and what is waited for takes
 * microseconds: so first spin, then nap on a private word that nobody wakes.
 */

/** Turns of the loop before the first nap: some 20 us. */
const SPIN_TURNS = 2000
/** Naps grow from the first to the last, so that a long wait costs little. */
const FIRST_NAP_MS = 0.05
const LAST_NAP_MS = 2

const napWord = new Int32Array(new SharedArrayBuffer(4))

export class Waiter {
  #turns = 0
  #napMs = FIRST_NAP_MS

  /** Waits a little, longer each time. True when it napped: time to ask whether the other lives. */
  pause(): boolean {
    if (++this.#turns < SPIN_TURNS) return false
    Atomics.wait(napWord, 0, 0, this.#napMs)
    this.#napMs = Math.min(this.#napMs * 1.5, LAST_NAP_MS)
    return true
  }
}
