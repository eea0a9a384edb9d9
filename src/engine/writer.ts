/**
 * The operations on one item, under the writer lock: what they ask of the item first, and what they
 * change in place. item-writer.ts writes items.
 */

import { COUNTER_SIZE, type CounterOperation, NEVER, type ValueSource } from '../base/index.ts'
import { EVENT_KIND, TYPE_SHIFT } from '../segment/index.ts'
import { type CircumstancesSource, hasCircumstances } from './circumstances.ts'
import type { EngineContext } from './engine-context.ts'
import { applyOperation, CounterSource, isCounter } from './int64-arithmetic.ts'
import { hasTrailer, isPinned, valueTypeOf } from './item-info.ts'
import { ItemWriter } from './item-writer.ts'
import type { PreparedKey } from './key.ts'
import { BROKEN, LIVE } from './liveness.ts'
import { NeedsRebuild } from './needs-rebuild.ts'
import { SpaceReclaimer } from './reclaim.ts'
import { BROKEN_CHAIN, NO_SLOT, type SlotIndex } from './slot-table.ts'
import { FULL, noteExpiry } from './state.ts'

/**
 * `add` stores only an absent item, `replace` only a present one, `version` only over an item of
 * that version, and `set` in any case.
 */
export type StoreMode = 'set' | 'add' | 'replace' | 'version'
/** `outdated`: one of the item's tags was deleted since the value was made. */
export type StoreOutcome =
  | 'stored'
  | 'exists'
  | 'absent'
  | 'changed'
  | 'full'
  | 'pins-full'
  | 'outdated'
export type CountOutcome =
  | bigint
  | 'absent'
  | 'full'
  | 'pins-full'
  | 'not-a-counter'
  | 'out-of-range'

/** The initial state of a counter if there is no live item. */
export interface FreshCounter {
  readonly initial: bigint
  readonly expiresAtMs: number
  readonly type: number
}

export class Writer {
  readonly reclaimer: SpaceReclaimer
  readonly #context: EngineContext
  readonly #items: ItemWriter
  readonly #integers: BigInt64Array

  constructor(context: EngineContext) {
    this.#context = context
    this.reclaimer = new SpaceReclaimer(context)
    this.#items = new ItemWriter(context, this.reclaimer)
    this.#integers = new BigInt64Array(context.segment.mapping.buffer)
  }

