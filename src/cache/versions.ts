/**
 * Compare and set: stores a value only if the item is as it was when it was read.
 */

import {
  type CacheKey,
  describe,
  requireInteger,
  SET_OPTION_NAMES,
  type SetOptions,
  UndercroftError,
} from '../base/index.ts'
import { encodeValue } from '../codecs/index.ts'
import type { StoreOutcome } from '../engine/index.ts'
import type { ItemWrites, StoreCall } from './item-writes.ts'

/** The version of an item that does not exist. */
const ABSENT = 0

/** Another writer came first in each of these tries, so the key is too hot for this method. */
const MOST_TRIES = 1000

const callOf = (name: string, mode: 'add' | 'version'): StoreCall => ({
  name,
  mode,
  optionNames: SET_OPTION_NAMES,
})

const CALLS = {
  compareAndSet: [callOf('compareAndSet', 'add'), callOf('compareAndSet', 'version')],
  update: [callOf('update', 'add'), callOf('update', 'version')],
} as const

export function compareAndSet(
  writes: ItemWrites,
  name: keyof typeof CALLS,
  key: CacheKey,
  version: number,
  value: unknown,
  options: SetOptions | undefined,
): StoreOutcome {
  requireInteger('version', version, ABSENT, Number.MAX_SAFE_INTEGER)
  const [add, replace] = CALLS[name]
  const call = version === ABSENT ? add : replace
  return writes.tryStore(call, key, encodeValue(value), options, { version })
}

/**
 * Reads a value, and stores what `change` makes of it, until no other writer came in between.
 *
 * @param read - returns undefined if there is no item
 */
export function update<V>(
  writes: ItemWrites,
  key: CacheKey,
  read: () => { readonly value: V; readonly version: number } | undefined,
  change: (value: V | undefined) => V | undefined,
  options: SetOptions | undefined,
): V | undefined {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const entry = read()
    const changed = change(entry?.value)
    if (changed === undefined) return entry?.value
    const version = entry?.version ?? ABSENT
    const outcome = compareAndSet(writes, 'update', key, version, changed, options)
    if (outcome === 'stored') return changed
    if (outcome === 'full') return undefined
  }
  throw new UndercroftError(
    'UNDERCROFT_CONTENDED',
    `${describe(key)} changed ${MOST_TRIES} times while it was updated; it is as others left it`,
  )
}
