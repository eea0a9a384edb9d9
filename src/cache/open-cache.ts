/**
 * One opened cache: its life, and what concerns all its items together.
 *
 * What is done with single items is in cache.ts.
 */

import {
  type CacheStats,
  type Clock,
  type KeyPage,
  requireInteger,
  type TtlOptions,
  UndercroftError,
  type VerifyReport,
} from '../base/index.ts'
import { Engine, type ItemView } from '../engine/index.ts'
import { expiresAtMs, NEVER } from './expiry.ts'
import { type CacheMemory, openMemory } from './memory.ts'
import { type CacheOptions, resolveOptions } from './options.ts'
import { keepSwept, type Sweepable } from './sweeper.ts'

const PAGE_LIMIT = 10_000

/** Gives memory back when a cache was forgotten rather than closed. */
const forgotten = new FinalizationRegistry<CacheMemory>(memory => memory.close())

/** The part of {@link Cache} that does not look into items. */
export abstract class OpenCache {
  /** As given to `open`. */
  readonly name: string
  protected readonly clock: Clock
  protected readonly memory: CacheMemory
  /** Check `closed` first: after `close` its memory is no longer there. */
  protected readonly engine: Engine
  protected closed = false
  readonly #defaultTtlMs: number
  #stopSweeping = (): void => {}
  /** Lives as long as this does, which the sweeper's timer must not prolong. */
  readonly #sweepable: Sweepable = {
    isSweeper: () => !this.closed && this.engine.isSweeper(),
    sweepStep: () => !this.closed && this.engine.sweepStep().more,
  }

  protected constructor(options: CacheOptions) {
    const resolved = resolveOptions(options)
    this.name = resolved.name
    this.clock = resolved.clock
    this.#defaultTtlMs = resolved.ttlMs
    this.memory = openMemory(resolved)
    try {
      this.engine = new Engine(this.memory.segment, resolved)
    } catch (error) {
      this.memory.close()
      throw error
    }
    forgotten.register(this, this.memory, this)
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
    const engine = this.use()
    requireInteger('cursor', cursor, 0, Number.MAX_SAFE_INTEGER)
    requireInteger('limit', limit, 1, PAGE_LIMIT)
    const keys: Buffer[] = []
    let slot = cursor
    while (slot < engine.slotCount && keys.length < limit) {
      const key = engine.readSlot(++slot, found => found)
      if (key !== undefined) keys.push(key)
    }
    return { keys, next: slot < engine.slotCount ? slot : 0 }
  }

  /** Deletes everything, for all processes; how many items there were. */
  clear(): number {
    return this.use().clear()
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
   * go every few hundred slots. Nobody needs to call this: see `sweepMs`.
   */
  sweep(): number {
    let reclaimed = 0
    // Twice around at most: the first round may have begun anywhere.
    for (let step = 0, limit = 2 * (this.use().slotCount + 2); step < limit; step++) {
      const { reclaimed: count, more } = this.use().sweepStep()
      reclaimed += count
      if (!more) break
    }
    return reclaimed
  }

  /** Asks the kernel to write a store to its disk now, and waits for that. */
  sync(): void {
    this.use().segment.mapping.sync()
  }

  /**
   * Gives the memory back. The cache goes on to exist for others; this object is of no more use.
   */
  close(): void {
    if (this.closed) return
    this.closed = true
    this.#stopSweeping()
    forgotten.unregister(this)
    this.memory.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Closes, and removes the name: the next to open it creates an empty cache. */
  destroy(): void {
    this.close()
    this.memory.destroy()
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