  /** Stores a value without circumstances. */
  store(key: PreparedKey, value: ValueSource, expiresAtMs: number, mode: StoreMode): StoreOutcome {
    const slot = this.#find(key)
    if (mode !== 'set') {
      const live = slot !== NO_SLOT && this.#isLive(slot)
      if (mode === 'add' && live) return 'exists'
      if (mode !== 'add' && !live) return 'absent'
    }
    return this.#outcomeOf(
      slot === NO_SLOT
        ? this.#items.insert(key, value, expiresAtMs)
        : this.#items.overwrite(slot, value, expiresAtMs),
    )
  }

  /**
   * Stores a value that may have circumstances.
   *
   * @param version - of the item, for the mode `version`
   */
  storeWith(
    key: PreparedKey,
    value: ValueSource,
    expiresAtMs: number,
    mode: StoreMode,
    version?: number,
  ): StoreOutcome {
    const slot = this.#find(key)
    const refusal =
      this.#refusalOf(slot, mode, version) ??
      (hasCircumstances(value) ? this.#settle(slot, value) : undefined)
    if (refusal !== undefined) return refusal
    return this.#outcomeOf(
      slot === NO_SLOT
        ? this.#items.insert(key, value, expiresAtMs)
        : this.#items.overwritePinned(slot, value, expiresAtMs),
    )
  }

  /** Overwrites the value of an item whose slot is known. */
  overwrite(slot: SlotIndex, value: ValueSource, expiresAtMs: number): StoreOutcome {
    return this.#outcomeOf(this.#items.overwrite(slot, value, expiresAtMs))
  }

  /** @returns false if there was no live item, or if it has another version than the one given */
  delete(key: PreparedKey, version?: number): boolean {
    const slot = this.#find(key)
    if (slot === NO_SLOT || !this.#hasVersion(slot, version)) return false
    const live = this.#isLive(slot)
    this.reclaimer.remove(slot, live ? EVENT_KIND.delete : EVENT_KIND.expire)
    if (live) this.#context.lastChange.note()
    return live
  }

  /**
   * Gives an item another end, by one store of 8 bytes, which a kill cannot split. An item that may
   * serve as a stale one keeps the time between the end of its freshness and its own end, and its
   * freshness is stored first. Killed in between: the item has its old end.
   */
  touch(key: PreparedKey, expiresAtMs: number, version?: number): boolean {
    const { table, eviction, checksums, lastChange, liveness } = this.#context
    const slot = this.#find(key)
    if (slot === NO_SLOT || !this.#isLive(slot) || !this.#hasVersion(slot, version)) return false
    const bucket = table.bucketOf(key.hash)
    const info = table.info(slot)
    const { trailer } = liveness
    const staysStale = hasTrailer(info) && trailer.freshUntilMs !== NEVER
    const endsAtMs = staysStale
      ? staleEnd(expiresAtMs, trailer.freshUntilMs, table.expiresAtMs(slot))
      : expiresAtMs
    table.beginChange(bucket)
    checksums?.unseal(slot)
    if (staysStale) trailer.setFreshUntilMs(expiresAtMs)
    table.setExpiresAtMs(slot, endsAtMs)
    if (staysStale) checksums?.reseal(slot, info)
    else checksums?.sealExpiry(slot)
    table.endChange(bucket)
    noteExpiry(this.#context.segment.doubles, endsAtMs)
    eviction?.use(slot)
    lastChange.note()
    return true
  }

  /**
   * Changes a 64-bit integer, or creates one from `fresh`. The number of an existing counter
   * changes by one aligned store of 8 bytes, so a process killed at this moment loses no increment
   * that was returned.
   *
   * @param circumstances - those of `fresh`, prepared
   */
  count(
    key: PreparedKey,
    operation: CounterOperation,
    by: bigint,
    fresh: FreshCounter | undefined,
    limit: bigint | undefined,
    circumstances?: CircumstancesSource,
  ): CountOutcome {
    const { table, blocks, eviction, checksums, lastChange } = this.#context
    const slot = this.#find(key)
    if (slot === NO_SLOT || !this.#isLive(slot)) {
      if (fresh === undefined) return 'absent'
      const value = applyOperation(operation, fresh.initial, by)
      if (limit !== undefined && (value > limit || value < -limit)) return 'out-of-range'
      return this.#beginCounter(key, value, fresh, circumstances)
    }
    const info = table.info(slot)
    if (!isCounter(valueTypeOf(info), table.valueSize(slot)) && !this.#isCounterWith(info)) {
      return 'not-a-counter'
    }
    const block = table.firstBlock(slot)
    const offset = blocks.offset(block)
    if (block < 0 || !blocks.isReserved(offset + COUNTER_SIZE)) {
      throw new NeedsRebuild(`block ${block} is not there`)
    }
    const at = offset / COUNTER_SIZE
    const before = this.#integers[at]
    const value = applyOperation(operation, before, by)
    if (limit !== undefined && (value > limit || value < -limit)) return 'out-of-range'
    const bucket = table.bucketOf(key.hash)
    table.beginChange(bucket)
    checksums?.unseal(slot)
    this.#integers[at] = value
    checksums?.sealNumber(slot, before, value)
    table.countChange(slot)
    table.endChange(bucket)
    eviction?.use(slot)
    lastChange.note()
    this.#context.events?.publish(EVENT_KIND.set, slot, table.info(slot))
    return value
  }

  #beginCounter(
    key: PreparedKey,
    value: bigint,
    { type, expiresAtMs }: FreshCounter,
    circumstances: CircumstancesSource | undefined,
  ): CountOutcome {
    const source = new CounterSource(type, value)
    const outcome = this.storeWith(key, circumstances?.wrap(source) ?? source, expiresAtMs, 'set')
    if (outcome === 'pins-full') return outcome
    return outcome === 'stored' ? value : 'full'
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

  #refusalOf(
    slot: SlotIndex,
    mode: StoreMode,
    version: number | undefined,
  ): 'exists' | 'absent' | 'changed' | undefined {
    if (mode === 'set') return undefined
    const live = slot !== NO_SLOT && this.#isLive(slot)
    if (mode === 'add') return live ? 'exists' : undefined
    if (!live) return 'absent'
    const isChanged = mode === 'version' && this.#context.table.itemVersion(slot) !== version
    return isChanged ? 'changed' : undefined
  }

  /** @returns false also for a stale item */
  #isLive(slot: SlotIndex): boolean {
    const { table } = this.#context
    const isEndless = table.expiresAtMs(slot) === NEVER && !hasTrailer(table.info(slot))
    return isEndless || this.#isLiveNow(slot)
  }

  #isLiveNow(slot: SlotIndex): boolean {
    const liveness = this.#context.liveness.of(slot)
    if (liveness === BROKEN) throw new NeedsRebuild(`slot ${slot} has no trailer`)
    return liveness === LIVE
  }

  #hasVersion(slot: SlotIndex, version: number | undefined): boolean {
    return version === undefined || this.#context.table.itemVersion(slot) === version
  }

  /** @returns whether the item that was just found live is a counter with a trailer */
  #isCounterWith(info: number): boolean {
    const { trailer } = this.#context.liveness
    return hasTrailer(info) && isCounter(valueTypeOf(info), trailer.valueSize)
  }

  /** @returns why an item with these circumstances is not stored; undefined if it can be stored */
  #settle(
    slot: SlotIndex,
    circumstances: CircumstancesSource,
  ): 'pins-full' | 'outdated' | undefined {
    const wantsPin = isPinned(circumstances.type << TYPE_SHIFT)
    if (wantsPin && !this.#hasPinFor(slot, circumstances.size)) return 'pins-full'
    return circumstances.settle(this.#context.tags) ? undefined : 'outdated'
  }

  /** If there is no room for a pinned item, reclaims those that ended. */
  #hasPinFor(slot: SlotIndex, size: number): boolean {
    const { table, blocks, pins } = this.#context
    const isPinnedNow = slot !== NO_SLOT && isPinned(table.info(slot))
    const items = isPinnedNow ? 0 : 1
    const before = isPinnedNow ? blocks.runLength(table.valueSize(slot)) : 0
    const fits = () => pins.fits(items, blocks.runLength(size) - before)
    if (!fits()) this.reclaimer.reclaimUntil(fits, slot)
    return fits()
  }
}

/** @returns the end of an item that is fresh until `freshUntilMs`, with as much time after it */
function staleEnd(freshUntilMs: number, freshBeforeMs: number, endBeforeMs: number): number {
  if (freshUntilMs === NEVER || endBeforeMs === NEVER) return NEVER
  return freshUntilMs + Math.max(0, endBeforeMs - freshBeforeMs)
}
