/**
 * Converts the options of a call to the circumstances of an item.
 */

import {
  describe,
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

/** The first character of the tags that namespaces use, which no other tag has. */
const RESERVED = '\0'

/** The option by which a namespace passes its tags. It is not public, so no caller has it. */
export const NAMESPACE_TAGS: unique symbol = Symbol('tags of the namespace')

/** The options of a call through a namespace. */
export interface NamespaceTags {
  readonly [NAMESPACE_TAGS]?: readonly string[] | undefined
}

/** @returns whether an item with these options has circumstances, or they are invalid */
export function asksForCircumstances(options: SetOptions & NamespaceTags): boolean {
  return (
    options?.tags !== undefined ||
    options?.staleMs !== undefined ||
    options?.pinned !== undefined ||
    options?.[NAMESPACE_TAGS] !== undefined
  )
}

/**
 * @param freshUntilMs - the end of the item's TTL
 * @param madeAt - the generation of the cache before the value was made
 * @returns undefined if the item has none
 */
export function circumstancesOf(
  options: SetOptions & NamespaceTags,
  freshUntilMs: number,
  madeAt?: number,
): Circumstances | undefined {
  if (!asksForCircumstances(options)) return undefined
  const { tags: own, staleMs, pinned, [NAMESPACE_TAGS]: inherited } = options
  const tags = own === undefined ? inherited : [...(inherited ?? []), ...requireTags(own)]
  if (staleMs !== undefined) requireDuration('staleMs', staleMs)
  if (pinned !== undefined) requireBoolean('pinned', pinned)
  const hasStaleTime = staleMs !== undefined && staleMs > 0
  return { tags, pinned, madeAt, freshUntilMs: hasStaleTime ? freshUntilMs : NEVER }
}

function requireTags(tags: readonly string[]): readonly string[] {
  if (!Array.isArray(tags)) throw invalidOption('tags', 'an array of strings', tags)
  for (const tag of tags) requireTag(tag)
  return tags
}

/** Refuses the tags that are reserved for namespaces. The engine checks everything else. */
export function requireTag(tag: string): string {
  if (!isReserved(tag)) return tag
  throw new UndercroftError(
    'UNDERCROFT_TAGS_INVALID',
    `a tag must not begin with the character U+0000; got ${describe(tag)}`,
  )
}

/** @returns the tags that callers gave, without those of namespaces */
export function withoutReserved(tags: readonly string[]): readonly string[] {
  return tags.some(isReserved) ? tags.filter(tag => !isReserved(tag)) : tags
}

function isReserved(tag: string): boolean {
  return typeof tag === 'string' && tag.startsWith(RESERVED)
}

/** @returns the tag of all items whose keys a namespace gave this prefix */
export function namespaceTag(prefix: string): string {
  return RESERVED + prefix
}

/** @returns the prefix of the namespace that was cleared by the deletion of this tag, if any */
export function clearedPrefix(tag: string): string | undefined {
  return isReserved(tag) ? tag.slice(RESERVED.length) : undefined
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
