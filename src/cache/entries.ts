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
} from '../base/index.ts'
import type { ValueCodec } from '../codecs/index.ts'
import type { Engine, ItemEntry } from '../engine/index.ts'
import { withoutReserved } from './circumstances.ts'

/** Which items `getEntry` returns. */
export interface EntryOptions {
  /** Also return a stale item, which is a miss for all other calls. @default false */
  readonly stale?: boolean | undefined
}

const ENTRY_OPTION_NAMES: OptionNames<EntryOptions> = { stale: true }

/** @returns an entry without a value if the value is invalid, and the cache makes that a miss */
export function readEntry(
  engine: Engine,
  key: CacheKey,
  values: ValueCodec,
  options: EntryOptions = {},
): CacheEntry<unknown> | undefined {
  requireCallOptions('getEntry', options, ENTRY_OPTION_NAMES)
  const allowStale = requireBoolean('stale', options.stale ?? false)
  const found = engine.getEntry(key, values.read, allowStale)
  return found && completed(found, values.finish(found.value))
}

/** An entry of any item, which can be stale. */
export interface PeekedEntry extends CacheEntry<unknown> {
  /** False if the codec or the schema refuses the value, and the cache makes that a miss. */
  readonly isValid: boolean
}

/** Reads an item that can be stale, and counts neither a hit nor a use. */
export function peekEntry(
  engine: Engine,
  key: CacheKey,
  values: ValueCodec,
): PeekedEntry | undefined {
  const found = engine.peekEntry(key, values.read)
  if (found === undefined) return undefined
  const value = values.finish(found.value)
  return { ...completed(found, value), isValid: value !== undefined || found.value === undefined }
}

function completed(found: ItemEntry<unknown>, value: unknown): CacheEntry<unknown> {
  const endMs = orNever(found.expiresAtMs)
  const freshUntilMs = Math.min(orNever(found.freshUntilMs), endMs)
  const tags = withoutReserved(found.tags)
  return { ...found, value, tags, expiresAtMs: endMs, freshUntilMs }
}

function orNever(atMs: number): number {
  return atMs === NEVER ? Infinity : atMs
}
