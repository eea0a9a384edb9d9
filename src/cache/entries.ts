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
import type { Engine } from '../engine/index.ts'

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
  if (found === undefined) return undefined
  const { expiresAtMs, freshUntilMs } = found
  const endMs = orNever(expiresAtMs)
  return {
    ...found,
    value: values.finish(found.value),
    expiresAtMs: endMs,
    freshUntilMs: Math.min(orNever(freshUntilMs), endMs),
  }
}

function orNever(atMs: number): number {
  return atMs === NEVER ? Infinity : atMs
}
