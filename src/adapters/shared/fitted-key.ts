/**
 * Makes a key of the cache of any key of a host: keys of hosts are often longer than `maxKeySize`.
 *
 * A key that is too long becomes its readable beginning and its SHA-256. Such a key takes exactly
 * `maxKeySize` bytes, and keys that are stored as they are take less, so the two cannot meet.
 */

import { createHash } from 'node:crypto'
import { invalidOption, isWellFormed, requireString } from '../../base/index.ts'

const MARK = '#'
/** A SHA-256 in base64url. */
const HASH_SIZE = 43
/** The smallest `maxKeySize` that leaves room for a beginning. */
const MIN_KEY_SIZE = HASH_SIZE + 13

/** @throws UndercroftError - UNDERCROFT_OPTION_INVALID if two keys could become one */
export function requireRoomForKeys(maxKeySize: number): void {
  if (maxKeySize >= MIN_KEY_SIZE) return
  throw invalidOption(
    'maxKeySize of the cache of an adapter, without its prefix,',
    `at least ${MIN_KEY_SIZE}`,
    maxKeySize,
  )
}

/** @returns the key itself if it fits; else a shorter one of exactly `maxKeySize` bytes */
export function fitKey(key: string, maxKeySize: number): string {
  // A code unit takes at most 3 bytes, so short keys need not be measured.
  const surelyFits = key.length * 3 < maxKeySize
  const fits = surelyFits || Buffer.byteLength(key) < maxKeySize
  if (fits && key !== '' && isWellFormed(key)) return key
  const hash = createHash('sha256').update(key, 'utf16le').digest('base64url')
  const beginning = cut(key, maxKeySize - HASH_SIZE - MARK.length)
  const padding = maxKeySize - HASH_SIZE - Buffer.byteLength(beginning)
  return beginning + MARK.repeat(padding) + hash
}

/** @returns whether `fitKey` made this key shorter, so that the whole key is not known from it */
export function isShortened(stored: string, maxKeySize: number): boolean {
  return stored.length * 3 >= maxKeySize && Buffer.byteLength(stored) === maxKeySize
}

/** @returns as many characters of a string as fit into a number of bytes, in well-formed Unicode */
function cut(text: string, size: number): string {
  const bytes = Buffer.from(text.slice(0, size))
  let end = Math.min(size, bytes.length)
  while (end > 0 && end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end).toString()
}

/** Longest name of a namespace in bytes; it is a part of each key. */
const MAX_NAME_SIZE = 100

/**
 * Makes the name of a namespace of a prefix. No name holds a colon, so `a` with the key `b:c` and
 * `a:b` with the key `c` are two keys. A colon at the end of a prefix, as in `sess:`, is dropped:
 * the namespace has one of its own.
 *
 * @throws UndercroftError - UNDERCROFT_OPTION_INVALID if the prefix is not a string, or empty
 */
export function namespaceName(prefix: string): string {
  const bare = requireString('prefix', prefix).replace(/(?<=.):$/s, '')
  return fitKey(bare.replaceAll('%', '%25').replaceAll(':', '%3A'), MAX_NAME_SIZE)
}
