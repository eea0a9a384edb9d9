/**
 * Iterates over all items of a cache, slot by slot. An item never changes its slot, so the last
 * slot of a page is the cursor of the next page.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type ItemPage,
  invalidOption,
  type KeyPage,
  type OptionNames,
  type PagedItem,
  requireCallOptions,
  requireInteger,
} from '../base/index.ts'
import { copyStored, type ValueCodec } from '../codecs/index.ts'
import type { Engine, ItemView } from '../engine/index.ts'
import type { CacheLifetime } from './lifetime.ts'

/** Maximum of slots that a page of items reads, and of keys in a page of keys. */
const PAGE_LIMIT = 10_000

/** What a step of `scan` reads before all other work of the thread has its turn. */
const SLOTS_A_STEP = 1000
const BYTES_A_STEP = 256 * 1024

/** Which items an iteration yields. */
export interface ScanOptions {
  /** Only the keys that begin with this string. @default all keys */
  readonly prefix?: string | undefined
}

const SCAN_OPTION_NAMES: OptionNames<ScanOptions> = { prefix: true }

/** @returns the prefix that the options of a call give, empty by default */
export function prefixOf(call: string, options: ScanOptions = {}): string {
  requireCallOptions(call, options, SCAN_OPTION_NAMES)
  const { prefix = '' } = options
  if (typeof prefix !== 'string') throw invalidOption('prefix', 'a string', prefix)
  return prefix
}

/** Yields what `make` returns for each live item whose key begins with `prefix`. */
export function* scanItems<T>(
  lifetime: CacheLifetime,
  prefix: string,
  make: (key: Buffer, item: ItemView) => T,
): Generator<T, void, undefined> {
  const makeMatching = forPrefix(prefix, make)
  for (let slot = 1; slot <= lifetime.use().slotCount; slot++) {
    const made = lifetime.use().readSlot(slot, makeMatching)
    if (made !== undefined) yield made
  }
}

/** Yields the same as `scanItems`, in steps, between which all other work has its turn. */
export async function* scanInSteps<T>(
  lifetime: CacheLifetime,
  prefix: string,
  make: (key: Buffer, item: ItemView) => T,
): AsyncGenerator<T, void, undefined> {
  let bytesLeft = BYTES_A_STEP
  const makeMatching = forPrefix(prefix, (key, item) => {
    bytesLeft -= item.size
    return make(key, item)
  })
  for (let slot = 1; slot <= lifetime.use().slotCount; slot++) {
    const made = lifetime.use().readSlot(slot, makeMatching)
    if (made !== undefined) yield made
    if (slot % SLOTS_A_STEP !== 0 && bytesLeft > 0) continue
    await nextTurn()
    bytesLeft = BYTES_A_STEP
  }
}

/** The key of an item, and its value before the codec of the cache finishes it. */
export type FoundEntry = readonly [key: string, raw: unknown]

/** Finishes the values of entries, and omits those that are invalid. */
export function* finishEntries<V>(
  found: Iterable<FoundEntry>,
  values: ValueCodec,
): Generator<[string, V], void, undefined> {
  for (const [key, raw] of found) {
    const value = values.finish(raw)
    if (value !== undefined) yield [key, value as V]
  }
}

/** The same as `finishEntries`, for entries that come in steps. */
export async function* finishEntriesInSteps<V>(
  found: AsyncIterable<FoundEntry>,
  values: ValueCodec,
): AsyncGenerator<[string, V], void, undefined> {
  for await (const entry of found) yield* finishEntries<V>([entry], values)
}

/** @returns a function that makes nothing of items whose keys begin otherwise */
function forPrefix<T>(
  prefix: string,
  make: (key: Buffer, item: ItemView) => T,
): (key: Buffer, item: ItemView) => T | undefined {
  if (prefix === '') return make
  const bytes = Buffer.from(prefix)
  return (key, item) => (key.subarray(0, bytes.length).equals(bytes) ? make(key, item) : undefined)
}

export function readKeyPage(engine: Engine, cursor: number, limit: number): KeyPage {
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

export function readItemPage(
  engine: Engine,
  values: ValueCodec,
  cursor: number,
  maxSize: number,
): ItemPage {
  requireInteger('cursor', cursor, 0, Number.MAX_SAFE_INTEGER)
  requireInteger('maxSize', maxSize, 1, Number.MAX_SAFE_INTEGER)
  const { bytes } = engine.segment
  const items: PagedItem[] = []
  let size = 0
  let slot = cursor
  while (slot < engine.slotCount && size < maxSize && slot - cursor < PAGE_LIMIT) {
    const item = engine.readSlot(++slot, (key, { offset, size: valueSize, type, ...facts }) => ({
      key,
      stored: copyStored(bytes, offset, valueSize, type),
      expiresAtMs: facts.expiresAtMs,
      lastUse: facts.lastUse,
      circumstances: facts.circumstances(),
    }))
    if (item === undefined) continue
    const { stored, ...rest } = item
    const value = values.unpack(stored)
    items.push({ ...rest, ...value })
    size += rest.key.length + value.bytes.length
  }
  return { items, next: slot < engine.slotCount ? slot : 0 }
}
