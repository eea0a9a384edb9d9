/**
 * A cache and its model side by side. Each command runs on both, and any difference fails an
 * assertion.
 */

import assert from 'node:assert/strict'
import { REPLICATION } from '../../src/base/index.ts'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { CacheModel, type ModelSizes } from './cache-model.ts'

export type Arithmetic = 'increment' | 'decrement' | 'multiply' | 'divide'

export type Command =
  | {
      readonly kind: 'set' | 'add' | 'replace'
      readonly key: string
      readonly size: number
      readonly ttlMs: number
    }
  | { readonly kind: 'get' | 'has' | 'delete' | 'promote'; readonly key: string }
  | { readonly kind: 'touch'; readonly key: string; readonly ttlMs: number }
  | { readonly kind: Arithmetic; readonly key: string; readonly by: number }
  | { readonly kind: 'clear' | 'sweep' | 'other attachment' }
  /** Below 0, time goes back. */
  | { readonly kind: 'time'; readonly byMs: number }

/** What both are made of. */
export type ModelledOptions = ModelSizes & Pick<CacheOptions, 'bitmap' | 'store' | 'near'>

let serial = 0

export class ModelledCache {
  readonly #options: CacheOptions
  readonly #clock = new ManualClock()
  readonly #model: CacheModel
  #cache: Cache
  #openers: Cache[]
  #values = 0

  constructor(sizes: ModelledOptions, directory: string) {
    this.#options = {
      ...sizes,
      name: `modelled-${++serial}`,
      directory,
      clock: this.#clock,
      sweepMs: 0,
      maxKeySize: 40,
    }
    this.#model = new CacheModel(sizes, this.#clock.nowMs())
    this.#cache = Cache.open(this.#options)
    this.#openers = [this.#cache]
  }

  [Symbol.dispose](): void {
    this.#cache.destroy()
    for (const cache of this.#openers) cache.close()
  }

  do(command: Command): void {
    this.#do(command)
    this.#compare()
  }

  #do(command: Command): void {
    const { kind } = command
    switch (kind) {
      case 'set':
      case 'add':
      case 'replace':
        this.#store(kind, command.key, command.size, command.ttlMs)
        return
      case 'get':
        assert.equal(this.#cache.get(command.key), this.#model.get(command.key))
        return
      case 'has':
        assert.equal(this.#cache.has(command.key), this.#model.ttlMs(command.key) !== undefined)
        return
      case 'delete':
        assert.equal(this.#cache.delete(command.key), this.#model.delete(command.key))
        return
      case 'promote':
        this.#model.get(command.key)
        this.#cache[REPLICATION].promote(command.key)
        return
      case 'touch': {
        const { key, ttlMs } = command
        assert.equal(this.#cache.touch(key, ttlMs), this.#model.touch(key, ttlMs))
        return
      }
      case 'clear':
        this.#cache.clear()
        this.#model.clear()
        return
      case 'sweep':
        this.#sweep()
        return
      case 'other attachment':
        this.#attach()
        return
      case 'time':
        this.#clock.advance(command.byMs)
        this.#model.moveTo(this.#clock.nowMs())
        return
      default:
        this.#count(kind, command.key, command.by)
    }
  }

  #store(mode: 'set' | 'add' | 'replace', key: string, size: number, ttlMs: number): void {
    const value = `${++this.#values}`.padEnd(size, '.').slice(0, Math.max(size, 6))
    const expected = this.#model.mayStore(key, value, mode)
    const stored = this.#cache[mode](key, value, { ttlMs })
    if (expected !== undefined) assert.equal(stored, expected, `${mode} of ${key}`)
    if (stored) this.#model.stored(key, value, ttlMs)
  }

  #count(kind: Arithmetic, key: string, by: number): void {
    const before = this.#model.peek(key)
    if (typeof before === 'string') {
      assert.throws(() => this.#cache[kind](key, by), { code: 'UNDERCROFT_NOT_A_COUNTER' })
      return
    }
    const after = calculate(kind, Number(before ?? 0), by)
    if (!Number.isSafeInteger(after)) {
      assert.throws(() => this.#cache[kind](key, by), { code: 'UNDERCROFT_COUNTER_RANGE' })
      return
    }
    if (before !== undefined) {
      assert.equal(this.#cache[kind](key, by), after)
      this.#model.counted(key, after)
      return
    }
    const expected = this.#model.mayStore(key, after, 'set')
    const result = this.#cache[kind](key, by)
    if (expected !== undefined) assert.equal(result, expected ? after : undefined)
    if (result === undefined) return
    assert.equal(result, after)
    this.#model.stored(key, after, Number.POSITIVE_INFINITY)
  }

  /** Afterwards no expired item takes any room. */
  #sweep(): void {
    this.#cache.sweep()
    assert.equal(this.#cache.stats().items, [...this.#cache.keys()].length)
  }

  /** Commands go to a new attachment from now on; the old ones stay open. */
  #attach(): void {
    const limit = 3
    if (this.#openers.length >= limit) this.#openers.shift()?.close()
    this.#cache = Cache.open(this.#options)
    this.#openers.push(this.#cache)
  }

  #compare(): void {
    const found = new Map<string, unknown>(this.#cache.entries())
    assert.deepEqual(this.#model.differences(found), [])
    for (const key of found.keys()) {
      assert.equal(this.#cache.ttlMs(key), this.#model.ttlMs(key), `end of ${key}`)
    }
    assert.deepEqual(this.#cache.verify().problems, [])
  }
}

function calculate(kind: Arithmetic, before: number, by: number): number {
  switch (kind) {
    case 'increment':
      return before + by
    case 'decrement':
      return before - by
    case 'multiply':
      return before * by === 0 ? 0 : before * by
    case 'divide':
      return by === 0 ? 0 : Math.trunc(before / by) + 0
  }
}
