/**
 * The part of a cache that belongs to one adapter, as all adapters use it.
 *
 * Its calls never throw for what a cache can answer: a cache that is full, closed or damaged, a
 * value that is too large or of a kind that cannot be stored, a TTL that is not a duration. The
 * answer is then a miss or a refusal, and one warning for each reason.
 */

import { type CounterEntry, type SetOptions, UndercroftError } from '../../base/index.ts'
import type { CacheNamespace } from '../../cache/index.ts'
import { type CacheSource, openSource, type SourcedCache } from './cache-source.ts'
import { fitKey, isShortened, namespaceName, requireRoomForKeys } from './fitted-key.ts'

/** The value of an item whose key was shortened, which iterations need. */
interface Keyed {
  readonly key: string
  readonly value: unknown
}

/** `left`: the change asked for none. `refused`: the cache could not store the value. */
export type UpdateOutcome = 'stored' | 'left' | 'refused'

/** The cache of an adapter, and the warnings that it has given. */
export class AdapterHome {
  readonly adapter: string
  readonly #source: SourcedCache
  readonly #reported = new Set<string>()

  /** See `openSource` for the arguments. */
  constructor(
    adapter: string,
    options: CacheSource,
    ownNames: Readonly<Record<string, true>>,
    memory?: 'auto' | 'shared',
  ) {
    this.adapter = adapter
    this.#source = openSource(adapter, options, ownNames, memory)
  }

  /** The moment now, for hosts that give moments rather than durations. */
  nowMs(): number {
    return this.#source.clock.nowMs()
  }

  /** @throws UndercroftError - UNDERCROFT_OPTION_INVALID for a prefix that cannot be one */
  store(prefix: string): AdapterStore {
    return new AdapterStore(this, this.#source.cache.namespace(namespaceName(prefix)))
  }

  /** Closes the cache if the adapter opened it. */
  close(): void {
    this.#source.close()
  }

  /** @returns the result of `call`; `refusal` if the cache cannot do it */
  attempt<T>(call: () => T, refusal: T): T {
    try {
      return call()
    } catch (error) {
      this.report(error)
      return refusal
    }
  }

  /** Warns once for each code. Throws what is not an error of a cache. */
  report(error: unknown): void {
    if (!(error instanceof UndercroftError)) throw error
    this.warn(error.code, error.message)
  }

  /** Warns once for each code. */
  warn(code: string, message: string): void {
    if (this.#reported.has(code)) return
    this.#reported.add(code)
    process.emitWarning(`${this.adapter}: ${message} (reported once)`, {
      type: 'UndercroftWarning',
      code,
    })
  }
}

/** The items of an adapter under one prefix. */
export class AdapterStore {
  readonly #home: AdapterHome
  readonly #space: CacheNamespace

  /** Use `AdapterHome.store`. */
  constructor(home: AdapterHome, space: CacheNamespace) {
    this.#home = home
    this.#space = space
    requireRoomForKeys(space.maxKeySize)
  }

  /** Largest value, in bytes. */
  get maxValueSize(): number {
    return this.#space.maxValueSize
  }

  get(key: string): unknown {
    try {
      const stored = this.#fit(key)
      const value = this.#space.get(stored)
      return value === undefined ? undefined : this.#unwrap(key, stored, value)
    } catch (error) {
      return this.#home.report(error)
    }
  }

  has(key: string): boolean {
    return this.#home.attempt(() => this.#space.has(this.#fit(key)), false)
  }

  /** @returns false if the cache did not store the value */
  set(key: string, value: unknown, options?: SetOptions): boolean {
    try {
      const stored = this.#fit(key)
      return this.#stored(this.#space.set(stored, this.#wrap(key, stored, value), options))
    } catch (error) {
      this.#home.report(error)
      return false
    }
  }

  /** Stores only if the key is absent. */
  add(key: string, value: unknown, options?: SetOptions): boolean {
    return this.#home.attempt(() => {
      const stored = this.#fit(key)
      return this.#space.add(stored, this.#wrap(key, stored, value), options)
    }, false)
  }

