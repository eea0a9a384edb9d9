/**
 * The `info` of a slot: a word that says what the slot holds. The store of this word commits an
 * item.
 */

import {
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
