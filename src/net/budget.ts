/**
 * A limit on bytes held at one time, shared by all connections of a server.
 */

import { assert } from '../base/index.ts'

export class Budget {
  #left: number

  constructor(size: number) {
    this.#left = size
  }

  get left(): number {
    return this.#left
  }

  /** False: it does not fit now, and nothing was taken. */
  reserve(size: number): boolean {
    if (size > this.#left) return false
    this.#left -= size
    return true
  }

  release(size: number): void {
    assert(size >= 0, 'what is given back was taken before')
    this.#left += size
  }
}

/** One connection's part of a budget. */
export class Holding {
  readonly #budget: Budget
  #size = 0

  constructor(budget: Budget) {
    this.#budget = budget
  }

  /** False: there is no room now. */
  hold(size: number): boolean {
    if (!this.#budget.reserve(size)) return false
    this.#size += size
    return true
  }

  /** Never gives back more than is held: writes may end after the connection gave back all. */
  release(size: number): void {
    const released = Math.min(size, this.#size)
    this.#size -= released
    this.#budget.release(released)
  }

  releaseAll(): void {
    this.release(this.#size)
  }
}
