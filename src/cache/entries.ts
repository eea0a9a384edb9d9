/**
 * Reads values together with what the cache knows of their items.
 */

import {
  type CacheEntry,
  type CacheKey,
  NEVER,
  type OptionNames,
  requireBoolean,
  requireCallOptions,
  type ValueDecoder,
} from '../base/index.ts'
import type { Engine, ItemEntry } from '../engine/index.ts'
import { withoutReserved } from './circumstances.ts'

/** Which items `getEntry` returns. */
export interface EntryOptions {
  /** Also return a stale item, which is a miss for all other calls. @default false */
  readonly stale?: boolean | undefined
}

const ENTRY_OPTION_NAMES: OptionNames<EntryOptions> = { stale: true }

export function readEntry(
  engine: Engine,
  key: CacheKey,
  decode: ValueDecoder<unknown>,
  options: EntryOptions = {},
): CacheEntry<unknown> | undefined {
  requireCallOptions('getEntry', options, ENTRY_OPTION_NAMES)
  const allowStale = requireBoolean('stale', options.stale ?? false)
  const found = engine.getEntry(key, decode, allowStale)
  return found && withMoments(found)
}

/** Reads an item that can be stale, and counts neither a hit nor a use. */
export function peekEntry(
  engine: Engine,
  key: CacheKey,
  decode: ValueDecoder<unknown>,
): CacheEntry<unknown> | undefined {
  const found = engine.peekEntry(key, decode)
  return found && withMoments(found)
}

function withMoments(found: ItemEntry<unknown>): CacheEntry<unknown> {
  const endMs = orNever(found.expiresAtMs)
  const freshUntilMs = Math.min(orNever(found.freshUntilMs), endMs)
  const tags = withoutReserved(found.tags)
  return { ...found, tags, expiresAtMs: endMs, freshUntilMs }
}

function orNever(atMs: number): number {
  return atMs === NEVER ? Infinity : atMs
}
