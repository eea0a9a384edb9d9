/**
 * Changes items, under the writer lock.
 *
 * The slot's `info` is the commit point, and recovery rebuilds everything else from the slots. Each
 * operation documents its order of writes, and the state that a process killed after each step
 * leaves.
 */

import { COUNTER_SIZE, type CounterOperation, NEVER, type ValueSource } from '../base/index.ts'
import { INFO_WRITING } from '../segment/index.ts'
import { type BlockIndex, NO_BLOCK } from './blocks.ts'
import { Compaction } from './compaction.ts'
import type { EngineContext } from './engine-context.ts'
import { applyOperation, CounterSource, isCounter } from './int64-arithmetic.ts'
import type { PreparedKey } from './key.ts'
import { NeedsRebuild } from './needs-rebuild.ts'
import { SpaceReclaimer } from './reclaim.ts'
import {
  BROKEN_CHAIN,
  keySizeOf,
  NO_SLOT,
  packInfo,
  type SlotIndex,
  valueTypeOf,
} from './slot-table.ts'
import { FULL, noteExpiry } from './state.ts'

/** `add` stores only an absent item, `replace` only a present one, and `set` stores either. */
export type StoreMode = 'set' | 'add' | 'replace'
export type StoreOutcome = 'stored' | 'exists' | 'absent' | 'full'
export type CountOutcome = bigint | 'absent' | 'full' | 'not-a-counter' | 'out-of-range'

/** The initial state of a counter if there is no live item. */
export interface FreshCounter {
  readonly initial: bigint
  readonly expiresAtMs: number
  readonly type: number
}

export class Writer {
  readonly reclaimer: SpaceReclaimer
  readonly #context: EngineContext
  readonly #compaction: Compaction
  readonly #integers: BigInt64Array

  constructor(context: EngineContext) {
    this.#context = context
    this.reclaimer = new SpaceReclaimer(context)
    this.#compaction = new Compaction(context, this.reclaimer)
    this.#integers = new BigInt64Array(context.segment.mapping.buffer)
  }

