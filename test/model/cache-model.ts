/**
 * A cache as its documents describe it, in a few lines: what has to be there after each command,
 * and what may be gone.
 *
 * Time may go back. An item that was over once may have been swept meanwhile, and may not.
 */

import type { EvictionName } from '../../src/segment/index.ts'

export interface ModelSizes {
  readonly maxItems: number
  readonly eviction: EvictionName
  readonly ignoreTtl: boolean
  /** Undefined: each item has one block. Else values take whole blocks of this many bytes. */
  readonly blockSize?: number
  readonly blocks?: number
}

/** Numbers are counters. */
export type ModelValue = string | number | bigint

interface ModelItem {
  value: ModelValue
  /** 0: never. */
  expiresAtMs: number
  /** It had expired once, and is there again only because time went back. */
  wasOver: boolean
}

/** What a command has to answer; undefined: either answer is right. */
export type Expected = boolean | undefined

export class CacheModel {
  readonly #sizes: ModelSizes
  /** The least recently used first. */
  readonly #items = new Map<string, ModelItem>()
  #nowMs: number
  /** How many items the last command may have evicted, not counting expired items. */
  #mayEvict = 0

  constructor(sizes: ModelSizes, nowMs: number) {
    this.#sizes = sizes
    this.#nowMs = nowMs
  }

  moveTo(nowMs: number): void {
    this.#nowMs = nowMs
    for (const item of this.#items.values()) if (!this.#isLive(item)) item.wasOver = true
  }

  get(key: string): ModelValue | undefined {
    const item = this.#live(key)
    if (item !== undefined) this.#use(key)
    return item?.value
  }

  /** Reads as `get` does, but does not count as a use. */
  peek(key: string): ModelValue | undefined {
    return this.#live(key)?.value
  }

  ttlMs(key: string): number | undefined {
    const item = this.#live(key)
    if (item === undefined) return undefined
    return item.expiresAtMs === 0 ? Number.POSITIVE_INFINITY : item.expiresAtMs - this.#nowMs
  }

  liveKeys(): string[] {
    return [...this.#items.keys()].filter(key => this.#live(key) !== undefined)
  }

  delete(key: string): boolean {
    const wasLive = this.#live(key) !== undefined
    this.#items.delete(key)
    return wasLive
  }

  touch(key: string, ttlMs: number): boolean {
    const item = this.#live(key)
    if (item === undefined) return false
    this.#use(key)
    item.expiresAtMs = this.#endOf(ttlMs)
    item.wasOver = !this.#isLive(item)
    return true
  }

  clear(): void {
    this.#items.clear()
  }

  /** Call `stored` or `refused` afterwards. */
  mayStore(key: string, value: ModelValue, mode: 'set' | 'add' | 'replace'): Expected {
    const isLive = this.#live(key) !== undefined
    if (mode === 'add' && isLive) return false
    if (mode === 'replace' && !isLive) return false
    if (this.#sizes.eviction !== 'none') return true
    const others = this.liveKeys().filter(other => other !== key)
    if (others.length >= this.#sizes.maxItems) return false
    return this.#surelyFits(others, value) ? true : undefined
  }

  stored(key: string, value: ModelValue, ttlMs: number): void {
    const others = this.liveKeys().filter(other => other !== key)
    this.#makeRoom(others, value)
    const item = { value, expiresAtMs: this.#endOf(ttlMs), wasOver: false }
    item.wasOver = !this.#isLive(item)
    this.#items.delete(key)
    this.#items.set(key, item)
  }

  /** A counter keeps its end. */
  counted(key: string, value: ModelValue): void {
    const item = this.#live(key)
    if (item === undefined) throw new Error(`there is no counter ${key}`)
    item.value = value
    this.#use(key)
  }

  /**
   * Compares the model with the items that were found, and drops the items that may be gone.
   *
   * @returns the differences that are left
   */
  differences(found: ReadonlyMap<string, unknown>): string[] {
    const wrong: string[] = []
    for (const [key, item] of [...this.#items]) {
      const isThere = found.has(key)
      if (isThere && !this.#isLive(item)) wrong.push(`${key} is there after its end`)
      else if (isThere && found.get(key) !== item.value) {
        wrong.push(`${key} is ${String(found.get(key))} instead of ${String(item.value)}`)
      } else if (!isThere && this.#isLive(item)) {
        if (item.wasOver) this.#items.delete(key)
        else if (this.#mayEvict > 0) {
          this.#mayEvict--
          this.#items.delete(key)
        } else wrong.push(`${key} is gone`)
      }
    }
    for (const key of found.keys()) {
      if (!this.#items.has(key)) wrong.push(`${key} is there, and should not be`)
    }
    this.#mayEvict = 0
    return wrong
  }

  #makeRoom(others: readonly string[], value: ModelValue): void {
    const { maxItems, eviction, blocks } = this.#sizes
    if (eviction === 'none') return
    if (blocks !== undefined) {
      if (!this.#surelyFits(others, value)) this.#mayEvict = others.length
      return
    }
    if (others.length < maxItems) return
    const [oldest] = others
    if (eviction === 'adaptive') this.#mayEvict = 1
    else if (eviction === 'lru' && oldest !== undefined) this.#items.delete(oldest)
    else for (const key of others) this.#items.delete(key)
  }

  /**
   * Expired items make room when it is needed.
   *
   * @returns whether the value fits, however the blocks of other items lie
   */
  #surelyFits(others: readonly string[], value: ModelValue): boolean {
    const { maxItems, blocks } = this.#sizes
    if (others.length >= maxItems) return false
    if (blocks === undefined) return true
    const runs = others.map(key => this.#runLength(this.#items.get(key)?.value ?? ''))
    // The item that is replaced may keep its blocks until the new ones are found; and an item that
    // was over, and is there again, may not be.
    const used = runs.reduce((sum, run) => sum + run, 0)
    const own = this.#runLength(value)
    // Every free stretch is shorter than `own` in the worst case.
    return own === 1 ? used < blocks : blocks - used > (others.length + 1) * (own - 1)
  }

  #runLength(value: ModelValue): number {
    const { blockSize = 1 } = this.#sizes
    return typeof value === 'string' ? Math.max(1, Math.ceil(value.length / blockSize)) : 1
  }

  #endOf(ttlMs: number): number {
    if (ttlMs === Number.POSITIVE_INFINITY || this.#sizes.ignoreTtl) return 0
    return Math.max(Math.ceil(this.#nowMs + ttlMs), 1)
  }

  #isLive({ expiresAtMs }: ModelItem): boolean {
    return expiresAtMs === 0 || expiresAtMs > this.#nowMs
  }

  #live(key: string): ModelItem | undefined {
    const item = this.#items.get(key)
    return item !== undefined && this.#isLive(item) ? item : undefined
  }

  #use(key: string): void {
    const item = this.#items.get(key)
    if (item === undefined) return
    this.#items.delete(key)
    this.#items.set(key, item)
  }
}
