/**
 * Converts the options of a call to the circumstances of an item.
 */

import {
  invalidOption,
  NEVER,
  type OptionNames,
  requireBoolean,
  requireCallOptions,
  requireDuration,
  type SetOptions,
  UndercroftError,
} from '../base/index.ts'
import type { Circumstances } from '../engine/index.ts'
import type { Geometry } from '../segment/index.ts'

/**
 * @param freshUntilMs - the end of the item's TTL
 * @param madeAt - the generation of the cache before the value was made
 * @returns undefined if the item has none
 */
export function circumstancesOf(
  { tags, staleMs, pinned }: SetOptions,
  freshUntilMs: number,
  madeAt?: number,
): Circumstances | undefined {
  if (tags === undefined && staleMs === undefined && pinned === undefined) return undefined
  if (tags !== undefined && !Array.isArray(tags)) {
    throw invalidOption('tags', 'an array of strings', tags)
  }
  if (staleMs !== undefined) requireDuration('staleMs', staleMs)
  if (pinned !== undefined) requireBoolean('pinned', pinned)
  const hasStaleTime = staleMs !== undefined && staleMs > 0
  return { tags, pinned, madeAt, freshUntilMs: hasStaleTime ? freshUntilMs : NEVER }
}

/** @returns the end of an item that may be stale for a time after its TTL */
export function endAfterStale(freshUntilMs: number, staleMs = 0): number {
  if (freshUntilMs === NEVER || staleMs === Infinity) return NEVER
  return freshUntilMs + Math.ceil(staleMs)
}

/** How `deleteTag` deletes. */
export interface DeleteTagOptions {
  /** The items become stale: misses, except for callers that ask for stale ones. @default false */
  readonly soft?: boolean | undefined
}

const DELETE_TAG_OPTION_NAMES: OptionNames<DeleteTagOptions> = { soft: true }

export function isSoft(options: DeleteTagOptions | undefined): boolean {
  if (options === undefined) return false
  requireCallOptions('deleteTag', options, DELETE_TAG_OPTION_NAMES)
  return requireBoolean('soft', options.soft ?? false)
}

/** The error of a call that stores a pinned item where no more can be pinned. */
export function pinsFull({ maxItems, blockCount }: Geometry): UndercroftError {
  return new UndercroftError(
    'UNDERCROFT_PINS_FULL',
    `no room for another pinned item: an eighth of a cache can be pinned, here of ${maxItems} ` +
      `items and ${blockCount} blocks. Delete pinned items, give them a ttlMs, or make the cache ` +
      'larger',
  )
}
