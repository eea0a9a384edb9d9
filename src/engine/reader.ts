/**
 * Reading without the lock.
 *
 * Load the version of the key's bucket; walk the chain; copy or decode the value; load the version
 * again. Unchanged and even means that everything seen was one state of the chain. Anything read in
 * between may be nonsense, so it is bounded before use and trusted only afterwards.
 */

import { UndercroftError, type ValueDecoder } from '../base/index.ts'
import { orderReads } from '../platform/index.ts'
import { valueTypeOf } from '../segment/index.ts'
import type { PreparedKey } from './key.ts'
import type { Parts } from './parts.ts'
import { BROKEN_CHAIN, type BucketWord, NO_SLOT, type SlotIndex } from './slot-table.ts'

/** The chain changed underneath, or a writer is at it: try again. */
export const RETRY = Symbol('retry')
export const MISS = Symbol('miss')

/** What a decoder is given beside the value, when the caller asked for more than the value. */
export interface ItemFacts {
  slot: SlotIndex
  expiresAtMs: number
}

export class Reader {
  /** Facts of the item that the last successful `read` found. */
  readonly found: ItemFacts = { slot: NO_SLOT, expiresAtMs: 0 }

  readonly #parts: Parts
  readonly #bytes: Buffer
  readonly #size: number

  constructor(parts: Parts) {
    this.#parts = parts
    this.#bytes = parts.segment.bytes
    this.#size = parts.segment.layout.size
  }

  /** One attempt. The decoder must copy, and may throw when the bytes make no sense. */
  read<T>(key: PreparedKey, decode: ValueDecoder<T>): T | typeof RETRY | typeof MISS {
    const { table, blocks, clock } = this.#parts
    const bucket = table.bucketOf(key.hash)
    const version = table.version(bucket)
    if ((version & 1) !== 0) return RETRY
    const slot = table.find(bucket, key)
    if (slot === NO_SLOT) return this.#unchanged(bucket, version) ? MISS : RETRY
    if (slot === BROKEN_CHAIN) return this.#retryUnlessCorrupt(bucket, version)
    const expiresAtMs = table.expiresAtMs(slot)
    if (expiresAtMs !== 0 && expiresAtMs <= clock.nowMs()) {
      return this.#unchanged(bucket, version) ? MISS : RETRY
    }
    const size = table.valueSize(slot)
    const offset = blocks.offset(table.firstBlock(slot))
    if (size < 0 || offset < 0 || offset + size > this.#size) {
      return this.#retryUnlessCorrupt(bucket, version)
    }
    let value: T
    try {
      value = decode(this.#bytes, offset, size, valueTypeOf(table.info(slot)))
    } catch (error) {
      if (!this.#unchanged(bucket, version)) return RETRY
      throw error
    }
    if (!this.#unchanged(bucket, version)) return RETRY
    this.found.slot = slot
    this.found.expiresAtMs = expiresAtMs
    return value
  }

  /** One attempt to decode whatever a slot holds; for iteration. MISS: it is free or expired. */
  readSlot<T>(slot: SlotIndex, decode: (slot: SlotIndex) => T): T | typeof RETRY | typeof MISS {
    const { table, clock } = this.#parts
    const hash = table.hash(slot)
    const bucket = table.bucketOf(hash)
    const version = table.version(bucket)
    if ((version & 1) !== 0) return RETRY
    if (table.info(slot) === 0) return this.#unchanged(bucket, version) ? MISS : RETRY
    const expiresAtMs = table.expiresAtMs(slot)
    const expired = expiresAtMs !== 0 && expiresAtMs <= clock.nowMs()
    let value: T | typeof MISS = MISS
    try {
      if (!expired) value = decode(slot)
    } catch (error) {
      if (!this.#unchanged(bucket, version)) return RETRY
      throw error
    }
    // The slot may have left this bucket before the version was loaded: then the version says nothing.
    if (table.hash(slot) !== hash || !this.#unchanged(bucket, version)) return RETRY
    return value
  }

  #unchanged(bucket: BucketWord, version: number): boolean {
    orderReads()
    return this.#parts.table.version(bucket) === version
  }

  #retryUnlessCorrupt(bucket: BucketWord, version: number): typeof RETRY {
    if (!this.#unchanged(bucket, version)) return RETRY
    throw new UndercroftError(
      'UNDERCROFT_CORRUPT',
      `${this.#parts.segment.label} is corrupt: a chain leads nowhere. Run "undercroft verify", then destroy it`,
    )
  }
}
