/**
 * The depth of an item in its chain, and keys that share a chain.
 */

import type { EngineContext } from '../src/engine/engine-context.ts'
import { PreparedKey } from '../src/engine/key.ts'

/** With uWSGI's murmur2, these keys have one hash and one size, and so share a chain. */
export const COLLIDING = ['abcd1', 'abcd2', 'abcd3', 'abcd4'] as const

export class Depths {
  readonly #parts: EngineContext
  readonly #key: PreparedKey

  constructor(parts: EngineContext) {
    this.#parts = parts
    this.#key = new PreparedKey(parts.segment)
  }

  /** @returns how many slots a lookup compares; 1 for the first item of a chain */
  of(key: string): number {
    const { table } = this.#parts
    this.#key.prepare(key)
    const bucket = table.bucketOf(this.#key.hash)
    const wanted = table.find(bucket, this.#key)
    if (wanted < 1) throw new Error(`${key} is absent`)
    let depth = 1
    for (let slot = table.firstSlot(bucket); slot !== wanted; slot = table.nextSlot(slot)) depth++
    return depth
  }

  /** @returns the mean depth over all these keys */
  meanOf(asked: readonly string[]): number {
    return asked.reduce((sum, key) => sum + this.of(key), 0) / asked.length
  }
}
