/**
 * Iterates over all items of a cache, slot by slot. An item never changes its slot, so the last
 * slot of a page is the cursor of the next page.
 */

import { type ItemPage, type KeyPage, type PagedItem, requireInteger } from '../base/index.ts'
import { copyStored, type ValueCodec } from '../codecs/index.ts'
import type { Engine, ItemView } from '../engine/index.ts'
import type { CacheLifetime } from './lifetime.ts'

/** Maximum of slots that a page of items reads, and of keys in a page of keys. */
const PAGE_LIMIT = 10_000

/** Yields what `make` returns for each live item. */
export function* scanItems<T>(
  lifetime: CacheLifetime,
  make: (key: Buffer, item: ItemView) => T,
): Generator<T, void, undefined> {
  for (let slot = 1; slot <= lifetime.use().slotCount; slot++) {
    const made = lifetime.use().readSlot(slot, make)
    if (made !== undefined) yield made
  }
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
    }))
    if (item === undefined) continue
    const { key, stored, expiresAtMs, lastUse } = item
    const value = values.unpack(stored)
    items.push({ key, ...value, expiresAtMs, lastUse })
    size += key.length + value.bytes.length
  }
  return { items, next: slot < engine.slotCount ? slot : 0 }
}
