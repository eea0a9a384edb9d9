/**
 * A cache in a Map: the double behind the tests of server and client until they run on the real
 * one. It keeps the limits of a cache and nothing else: no eviction order, no sweeping.
 */

import {
  type ByteCache,
  type CacheKey,
  type CacheStats,
  type CounterOperation,
  type CounterOptions,
  type KeyPage,
  type StoredItem,
  type TtlOptions,
  UndercroftError,
  type VerifyReport,
} from '../../src/base/index.ts'

export interface MemoryCacheOptions {
  readonly name: string
  readonly maxItems: number
  readonly maxKeySize?: number
  readonly blockSize?: number
  /** Blocks for all values together; without it each item has one block. */
  readonly blocks?: number
  /** Hold one item less than `maxItems`, as uWSGI does. */
  readonly keepsOneFree?: boolean
  /** Evict the oldest when full, and ignore TTLs, as uWSGI's `purge_lru` does. */
  readonly evicts?: boolean
}

export class MemoryCache implements ByteCache {
  readonly name: string
  readonly maxKeySize: number
  readonly maxValueSize: number
  readonly #options: MemoryCacheOptions
  readonly #capacity: number
  readonly #blockSize: number
  readonly #items = new Map<string, StoredItem>()

  constructor(options: MemoryCacheOptions) {
    this.#options = options
    this.name = options.name
    this.maxKeySize = options.maxKeySize ?? 2048
    this.#blockSize = options.blockSize ?? 65_536
    this.maxValueSize = this.#blockSize * (options.blocks ?? 1)
    this.#capacity = options.maxItems - (options.keepsOneFree === true ? 1 : 0)
  }

  getItem(key: CacheKey): StoredItem | undefined {
    return this.#find(this.#name(key))
  }

  has(key: CacheKey): boolean {
    return this.#find(this.#name(key)) !== undefined
  }

  set(key: CacheKey, value: Uint8Array, options: TtlOptions = {}): boolean {
    const name = this.#name(key)
    if (value.length > this.maxValueSize) {
      throw new UndercroftError('UNDERCROFT_VALUE_TOO_LARGE', 'the value is too large')
    }
    if (!this.#makeRoom(name, value.length)) return false
    this.#items.delete(name)
    this.#items.set(name, { bytes: Buffer.from(value), expiresAtMs: this.#expiry(options.ttlMs) })
    return true
  }

  add(key: CacheKey, value: Uint8Array, options?: TtlOptions): boolean {
    return !this.has(key) && this.set(key, value, options)
  }

  delete(key: CacheKey): boolean {
    const name = this.#name(key)
    return this.#find(name) !== undefined && this.#items.delete(name)
  }

  ttlMs(key: CacheKey): number | undefined {
    const item = this.getItem(key)
    if (item === undefined) return undefined
    return item.expiresAtMs === 0 ? Number.POSITIVE_INFINITY : item.expiresAtMs - Date.now()
  }

  touch(key: CacheKey, ttlMs: number): boolean {
    const item = this.getItem(key)
    if (item === undefined) return false
    this.#items.set(this.#name(key), { ...item, expiresAtMs: this.#expiry(ttlMs) })
    return true
  }

  count(
    key: CacheKey,
    operation: CounterOperation,
    by: bigint,
    options: CounterOptions = {},
  ): bigint | undefined {
    const item = this.getItem(key)
    if (item !== undefined && item.bytes.length !== 8) {
      throw new UndercroftError('UNDERCROFT_NOT_A_COUNTER', 'the item holds no counter')
    }
    const before = item?.bytes.readBigInt64LE() ?? BigInt(options.initial ?? 0)
    const value = BigInt.asIntN(64, OPERATIONS[operation](before, by))
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(value)
    return this.set(key, bytes, options) ? value : undefined
  }

  keyPage(cursor: number, limit: number): KeyPage {
    const names = [...this.#items.keys()]
    const keys = names.slice(cursor, cursor + limit).map(name => Buffer.from(name, 'latin1'))
    return { keys, next: cursor + limit < names.length ? cursor + limit : 0 }
  }

  clear(): number {
    const { size } = this.#items
    this.#items.clear()
    return size
  }

  stats(): CacheStats {
    const { maxItems, blocks = maxItems, evicts = false } = this.#options
    return {
      name: this.name,
      items: this.#items.size,
      maxItems,
      blockSize: this.#blockSize,
      blocks,
      freeBlocks: blocks - this.#blocksUsed(),
      maxKeySize: this.maxKeySize,
      maxValueSize: this.maxValueSize,
      buckets: 0,
      hash: 'none',
      eviction: evicts ? 'lru' : 'none',
      bitmap: false,
      size: 0,
      hits: 0,
      misses: 0,
      full: 0,
      evicted: 0,
      expired: 0,
      takeovers: 0,
      attachments: 1,
    }
  }

  verify(): VerifyReport {
    return { ok: true, problems: [], items: this.#items.size }
  }

  #name(key: CacheKey): string {
    const name = Buffer.from(key).toString('latin1')
    if (name.length === 0 || name.length > this.maxKeySize) {
      throw new UndercroftError('UNDERCROFT_KEY_INVALID', 'the key is empty or too long')
    }
    return name
  }

  #find(name: string): StoredItem | undefined {
    const item = this.#items.get(name)
    if (item === undefined || item.expiresAtMs === 0 || item.expiresAtMs > Date.now()) return item
    this.#items.delete(name)
    return undefined
  }

  #expiry(ttlMs = Number.POSITIVE_INFINITY): number {
    return this.#options.evicts === true || ttlMs === Number.POSITIVE_INFINITY
      ? 0
      : Date.now() + ttlMs
  }

  #makeRoom(name: string, size: number): boolean {
    const isFull = () =>
      (!this.#items.has(name) && this.#items.size >= this.#capacity) ||
      (this.#options.blocks ?? Number.POSITIVE_INFINITY) - this.#blocksUsed() < this.#toBlocks(size)
    const [oldest] = this.#items.keys()
    if (isFull() && this.#options.evicts === true && oldest !== undefined) {
      this.#items.delete(oldest)
    }
    return !isFull()
  }

  #blocksUsed(): number {
    let used = 0
    for (const item of this.#items.values()) used += this.#toBlocks(item.bytes.length)
    return used
  }

  #toBlocks(size: number): number {
    return Math.ceil(size / this.#blockSize)
  }
}

const OPERATIONS: Record<CounterOperation, (value: bigint, by: bigint) => bigint> = {
  inc: (value, by) => value + by,
  dec: (value, by) => value - by,
  mul: (value, by) => value * by,
  div: (value, by) => (by === 0n ? 0n : value / by), // 0, as uWSGI has it
}
