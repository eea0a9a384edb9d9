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
import type { Engine } from '../engine/index.ts'
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
  if (found === undefined) return undefined
  const { expiresAtMs, freshUntilMs } = found
  const endMs = orNever(expiresAtMs)
  return {
    ...found,
    tags: withoutReserved(found.tags),
    expiresAtMs: endMs,
    freshUntilMs: Math.min(orNever(freshUntilMs), endMs),
  }
}

function orNever(atMs: number): number {
  return atMs === NEVER ? Infinity : atMs
}
