/**
 * One opened cache: its life, and what concerns all its items together.
 *
 * What is done with single items is in cache.ts.
 */

import {
  type CacheChange,
  type CacheKey,
  type CacheStats,
  type ChangeListener,
  type Clock,
  type ItemPage,
  invalidOption,
  type KeyPage,
  type TtlOptions,
  UndercroftError,
  type ValueDecoder,
  type ValueSource,
  type VerifyReport,
} from '../base/index.ts'
import { copyBytes, decodeFrozen, decodeValue, encodeValue } from '../codecs/index.ts'
import { Engine, type ItemView, type StoreOutcome } from '../engine/index.ts'
import { keyBytes } from './encoded.ts'
import { expiresAtMs, NEVER } from './expiry.ts'
import { type CacheMemory, forgotten, openMemory } from './memory.ts'
import { NearCopies } from './near-copies.ts'
import { type CacheOptions, resolveOptions } from './options.ts'
import { readItemPage, readKeyPage } from './pages.ts'
import { keepSwept, type Sweepable } from './sweeper.ts'

/** The part of {@link Cache} that does not look into items. */
export abstract class OpenCache {
  /** As given to `open`. */
  readonly name: string
  protected readonly clock: Clock
  protected readonly memory: CacheMemory
  /** Check `closed` first: after `close` its memory is no longer there. */
  protected readonly engine: Engine
  protected readonly decode: ValueDecoder<unknown>
  /** Undefined: nothing is kept beside what is shared. */
  protected readonly near: NearCopies | undefined
  protected closed = false
  /** Checked after each change, so that a cache that nobody follows pays for nothing else. */
  protected observed = false
  #listeners: readonly ChangeListener[] = []
  protected readonly counterInitial: bigint
  readonly #defaultTtlMs: number
  #stopSweeping = (): void => {}
  /** Lives as long as this does, which the sweeper's timer must not prolong. */
  readonly #sweepable: Sweepable

