/**
 * Declares the options of single calls, and the names that each call accepts.
 *
 * A misspelt option would be ignored silently, and an item with `{ ttl: 5 }` would never end. So
 * every call refuses names that it does not know. Each table of names is a `Record` over the
 * interface's keys: an option that is added to one and not to the other does not compile.
 */

import { invalidOption, requireKnownNames } from './options.ts'

/** When an item ends. */
export interface TtlOptions {
  /**
   * Milliseconds that the item lives, from 0 (already over) to `Infinity` (never ends). Fractions
   * are rounded up. @default the cache's `ttlMs`
   */
  readonly ttlMs?: number | undefined
}

/** What an item has in addition to its value and its end. Only a local cache takes these. */
export interface CircumstanceOptions {
  /**
   * Up to 64 tags of 1 to 255 bytes of UTF-8. `deleteTag` deletes all items of a tag at once. An
   * item with tags takes 24 bytes more, and 5 and the tag's bytes for each. @default none
   */
  readonly tags?: readonly string[] | undefined
  /**
   * Nothing evicts the item while it lives. An eighth of a cache can be pinned. @default false
   */
  readonly pinned?: boolean | undefined
}

/** How a value is stored. */
export interface SetOptions extends TtlOptions, CircumstanceOptions {
  /**
   * Milliseconds after `ttlMs` for which the cache keeps the value as a stale one: a miss, except
   * for callers that ask for stale values. @default 0
   */
  readonly staleMs?: number | undefined
}

/** How `setItem` stores. */
export interface SetItemOptions extends TtlOptions {
  /** Store in any case, only if absent, or only over a live item. @default 'set' */
  readonly mode?: 'set' | 'add' | 'replace' | undefined
}

/** What a counter operation does if the key is absent. */
export interface CounterOptions extends TtlOptions {
  /** The value before the operation if the key is absent. @default the cache's `counterInitial` */
  readonly initial?: number | bigint | undefined
  /**
   * Change only a counter that exists. The call creates no counter and ignores `initial`.
   * @default false
   */
  readonly onlyPresent?: boolean | undefined
}

/** How `count` counts. */
export interface CountOptions extends CounterOptions {
  /**
   * Refuse a result that a JavaScript number cannot hold, with UNDERCROFT_COUNTER_RANGE, and keep
   * the old value. @default false
   */
  readonly safe?: boolean | undefined
}

/** The names of an interface's options. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>

export const TTL_OPTION_NAMES: OptionNames<TtlOptions> = { ttlMs: true }
const CIRCUMSTANCE_OPTION_NAMES: OptionNames<CircumstanceOptions> = { tags: true, pinned: true }
export const SET_OPTION_NAMES: OptionNames<SetOptions> = {
  ttlMs: true,
  staleMs: true,
  ...CIRCUMSTANCE_OPTION_NAMES,
}
export const SET_ITEM_OPTION_NAMES: OptionNames<SetItemOptions> = { ttlMs: true, mode: true }
export const COUNTER_OPTION_NAMES: OptionNames<CounterOptions> = {
  ttlMs: true,
  initial: true,
  onlyPresent: true,
}
export const COUNT_OPTION_NAMES: OptionNames<CountOptions> = {
  ...COUNTER_OPTION_NAMES,
  safe: true,
}
export const LOCAL_SET_ITEM_OPTION_NAMES: OptionNames<SetItemOptions & SetOptions> = {
  ...SET_OPTION_NAMES,
  ...SET_ITEM_OPTION_NAMES,
}
export const LOCAL_COUNTER_OPTION_NAMES: OptionNames<CounterOptions & CircumstanceOptions> = {
  ...COUNTER_OPTION_NAMES,
  ...CIRCUMSTANCE_OPTION_NAMES,
}
export const LOCAL_COUNT_OPTION_NAMES: OptionNames<CountOptions & CircumstanceOptions> = {
  ...COUNT_OPTION_NAMES,
  ...CIRCUMSTANCE_OPTION_NAMES,
}

/**
 * Refuses options that are not an object, and names that `call` does not know.
 *
 * `ttlMs` is compared first, because it is the only option of most calls. The check of `{ ttlMs }`
 * is then one comparison, without a lookup in `names`.
 *
 * @throws UndercroftError - UNDERCROFT_OPTION_INVALID, with the given name, the allowed names and
 * the name that was probably meant
 */
export function requireCallOptions(
  call: string,
  options: object,
  names: Readonly<Record<string, true>>,
): void {
  if (typeof options !== 'object' || options === null) {
    const known = Object.keys(names).join(', ')
    const allowed = `an object such as { ttlMs: 60000 }; its names are ${known}`
    throw invalidOption(`the options of ${call}`, allowed, options)
  }
  for (const name in options) {
    if (name !== 'ttlMs' && names[name] !== true) requireKnownNames(call, options, names)
  }
}