  /**
   * Replaces a value by what `change` makes of it, as one step for all processes. It is given
   * undefined without an item, and returns undefined to leave everything as it is.
   */
  update(key: string, change: (value: unknown) => unknown, options: SetOptions): UpdateOutcome {
    return this.#home.attempt<UpdateOutcome>(() => {
      const stored = this.#fit(key)
      let outcome: UpdateOutcome = 'left'
      const changeStored = (old: unknown) => {
        const value = change(old === undefined ? undefined : this.#unwrap(key, stored, old))
        outcome = value === undefined ? 'left' : 'stored'
        return value === undefined ? undefined : this.#wrap(key, stored, value)
      }
      const isStored = this.#space.update(stored, changeStored, options) !== undefined
      return isStored || outcome === 'left' || this.#stored(false) ? outcome : 'refused'
    }, 'refused')
  }

  /** @returns the milliseconds left; `Infinity` for ever; undefined without an item */
  ttlMs(key: string): number | undefined {
    return this.#home.attempt(() => this.#space.ttlMs(this.#fit(key)), undefined)
  }

  delete(key: string): boolean {
    return this.#home.attempt(() => this.#space.delete(this.#fit(key)), false)
  }

  touch(key: string, ttlMs: number): boolean {
    return this.#home.attempt(() => this.#space.touch(this.#fit(key), ttlMs), false)
  }

  /**
   * Counts within a window that begins with its first count. Nothing evicts the counter while the
   * window runs, as long as the cache can pin it.
   *
   * @param windowMs - `Infinity`: the window never ends, and its counter is not pinned
   * @returns undefined if the cache cannot count
   */
  count(key: string, by: number, windowMs: number): CounterEntry | undefined {
    return this.#home.attempt(() => this.#count(this.#fit(key), by, windowMs), undefined)
  }

  /** @returns a counter and its end; undefined before its first count */
  readCount(key: string): CounterEntry | undefined {
    return this.#home.attempt(() => {
      const entry = this.#space.getEntry(this.#fit(key))
      return typeof entry?.value === 'number' ? (entry as CounterEntry) : undefined
    }, undefined)
  }

  /** Sets a counter, whose window begins now. See `count`. */
  setCount(key: string, value: number, windowMs: number): boolean {
    return this.#home.attempt(() => {
      const stored = this.#fit(key)
      const set = (pinned: boolean) => this.#space.set(stored, value, { ttlMs: windowMs, pinned })
      return this.#stored(this.#pinned(windowMs, set))
    }, false)
  }

  /** Takes from a counter that is there, down to 0 and never below; never creates one. */
  uncount(key: string, by: number): void {
    this.#home.attempt(() => {
      const stored = this.#fit(key)
      const left = this.#space.decrement(stored, by, { onlyPresent: true })
      if (left !== undefined && left < 0) {
        this.#space.increment(stored, Math.min(by, -left), { onlyPresent: true })
      }
    }, undefined)
  }

  /** Yields the keys that begin with a prefix, whole. */
  *keys(prefix = ''): Generator<string, void, undefined> {
    const { maxKeySize } = this.#space
    try {
      for (const stored of this.#space.keys()) {
        const isWhole = !isShortened(stored, maxKeySize)
        const key = isWhole ? stored : (this.#space.peek(stored) as Keyed | undefined)?.key
        if (key?.startsWith(prefix)) yield key
      }
    } catch (error) {
      this.#home.report(error)
    }
  }

  /** Yields keys and values. Ends early if the cache is closed meanwhile. */
  *entries(prefix = ''): Generator<[string, unknown], void, undefined> {
    const { maxKeySize } = this.#space
    try {
      for (const [stored, value] of this.#space.entries()) {
        const isWhole = !isShortened(stored, maxKeySize)
        const keyed = isWhole ? { key: stored, value } : (value as Keyed)
        if (keyed.key.startsWith(prefix)) yield [keyed.key, keyed.value]
      }
    } catch (error) {
      this.#home.report(error)
    }
  }

  /** Deletes the items whose keys begin with a prefix, one after the other. */
  clearFrom(prefix: string): void {
    for (const key of this.keys(prefix)) this.delete(key)
  }

  /** Deletes everything that was stored through this prefix. */
  clear(): void {
    try {
      this.#space.clear()
    } catch (error) {
      // Without tags there is no way in constant time.
      const hasNoTags = error instanceof UndercroftError && error.code === 'UNDERCROFT_TAGS_INVALID'
      if (!hasNoTags) this.#home.report(error)
      else this.#home.attempt(() => this.#space.deleteMany(this.#space.keys()), 0)
    }
  }

  #count(stored: string, by: number, ttlMs: number): CounterEntry | undefined {
    const entry = this.#pinned(ttlMs, pinned => {
      return this.#space.incrementEntry(stored, by, { ttlMs, pinned })
    })
    this.#stored(entry !== undefined)
    return entry
  }

  /** Where no more items can be pinned, a counter that can be evicted is better than none. */
  #pinned<T>(windowMs: number, call: (pinned: boolean) => T): T {
    try {
      return call(windowMs !== Infinity)
    } catch (error) {
      const isFull = error instanceof UndercroftError && error.code === 'UNDERCROFT_PINS_FULL'
      if (!isFull) throw error
      this.#home.warn(error.code, error.message)
      return call(false)
    }
  }

  #fit(key: string): string {
    return fitKey(key, this.#space.maxKeySize)
  }

  #wrap(key: string, stored: string, value: unknown): unknown {
    return stored === key ? value : ({ key, value } satisfies Keyed)
  }

  #unwrap(key: string, stored: string, value: unknown): unknown {
    if (stored === key) return value
    const keyed = value as Keyed | null
    return keyed?.key === key ? keyed.value : undefined
  }

  #stored(isStored: boolean): boolean {
    if (!isStored) {
      this.#home.warn('UNDERCROFT_FULL', 'the cache is full and has refused a value')
    }
    return isStored
  }
}
