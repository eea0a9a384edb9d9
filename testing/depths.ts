/**
 * Where in its chain an item is, and keys that share one.
 */

import { PreparedKey } from '../src/engine/key.ts'
import type { Parts } from '../src/engine/parts.ts'

/** With murmur2 as uWSGI has it, these have one hash, one size, and so one chain. */
export const COLLIDING = ['abcd1', 'abcd2', 'abcd3', 'abcd4'] as const

export class Depths {
  readonly #parts: Parts
  readonly #key: PreparedKey

  constructor(parts: Parts) {
    this.#parts = parts
    this.#key = new PreparedKey(parts.segment)
  }

  /** Slots that a lookup compares before it has the key: 1 where the item is the first. */
  of(key: string): number {
    const { table } = this.#parts
    this.#key.prepare(key)
    const bucket = table.bucketOf(this.#key.hash)
    const wanted = table.find(bucket, this.#key)
    if (wanted < 1) throw new Error(`${key} is not there`)
    let depth = 1
    for (let slot = table.firstSlot(bucket); slot !== wanted; slot = table.nextSlot(slot)) depth++
    return depth
  }

  /** The mean over lookups of all these keys. */
  meanOf(asked: readonly string[]): number {
    return asked.reduce((sum, key) => sum + this.of(key), 0) / asked.length
  }
}
