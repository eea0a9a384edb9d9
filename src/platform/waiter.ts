/**
 * Waits until another process changes a shared word.
 *
 * `Atomics.wait` accepts only a SharedArrayBuffer, and most waits take microseconds. So a waiter
 * first spins, and then naps on a private word that no thread notifies.
 */

/** Turns of the loop before the first nap. They take about 20 us. */
const SPIN_TURNS = 2000
/** Naps grow from the first length to the last, so that a long wait costs little. */
const FIRST_NAP_MS = 0.05
const LAST_NAP_MS = 2

const napWord = new Int32Array(new SharedArrayBuffer(4))

export class Waiter {
  #turns = 0
  #napMs = FIRST_NAP_MS

  /**
   * Waits a little, longer each time.
   *
   * @returns true after a nap: the caller then checks whether the other process lives
   */
  pause(): boolean {
    if (++this.#turns < SPIN_TURNS) return false
    Atomics.wait(napWord, 0, 0, this.#napMs)
    this.#napMs = Math.min(this.#napMs * 1.5, LAST_NAP_MS)
    return true
  }
}
