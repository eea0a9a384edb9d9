/**
 * A caller's key, checked and made comparable: bytes in whole words, and their hash.
 *
 * One object is reused for all operations of a thread, so a lookup allocates nothing.
 */

import {
  type CacheKey,
  describe,
  isWellFormed,
  nativeText,
  UndercroftError,
} from '../base/index.ts'
import { type HashName, MAX_KEY_SIZE_LIMIT, type Segment } from '../segment/index.ts'
import { djb33xHash, murmur2Hash, SeededHash } from './hash.ts'

/** Up to this many characters a loop beats the call into C++ (measured: 64 at 45 ns either way). */
const LOOP_LIMIT = 64

/** A character takes at most this many bytes of UTF-8 for each of its UTF-16 units. */
const MAX_BYTES_PER_UNIT = 3

export class PreparedKey {
  readonly words: Int32Array
  readonly bytes: Buffer
  /** Bytes of the key; the rest of its last word is zeros. */
  size = 0
  hash = 0

  readonly #hashName: HashName
  readonly #seeded: SeededHash
  readonly #maxSize: number

  constructor(segment: Segment) {
    const room = new ArrayBuffer((MAX_KEY_SIZE_LIMIT + 1) * MAX_BYTES_PER_UNIT)
    this.words = new Int32Array(room)
    this.bytes = Buffer.from(room)
    this.#hashName = segment.geometry.hash
    this.#seeded = new SeededHash(this.words, segment.seedLow, segment.seedHigh)
    this.#maxSize = segment.geometry.maxKeySize
  }

  /** Takes a key in. Throws UNDERCROFT_KEY_INVALID. */
  prepare(key: CacheKey): void {
    if (typeof key === 'string') {
      const { length } = key
      if (length <= LOOP_LIMIT && length > 0 && length <= this.#maxSize) {
        if (this.#hashName === 'seeded' && this.#seeded.packText(key)) {
          this.size = length
          this.hash = this.#seeded.value
          return
        }
      }
      this.#writeText(key)
    } else {
      this.#copyBytes(key)
    }
    if (this.size === 0 || this.size > this.#maxSize) {
      throw invalidKey(`1 to ${this.#maxSize} bytes long (maxKeySize)`, `${this.size} bytes`)
    }
    this.rehash()
  }

  /** Computes the hash of the bytes that are in place. */
  rehash(): void {
    if (this.#hashName === 'seeded') this.hash = this.#seeded.ofWords(this.size)
    else if (this.#hashName === 'djb33x') this.hash = djb33xHash(this.bytes, this.size)
    else this.hash = murmur2Hash(this.bytes, this.size)
  }

  #writeText(key: string): void {
    if (key.length > this.#maxSize) {
      throw invalidKey(`1 to ${this.#maxSize} bytes long (maxKeySize)`, `${key.length} characters`)
    }
    // Two keys that differ in a lone surrogate alone would become one in UTF-8.
    if (!isWellFormed(key)) {
      throw invalidKey('well-formed Unicode', `${describe(key)}, which has a lone surrogate`)
    }
    this.size = nativeText(this.bytes).utf8Write(key, 0)
    this.#padLastWord()
  }

  #copyBytes(key: Uint8Array): void {
    if (!(key instanceof Uint8Array)) {
      throw invalidKey('a string or a Uint8Array', describe(key))
    }
    this.size = Math.min(key.byteLength, this.#maxSize + 1)
    this.bytes.set(key.subarray(0, this.size))
    this.#padLastWord()
  }

  #padLastWord(): void {
    for (let i = this.size; (i & 3) !== 0; i++) this.bytes[i] = 0
  }
}

function invalidKey(allowed: string, got: string): UndercroftError {
  return new UndercroftError('UNDERCROFT_KEY_INVALID', `a key must be ${allowed}; got ${got}`)
}
