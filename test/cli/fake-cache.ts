/**
 * A cache in a Map, with as much behaviour as the commands can see.
 */

import {
  type ByteCache,
  type CacheKey,
  type CacheStats,
  type CounterOperation,
  type CounterOptions,
  type EncodedValue,
  type KeyPage,
  type SetItemOptions,
  type StoredItem,
  type TtlOptions,
  UndercroftError,
  type VerifyReport,
} from '../../src/base/index.ts'
import { NO_EVENTS } from '../../testing/cache-stats.ts'

export class FakeCache implements ByteCache {
  readonly name: string
  readonly maxKeySize = 256
  readonly maxValueSize = 64
  /** Sets beyond this are refused. */
  readonly maxItems: number
  readonly items = new Map<string, { bytes: Buffer; ttlMs: number }>()
  isClosed = false
  /** Counts that a test wants to see. */
  facts: Partial<CacheStats> = {}
  report: VerifyReport = { ok: true, problems: [], items: 0 }

  constructor(name: string, maxItems = 3) {
    this.name = name
    this.maxItems = maxItems
  }

  getItem(key: CacheKey): StoredItem | undefined {
    const item = this.items.get(toName(key))
    return item && { bytes: item.bytes, expiresAtMs: item.ttlMs === Infinity ? 0 : item.ttlMs }
  }

  has(key: CacheKey): boolean {
    return this.items.has(toName(key))
  }

  set(key: CacheKey, value: Uint8Array, options: TtlOptions = {}): boolean {
    if (value.byteLength > this.maxValueSize) {
      throw new UndercroftError('UNDERCROFT_VALUE_TOO_LARGE', 'too large for the fake')
    }
    if (!this.has(key) && this.items.size >= this.maxItems) return false
    const ttlMs = options.ttlMs ?? Number.POSITIVE_INFINITY
    this.items.set(toName(key), { bytes: Buffer.from(value), ttlMs })
    return true
  }

  add(key: CacheKey, value: Uint8Array, options?: TtlOptions): boolean {
    return !this.has(key) && this.set(key, value, options)
  }

  setItem(key: CacheKey, value: EncodedValue, options: SetItemOptions = {}): boolean {
    const { mode = 'set' } = options
    if (mode !== 'set' && this.has(key) === (mode === 'add')) return false
    return this.set(key, value.bytes, options)
  }

  delete(key: CacheKey): boolean {
    return this.items.delete(toName(key))
  }

  ttlMs(key: CacheKey): number | undefined {
    return this.items.get(toName(key))?.ttlMs
  }

  touch(): boolean {
    return false
  }

  count(
    key: CacheKey,
    _operation: CounterOperation,
    by: bigint,
    options: CounterOptions = {},
  ): bigint | undefined {
    const old = this.items.get(toName(key))?.bytes.readBigInt64LE()
    if (old === undefined && options.onlyPresent === true) return undefined
    const value = (old ?? BigInt(options.initial ?? 0)) + by
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(value)
    return this.set(key, bytes, options) ? value : undefined
  }

  /** Two keys a page, so that paging is seen. */
  keyPage(cursor: number, limit: number): KeyPage {
    const names = [...this.items.keys()]
    const end = cursor + Math.min(limit, 2)
    const keys = names.slice(cursor, end).map(name => Buffer.from(name, 'latin1'))
    return { keys, next: end < names.length ? end : 0 }
  }

  clear(): number {
    const count = this.items.size
    this.items.clear()
    return count
  }

  stats(): CacheStats {
    return {
      name: this.name,
      items: this.items.size,
      maxItems: this.maxItems,
      blockSize: 64,
      blocks: this.maxItems,
      freeBlocks: this.maxItems - this.items.size,
      maxKeySize: this.maxKeySize,
      maxValueSize: this.maxValueSize,
      buckets: 4,
      hash: 'seeded',
      eviction: 'none',
      bitmap: false,
      size: 3 * 1048576 + 5,
      hits: 0,
      misses: 0,
      nearHits: 0,
      staleHits: 0,
      loads: NO_EVENTS,
      loadFailures: 0,
      loadWaits: 0,
      lockWaits: NO_EVENTS,
      full: 0,
      evicted: 0,
      expired: 0,
      invalidated: 0,
      pinned: 0,
      maxTags: 64,
      eventPlaces: 0,
      tagsEvicted: 0,
      takeovers: 0,
      dropped: 0,
      openers: 1,
      lastModifiedAtMs: 0,
      ...this.facts,
    }
  }

  verify(): VerifyReport {
    return this.report
  }

  close(): void {
    this.isClosed = true
  }
}

/** Bytes as text of one byte each, so that any key can be a Map key. */
function toName(key: CacheKey): string {
  return Buffer.from(key).toString('latin1')
}
