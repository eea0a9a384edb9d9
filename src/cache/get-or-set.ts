/**
 * Gets a value, and loads it on a miss. All callers and processes that miss at once share one load.
 */

import {
  type CacheKey,
  type CacheLike,
  type Clock,
  invalidOption,
  type OptionNames,
  requireDuration,
  SET_OPTION_NAMES,
  type SetOptions,
} from '../base/index.ts'
import { encodeValue } from '../codecs/index.ts'
import { DEFAULT_WAIT_MS, MAX_WAIT_MS, SingleFlight } from '../single-flight/index.ts'
import type { ItemWrites, StoreCall } from './item-writes.ts'

/** The options of `getOrSet`. */
export interface GetOrSetOptions extends SetOptions {
  /**
   * Maximum of milliseconds to wait for the load of another caller, in this process or another one,
   * before this caller loads as well; up to 600000. @default 5000
   */
  readonly waitMs?: number | undefined
}

export const GET_OR_SET_OPTION_NAMES: OptionNames<GetOrSetOptions> = {
  ...SET_OPTION_NAMES,
  waitMs: true,
}

const GET_OR_SET: StoreCall = {
  name: 'getOrSet',
  mode: 'set',
  optionNames: GET_OR_SET_OPTION_NAMES,
}

/** The part of a cache that loading needs. */
interface LoadingCache<V> extends CacheLike {
  has(key: CacheKey): boolean
  get(key: CacheKey): V | undefined
}

/** A load of this process that others wait for. */
interface CurrentLoad<V> {
  readonly value: Promise<V>
  readonly sinceMs: number
}

/** The result of a wait that took too long. */
const LATE = Symbol('late')

export class Loader<V> {
  readonly #cache: LoadingCache<V>
  readonly #writes: ItemWrites
  readonly #clock: Clock
  readonly #singleFlight: SingleFlight
  readonly #loads = new Map<string, CurrentLoad<V>>()

  constructor(cache: LoadingCache<V>, writes: ItemWrites, clock: Clock) {
    this.#cache = cache
    this.#writes = writes
    this.#clock = clock
    this.#singleFlight = new SingleFlight({ cache, clock, onError: ignore })
  }

  async load(key: CacheKey, load: () => V | Promise<V>, options: GetOrSetOptions = {}): Promise<V> {
    const waitMs = requireDuration('waitMs', options.waitMs ?? DEFAULT_WAIT_MS)
    if (waitMs > MAX_WAIT_MS) throw invalidOption('waitMs', `at most ${MAX_WAIT_MS}`, waitMs)
    if (typeof load !== 'function') throw invalidOption('load', 'a function', load)
    const name =
      typeof key === 'string' ? `text ${key}` : `bytes ${Buffer.from(key).toString('hex')}`
    const deadlineMs = this.#clock.elapsedMs() + waitMs
    for (;;) {
      const leftMs = deadlineMs - this.#clock.elapsedMs()
      const current = this.#loads.get(name)
      if (current === undefined) return this.#begin(name, key, load, options, leftMs)
      // All waiters measure `waitMs` from the start of one load, as other processes do with a
      // lease.
      const patienceMs = Math.min(leftMs, current.sinceMs + waitMs - this.#clock.elapsedMs())
      const value = await waitFor(current.value, patienceMs)
      // If the item is there, the caller gets a separate copy, as from any other get.
      if (value !== LATE) return this.#cache.get(key) ?? value
      // The first waiter that gave up on a load loads. The others wait for that load while they
      // can.
      const isStillCurrent = this.#loads.get(name) === current
      if (isStillCurrent || deadlineMs <= this.#clock.elapsedMs()) {
        return this.#begin(name, key, load, options, 0)
      }
    }
  }

  /** Loads the value. Later callers of this process wait for this load. */
  async #begin(
    name: string,
    key: CacheKey,
    load: () => V | Promise<V>,
    options: GetOrSetOptions,
    waitMs: number,
  ): Promise<V> {
    const value = this.#loadOnce(key, load, options, Math.max(0, waitMs))
    const own = { value, sinceMs: this.#clock.elapsedMs() }
    this.#loads.set(name, own)
    try {
      return await value
    } finally {
      if (this.#loads.get(name) === own) this.#loads.delete(name)
    }
  }

  async #loadOnce(
    key: CacheKey,
    load: () => V | Promise<V>,
    options: GetOrSetOptions,
    waitMs: number,
  ): Promise<V> {
    // `has` comes first, so that a look that finds nothing does not count another miss.
    const find = () => (this.#cache.has(key) ? this.#cache.get(key) : undefined)
    const acquisition = await this.#singleFlight.acquireOrWait(key, find, waitMs)
    if (acquisition.kind === 'found') return acquisition.found
    const lease = acquisition.kind === 'leader' ? acquisition.lease : undefined
    // Nothing that was loaded before the deletion of a tag is stored after it.
    const madeAt = this.#writes.generation
    try {
      const value = await load()
      if (value !== undefined) {
        this.#writes.store(GET_OR_SET, key, encodeValue(value), options, { madeAt })
      }
      return value
    } finally {
      await lease?.end()
    }
  }
}

/** @returns the value; LATE if it does not come within `limitMs` */
async function waitFor<V>(value: Promise<V>, limitMs: number): Promise<V | typeof LATE> {
  if (limitMs <= 0) return LATE
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<typeof LATE>(resolve => {
    timer = setTimeout(resolve, limitMs, LATE)
  })
  try {
    return await Promise.race([value, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Ignores the failure to renew or end a lease, which then ends by its TTL. */
function ignore(): void {}