  store(key: PreparedKey, value: ValueSource, expiresAtMs: number, mode: StoreMode): StoreOutcome {
    const slot = this.#find(key)
    if (mode !== 'set') {
      const live = slot !== NO_SLOT && !this.#isExpired(slot)
      if (mode === 'add' && live) return 'exists'
      if (mode === 'replace' && !live) return 'absent'
    }
    return this.#outcomeOf(
      slot === NO_SLOT
        ? this.#insert(key, value, expiresAtMs)
        : this.#overwrite(slot, value, expiresAtMs),
    )
  }

  /** Overwrites the value of an item whose slot is known. */
  overwrite(slot: SlotIndex, value: ValueSource, expiresAtMs: number): StoreOutcome {
    return this.#outcomeOf(this.#overwrite(slot, value, expiresAtMs))
  }

  /** @returns false if there was no live item */
  delete(key: PreparedKey): boolean {
    const slot = this.#find(key)
    if (slot === NO_SLOT) return false
    const live = !this.#isExpired(slot)
    this.reclaimer.remove(slot)
    if (live) this.#context.lastChange.note()
    return live
  }

  /** Sets the expiry of an item by one store of 8 bytes, which a kill cannot split. */
  touch(key: PreparedKey, expiresAtMs: number): boolean {
    const { table, eviction, checksums, lastChange } = this.#context
    const slot = this.#find(key)
    if (slot === NO_SLOT || this.#isExpired(slot)) return false
    const bucket = table.bucketOf(key.hash)
    table.beginChange(bucket)
    checksums?.unseal(slot)
    table.setExpiresAtMs(slot, expiresAtMs)
    checksums?.sealExpiry(slot)
    table.endChange(bucket)
    noteExpiry(this.#context.segment.doubles, expiresAtMs)
    eviction?.use(slot)
    lastChange.note()
    return true
  }

  /**
   * Changes a 64-bit integer, or creates one from `fresh`. The number of an existing counter
   * changes by one aligned store of 8 bytes, so a process killed at this moment loses no increment
   * that was returned.
   */
  count(
    key: PreparedKey,
    operation: CounterOperation,
    by: bigint,
    fresh: FreshCounter | undefined,
    limit: bigint | undefined,
  ): CountOutcome {
    const { table, blocks, eviction, checksums, lastChange } = this.#context
    const slot = this.#find(key)
    if (slot === NO_SLOT || this.#isExpired(slot)) {
      if (fresh === undefined) return 'absent'
      const value = applyOperation(operation, fresh.initial, by)
      if (limit !== undefined && (value > limit || value < -limit)) return 'out-of-range'
      const source = new CounterSource(fresh.type, value)
      const outcome = this.store(key, source, fresh.expiresAtMs, 'set')
      return outcome === 'stored' ? value : 'full'
    }
    if (!isCounter(valueTypeOf(table.info(slot)), table.valueSize(slot))) return 'not-a-counter'
    const block = table.firstBlock(slot)
    if (!blocks.holds(block, COUNTER_SIZE)) throw new NeedsRebuild(`block ${block} is not there`)
    const at = blocks.offset(block) / COUNTER_SIZE
    const before = this.#integers[at]
    const value = applyOperation(operation, before, by)
    if (limit !== undefined && (value > limit || value < -limit)) return 'out-of-range'
    const bucket = table.bucketOf(key.hash)
    table.beginChange(bucket)
    checksums?.unseal(slot)
    this.#integers[at] = value
    checksums?.sealNumber(slot, before, value)
    table.endChange(bucket)
    eviction?.use(slot)
    lastChange.note()
    return value
  }

  /**
   * The order of writes is:
   * 1. The blocks and the value. Killed here: they belong to no slot, and recovery frees them.
   * 2. The key, the facts and the checksum of a free slot. Killed here: the slot is still free.
   * 3. The info. Killed here: recovery links the slot, whose item is complete.
   * 4. The link. Now readers find the item.
   */
  #insert(key: PreparedKey, value: ValueSource, expiresAtMs: number): boolean {
    const { table, blocks, eviction, checksums, segment } = this.#context
    let slot = table.allocate()
    while (slot === NO_SLOT) {
      if (!this.reclaimer.reclaimOrEvict(NO_SLOT)) return false
      slot = table.allocate()
    }
    const block = this.#allocateFor(slot, value.size)
    if (block === NO_BLOCK) {
      table.free(slot)
      return false
    }
    value.writeTo(segment.bytes, blocks.offset(block))
    table.writeKey(slot, key)
    table.setFirstBlock(slot, block)
    table.setValueSize(slot, value.size)
    table.setExpiresAtMs(slot, expiresAtMs)
    const info = packInfo(key.size, value.type)
    checksums?.seal(slot, info)
    const bucket = table.bucketOf(key.hash)
    table.beginChange(bucket)
    table.setInfo(slot, info)
    table.link(bucket, slot)
    table.endChange(bucket)
    eviction?.track(slot)
    noteExpiry(this.#context.segment.doubles, expiresAtMs)
    return true
  }

  /** Allocates the slot's own block or, in bitmap mode, a run. It evicts until one fits. */
  #allocateFor(slot: SlotIndex, size: number): BlockIndex {
    const { blocks } = this.#context
    if (!blocks.bitmap) return slot - 1
    const count = blocks.runLength(size)
    const block = blocks.allocate(count)
    return block === NO_BLOCK ? this.#compaction.makeRun(slot, count, 0, 0) : block
  }

  #overwrite(slot: SlotIndex, value: ValueSource, expiresAtMs: number): boolean {
    const { blocks, eviction } = this.#context
    if (!blocks.bitmap) {
      this.#rewrite(slot, value, expiresAtMs, slot - 1)
    } else if (!this.#overwriteRun(slot, value, expiresAtMs)) {
      return false
    }
    eviction?.use(slot)
    noteExpiry(this.#context.segment.doubles, expiresAtMs)
    return true
  }

  /**
   * In bitmap mode, writes the new value apart from the old one if there is room, so that a crash
   * loses nothing. Otherwise it writes over the old value, or into blocks that can be freed.
   *
   * @returns false if nothing changed
   */
  #overwriteRun(slot: SlotIndex, value: ValueSource, expiresAtMs: number): boolean {
    const { table, blocks, segment } = this.#context
    const oldFirst = table.firstBlock(slot)
    const oldCount = blocks.runLength(table.valueSize(slot))
    const count = blocks.runLength(value.size)
    const apart = blocks.allocate(count)
    if (apart !== NO_BLOCK) {
      value.writeTo(segment.bytes, blocks.offset(apart))
      this.#repoint(slot, value, expiresAtMs, apart)
      blocks.free(oldFirst, oldCount)
      return true
    }
    if (count <= oldCount) {
      this.#rewrite(slot, value, expiresAtMs, oldFirst)
      if (count < oldCount) blocks.free(oldFirst + count, oldCount - count)
      return true
    }
    blocks.free(oldFirst, oldCount)
    let block = blocks.allocate(count)
    if (block === NO_BLOCK) block = this.#compaction.makeRun(slot, count, oldFirst, oldCount)
    if (block === NO_BLOCK) {
      blocks.take(oldFirst, oldCount) // the old value is still intact
      return false
    }
    this.#rewrite(slot, value, expiresAtMs, block)
    return true
  }

  /**
   * Overwrites bytes that readers may be reading, in this order of writes:
   * 1. The mark INFO_WRITING. Killed here or later: recovery drops this item, and only this one.
   * 2. The value, its facts and its checksum.
   * 3. The info, without the mark.
   */
  #rewrite(slot: SlotIndex, value: ValueSource, expiresAtMs: number, block: BlockIndex): void {
    const { table, blocks, segment } = this.#context
    const bucket = table.bucketOf(table.hash(slot))
    const info = table.info(slot)
    table.beginChange(bucket)
    table.setInfo(slot, info | INFO_WRITING)
    value.writeTo(segment.bytes, blocks.offset(block))
    this.#finish(slot, value, expiresAtMs, block, keySizeOf(info))
    table.endChange(bucket)
  }

  /** Updates the facts of a slot as #rewrite does, but the value is already in place. */
  #repoint(slot: SlotIndex, value: ValueSource, expiresAtMs: number, block: BlockIndex): void {
    const { table } = this.#context
    const bucket = table.bucketOf(table.hash(slot))
    const info = table.info(slot)
    table.beginChange(bucket)
    table.setInfo(slot, info | INFO_WRITING)
    this.#finish(slot, value, expiresAtMs, block, keySizeOf(info))
    table.endChange(bucket)
  }

  #finish(
    slot: SlotIndex,
    value: ValueSource,
    expiresAtMs: number,
    block: BlockIndex,
    keySize: number,
  ): void {
    const { table, checksums } = this.#context
    const info = packInfo(keySize, value.type)
    table.setFirstBlock(slot, block)
    table.setValueSize(slot, value.size)
    table.setExpiresAtMs(slot, expiresAtMs)
    checksums?.seal(slot, info)
    table.setInfo(slot, info)
  }

  #outcomeOf(stored: boolean): StoreOutcome {
    const { lastChange, segment } = this.#context
    if (stored) {
      lastChange.note()
      return 'stored'
    }
    segment.doubles[FULL] += 1
    return 'full'
  }

  #find(key: PreparedKey): SlotIndex {
    const { table } = this.#context
    const slot = table.find(table.bucketOf(key.hash), key)
    if (slot === BROKEN_CHAIN) throw new NeedsRebuild('a chain leads nowhere')
    return slot
  }

  #isExpired(slot: SlotIndex): boolean {
    const { table, clock } = this.#context
    const expiresAtMs = table.expiresAtMs(slot)
    return expiresAtMs !== NEVER && expiresAtMs <= clock.nowMs()
  }
}
