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
