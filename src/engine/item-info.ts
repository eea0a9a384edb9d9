/**
 * The `info` of a slot, a word that says what the slot holds, and the version of an item. The store
 * of `info` commits an item.
 */

import {
  CHANGE_STEP,
  INFO_KNOWN_BITS,
  INFO_PINNED,
  INFO_TRAILER,
  INFO_WRITING,
  KEY_SIZE_MASK,
  TYPE_MASK,
  TYPE_SHIFT,
} from '../segment/index.ts'

/** @param type - the value's type; a source that has marks of `info` has them above it */
export function packInfo(keySize: number, type: number): number {
  return keySize | (type << TYPE_SHIFT)
}

export function keySizeOf(info: number): number {
  return info & KEY_SIZE_MASK
}

export function valueTypeOf(info: number): number {
  return (info >> TYPE_SHIFT) & TYPE_MASK
}

export function hasTrailer(info: number): boolean {
  return (info & INFO_TRAILER) !== 0
}

export function isPinned(info: number): boolean {
  return (info & INFO_PINNED) !== 0
}

/** @returns whether these bits can be those of a complete item */
export function isCompleteInfo(info: number): boolean {
  return keySizeOf(info) > 0 && (info & ~INFO_KNOWN_BITS) === 0 && (info & INFO_WRITING) === 0
}

/** The bits of the mark below the count of changes. */
const MARK_BITS = Math.log2(CHANGE_STEP)
/** The product with the largest slot is a safe integer. */
const VERSIONS_A_SLOT = 2 ** 24

/**
 * @param changes - the word of the slot that counts changes above the mark of the eviction policy
 * @returns a number that no item of the cache has after this one changed, until the slot changed
 *   2^24 times; never 0
 */
export function versionOf(slot: number, changes: number): number {
  // Integer operations: a division and a remainder of doubles take 20 ns.
  return slot * VERSIONS_A_SLOT + ((changes >>> MARK_BITS) & (VERSIONS_A_SLOT - 1))
}
