/**
 * Publishes the changes that are made through one cache object to its listeners.
 */

import {
  type CacheChange,
  type CacheKey,
  type ChangeListener,
  invalidOption,
  type ValueSource,
} from '../base/index.ts'
import { copyStored, nameOfType, type ValueCodec } from '../codecs/index.ts'
import type { Engine } from '../engine/index.ts'

export class ChangeFeed {
  /** Callers check this after each change, so that a cache without listeners has no other cost. */
  isObserved = false
  readonly #values: ValueCodec
  #listeners: readonly ChangeListener[] = []

  constructor(values: ValueCodec) {
    this.#values = values
  }

  observe(listener: ChangeListener): () => void {
    if (typeof listener !== 'function') throw invalidOption('listener', 'a function', listener)
    // A separate function, so that the same listener may observe twice and end one of the two.
    const own: ChangeListener = change => listener(change)
    this.#listeners = [...this.#listeners, own]
    this.isObserved = true
    return () => {
      this.#listeners = this.#listeners.filter(known => known !== own)
      this.isObserved = this.#listeners.length > 0
    }
  }

  deleted(key: CacheKey): void {
    this.#publish({ kind: 'delete', key: copyKey(key) })
  }

  stored(key: CacheKey, source: ValueSource, expiresAtMs: number): void {
    const plain = source.plain ?? source
    const value = Buffer.allocUnsafe(plain.size)
    plain.writeTo(value, 0)
    const type = nameOfType(plain.type)
    this.#publish({ kind: 'set', key: copyKey(key), value, type, expiresAtMs })
  }

  /** Publishes the whole item after a change that carried only a part of it. */
  changed(key: CacheKey, engine: Engine): void {
    const stored = engine.peek(key, copyStored)
    if (stored === undefined) return
    const { expiresAtMs } = engine.found
    const { bytes: value, type } = this.#values.unpack(stored)
    this.#publish({ kind: 'set', key: copyKey(key), value, type, expiresAtMs })
  }

  #publish(change: CacheChange): void {
    for (const listener of this.#listeners) listener(change)
  }
}

/** Copies a key, because the caller may change its bytes later. */
function copyKey(key: CacheKey): Buffer {
  return typeof key === 'string' ? Buffer.from(key) : Buffer.from(key)
}