  protected constructor(options: CacheOptions) {
    const resolved = resolveOptions(options)
    this.name = resolved.name
    this.clock = resolved.clock
    this.counterInitial = resolved.counterInitial
    this.#defaultTtlMs = resolved.ttlMs
    this.memory = openMemory(resolved)
    try {
      this.engine = new Engine(this.memory.segment, resolved)
    } catch (error) {
      this.memory.close()
      throw error
    }
    const { near } = resolved
    this.decode = near.objects ? decodeFrozen : decodeValue
    this.near = near.maxItems > 0 ? new NearCopies(this.engine, near, this.decode) : undefined
    forgotten.register(this, this.memory, this)
    this.#sweepable = {
      upkeep: () => (this.closed ? undefined : this.engine.upkeep),
      onSweep: resolved.onSweep,
    }
    if (resolved.sweepMs > 0) this.#stopSweeping = keepSwept(this.#sweepable, resolved.sweepMs)
  }

  /** Longest key, in bytes. */
  get maxKeySize(): number {
    return this.memory.segment.geometry.maxKeySize
  }

  /** Largest value, in bytes. */
  get maxValueSize(): number {
    return this.engine.maxValueSize
  }

  /** True when other processes see it; false on plain memory. */
  get shared(): boolean {
    return this.memory.file !== undefined
  }

  /**
   * The keys of live items, as text, in no particular order. Ends, and gives each key that is there
   * all the time exactly once, while others write. Keys that are no UTF-8 need `keyPage`.
   */
  keys(): Generator<string, void, undefined> {
    return this.scan(key => key.toString())
  }

  /** Some keys as bytes, from a cursor on: 0 to begin, then `next` until that is 0. */
  keyPage(cursor: number, limit: number): KeyPage {
    return readKeyPage(this.use(), cursor, limit)
  }

  /**
   * Some items with their bytes, from a cursor on, as `keyPage`. The page ends after `maxSize`
   * bytes. Counts nothing.
   */
  itemPage(cursor: number, maxSize: number): ItemPage {
    return readItemPage(this.use(), cursor, maxSize)
  }

  /** Deletes everything, for all processes; how many items there were. */
  clear(): number {
    const engine = this.use()
    if (!this.observed) return engine.clear()
    const keys = [...this.scan(key => key)]
    const count = engine.clear()
    for (const key of keys) this.tell({ kind: 'delete', key })
    return count
  }

  /**
   * Tells of each change made through this object, after it was made: sets and counters with the
   * resulting bytes and the moment the item ends, deletes, and a clear as deletes of all keys. Not
   * of changes by other processes, expiry or eviction.
   *
   * @param listener - called within the call that made the change; must not throw
   * @returns what ends it
   * @example
   * const stop = cache.observe(change => log(change.kind, change.key.toString()))
   */
  observe(listener: ChangeListener): () => void {
    this.use()
    if (typeof listener !== 'function') throw invalidOption('listener', 'a function', listener)
    const own: ChangeListener = change => listener(change)
    this.#listeners = [...this.#listeners, own]
    this.observed = true
    return () => {
      this.#listeners = this.#listeners.filter(known => known !== own)
      this.observed = this.#listeners.length > 0
    }
  }

  /**
   * Makes a change that another cache told of, of which no listener is told. An item that has ended
   * is deleted. False: there is no room for it, or there was nothing to delete.
   */
  apply(change: CacheChange): boolean {
    const engine = this.use()
    if (change.kind === 'delete') return engine.delete(change.key)
    const atMs = this.memory.segment.geometry.ignoresTtl ? NEVER : change.expiresAtMs
    if (atMs !== NEVER && atMs <= this.clock.nowMs()) {
      engine.delete(change.key)
      return true
    }
    return engine.store(change.key, encodeValue(change.value), atMs, 'set') === 'stored'
  }

  /** Marks an item as just used. Counts nothing. */
  promote(key: CacheKey): void {
    const engine = this.use()
    if (engine.has(key)) engine.touch(key, engine.found.expiresAtMs)
  }

  /** Counts over all processes since the cache was created. */
  stats(): CacheStats {
    return { name: this.name, ...this.use().stats() }
  }

  /** Checks every invariant of the shared bytes. Writers wait meanwhile; readers do not. */
  verify(): VerifyReport {
    return this.use().verify()
  }

  /**
   * Gives back the room of all items that have expired, now; how many there were. The lock is let
   * go every few hundred slots. Moves what was asked for most to where it is found first, too.
   * Nobody needs to call this: see `sweepMs`.
   */
  sweep(): number {
    this.use().upkeep.orderChains()
    let reclaimed = 0
    // Twice around at most: the first round may have begun anywhere.
    for (let step = 0, limit = 2 * (this.use().slotCount + 2); step < limit; step++) {
      const { reclaimed: count, more } = this.use().upkeep.sweepStep()
      reclaimed += count
      if (!more) break
    }
    return reclaimed
  }

  /** Asks the kernel to write a store to its disk now, and waits for that. */
  sync(): void {
    this.use().segment.mapping.sync()
  }

  /** As `sync`, without keeping this thread: other work goes on until the disk has it. */
  async flush(): Promise<void> {
    await this.use().segment.mapping.flush()
  }

  /**
   * Gives the memory back. The cache goes on to exist for others; this object is of no more use.
   * The last to close a store waits until its disk has all of it.
   */
  close(): void {
    if (this.closed) return
    this.closed = true
    this.near?.clear()
    this.#stopSweeping()
    forgotten.unregister(this)
    this.memory.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Closes, and removes the name: the next to open it creates an empty cache. */
  destroy(): void {
    this.memory.destroy() // first: what nobody will open again need not be flushed
    this.close()
  }

  /** The engine's store, by way of a near copy where one tells where the item is. */
  protected storeNear(
    key: CacheKey,
    value: unknown,
    source: ValueSource,
    atMs: number,
  ): StoreOutcome {
    const { near } = this
    const engine = this.use()
    const isNear = near !== undefined && typeof key === 'string'
    const outcome = isNear ? near.set(key, value, source, atMs) : undefined
    return outcome ?? engine.store(key, source, atMs, 'set')
  }

  protected tell(change: CacheChange): void {
    for (const listener of this.#listeners) listener(change)
  }

  protected tellStored(key: CacheKey, source: ValueSource, atMs: number): void {
    const value = Buffer.allocUnsafe(source.size)
    source.writeTo(value, 0)
    this.tell({ kind: 'set', key: keyBytes(key), value, expiresAtMs: atMs })
  }

  /** Tells what an item is now, after a change that did not come with all of it. */
  protected tellPresent(key: CacheKey): void {
    const value = this.engine.peek(key, copyBytes)
    if (value === undefined) return
    const { expiresAtMs } = this.engine.found
    this.tell({ kind: 'set', key: keyBytes(key), value, expiresAtMs })
  }

  /** The engine, or UNDERCROFT_CLOSED. */
  protected use(): Engine {
    if (this.closed) throw this.closedError()
    return this.engine
  }

  protected closedError(): UndercroftError {
    return new UndercroftError('UNDERCROFT_CLOSED', `the cache "${this.name}" was closed`)
  }

  /** When an item set now with these options ends. */
  protected expiryFor(options: TtlOptions | undefined): number {
    return this.expiryAfter(options?.ttlMs ?? this.#defaultTtlMs)
  }

  protected expiryAfter(ttlMs: number): number {
    if (ttlMs === Infinity) return NEVER
    const atMs = expiresAtMs(ttlMs, this.clock.nowMs())
    return this.memory.segment.geometry.ignoresTtl ? NEVER : atMs
  }

  /** What `make` makes of each live item. */
  protected *scan<T>(make: (key: Buffer, item: ItemView) => T): Generator<T, void, undefined> {
    for (let slot = 1; slot <= this.use().slotCount; slot++) {
      const made = this.use().readSlot(slot, make)
      if (made !== undefined) yield made
    }
  }
}
