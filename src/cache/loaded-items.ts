/**
 * Reads the items of loads, and stores what was loaded, unless it is outdated by then.
 *
 * What was loaded is outdated if the source of the value changed after the load began. Callers
 * report such a change in three ways, and each is noticed: a tag is deleted (the cache's generation
 * counts up), the key is deleted (the lease of the load is revoked), or the key is set (the item
 * has another version).
 */

import { type CacheEntry, type CacheKey, SET_OPTION_NAMES, type SetOptions } from '../base/index.ts'
import { encodeUndefined, type ValueCodec } from '../codecs/index.ts'
import type { Lease } from '../single-flight/index.ts'
import { type PeekedEntry, peekEntry } from './entries.ts'
import type { ItemWrites, StoreCall } from './item-writes.ts'
import type { CacheLifetime } from './lifetime.ts'
import type { LoadCall } from './load-call.ts'
import type { LoadPlan } from './load-options.ts'

const ADD: StoreCall = { name: 'getOrSet', mode: 'add', optionNames: SET_OPTION_NAMES }
const OVER_FRESH: StoreCall = { ...ADD, mode: 'version' }

/** The state of the cache and of an item when a load begins. */
export interface LoadStart {
  readonly generation: number
  /** The item, which can be stale. */
  readonly entry: CacheEntry<unknown> | undefined
}

/** The result of a load. */
export interface Loaded {
  readonly value: unknown
  /** Whether callers that came after the load began may use the value. If not, they look again. */
  readonly isCurrent: boolean
}

export class LoadedItems {
  readonly #lifetime: CacheLifetime
  readonly #writes: ItemWrites
  readonly #values: ValueCodec

  constructor(lifetime: CacheLifetime, writes: ItemWrites, values: ValueCodec) {
    this.#lifetime = lifetime
    this.#writes = writes
    this.#values = values
  }

  /** Reads an item, which can be stale, and counts nothing. */
  peek(key: CacheKey): PeekedEntry | undefined {
    return peekEntry(this.#lifetime.use(), key, this.#values)
  }

  /** Reads an item whose value callers may get, fresh or stale. */
  peekValid(key: CacheKey): PeekedEntry | undefined {
    const entry = this.peek(key)
    return entry?.isValid ? entry : undefined
  }

  peekFresh(key: CacheKey): PeekedEntry | undefined {
    const entry = this.peekValid(key)
    return entry?.isStale === false ? entry : undefined
  }

  /** To be called before the load, so that each later change is noticed. */
  begin(key: CacheKey): LoadStart {
    return { generation: this.#writes.generation, entry: this.peek(key) }
  }

  /**
   * Stores what was loaded, or what follows from it.
   *
   * @param lease - undefined if the load has none; a deletion of the key is not noticed then
   */
  async keep(
    key: CacheKey,
    value: unknown,
    call: LoadCall,
    plan: LoadPlan,
    start: LoadStart,
    lease: Lease | undefined,
  ): Promise<Loaded> {
    const outdated = { value, isCurrent: false }
    const unstored = () => ({ value, isCurrent: this.#writes.generation === start.generation })
    if (call.isSkipped) return unstored()
    if (lease !== undefined && !(await lease.isHeld())) return outdated
    const current = this.peek(key)
    const isFresh = current?.isStale === false
    if (isFresh && current.version !== start.entry?.version) return outdated
    const options = storeOptions(value, call, plan)
    if (options === undefined) {
      if (current !== undefined) this.#writes.delete(key) // there is no value any more
      return unstored()
    }
    const source = value === undefined ? encodeUndefined() : this.#writes.encode(value)
    const guard = { madeAt: start.generation, version: current?.version ?? 0 }
    const outcome = this.#writes.tryStore(isFresh ? OVER_FRESH : ADD, key, source, options, guard)
    if (outcome === 'full') return unstored()
    if (outcome !== 'stored') return outdated
    // Another process may have deleted the key between the two steps.
    if (lease === undefined || (await lease.isHeld())) return { value, isCurrent: true }
    this.#writes.delete(key)
    return outdated
  }
}

/** @returns undefined if the value is not to be stored */
function storeOptions(value: unknown, call: LoadCall, plan: LoadPlan): SetOptions | undefined {
  const { tags = plan.circumstances.tags } = call
  const isNegative = value === undefined || value === null
  const decidedMs = call.ttlMs ?? (isNegative ? plan.negativeTtlMs : undefined)
  if (value === undefined && decidedMs === undefined) return undefined
  const ttlMs = decidedMs ?? plan.ttlMs * (1 - plan.jitter * Math.random())
  return { ...plan.circumstances, ttlMs, staleMs: plan.keepStaleMs, tags }
}
