/**
 * The names of an item's tags: checked, as bytes in the form of a trailer, and hashed.
 *
 * A thread reuses one object for all operations, as it does with keys.
 */

import { describe, isWellFormed, nativeText, UndercroftError } from '../base/index.ts'
import { MAX_TAG_SIZE, type Segment } from '../segment/index.ts'
import { seededHash } from './hash.ts'

/** The most tags of an item. */
export const MAX_TAGS_AN_ITEM = 64

const MAX_BYTES_PER_UNIT = 3
const LAST_ASCII = 0x7f
const LOOP_LIMIT = 32

export class TagNames {
  count = 0
  /** The bytes that the names take in `words`, each with its size before it. */
  size = 0
  readonly words = new Int32Array((MAX_TAGS_AN_ITEM * (1 + MAX_TAG_SIZE)) / 4)
  readonly #bytes = Buffer.from(this.words.buffer)
  /** The hashes of each tag. The high one is never 0. */
  readonly low = new Int32Array(MAX_TAGS_AN_ITEM)
  readonly high = new Int32Array(MAX_TAGS_AN_ITEM)

  /** The tag that is being added. */
  readonly #tagWords = new Int32Array(((MAX_TAG_SIZE + 1) * MAX_BYTES_PER_UNIT) / 4)
  readonly #tagBytes = Buffer.from(this.#tagWords.buffer)
  readonly #label: string
  readonly #maxTags: number
  readonly #seedLow: number
  readonly #seedHigh: number

  constructor(segment: Segment) {
    this.#label = segment.label
    this.#maxTags = segment.geometry.maxTags
    this.#seedLow = segment.seedLow
    this.#seedHigh = segment.seedHigh
  }

  /**
   * Takes the tags of one item. A tag that is named twice counts once.
   *
   * @throws UndercroftError - UNDERCROFT_TAGS_INVALID
   */
  prepare(tags: readonly string[]): void {
    if (!Array.isArray(tags)) throw invalidTags('an array of strings', describe(tags))
    this.count = 0
    this.size = 0
    if (tags.length === 0) return
    if (this.#maxTags === 0) {
      throw new UndercroftError(
        'UNDERCROFT_TAGS_INVALID',
        `${this.#label} takes no tags: it was created with maxTags: 0`,
      )
    }
    if (tags.length > MAX_TAGS_AN_ITEM) {
      throw invalidTags(`at most ${MAX_TAGS_AN_ITEM}`, String(tags.length))
    }
    for (let i = 0; i < tags.length; i++) {
      if (i === 0 || tags.indexOf(tags[i]) === i) this.#add(tags[i])
    }
  }

  #add(tag: string): void {
    const size = this.#write(tag)
    const words = this.#tagWords
    const i = this.count
    this.low[i] = seededHash(words, size, this.#seedLow, this.#seedHigh)
    this.high[i] = seededHash(words, size, ~this.#seedLow, this.#seedHigh) || 1
    const bytes = this.#bytes
    bytes[this.size] = size
    for (let j = 0; j < size; j++) bytes[this.size + 1 + j] = this.#tagBytes[j]
    this.size += 1 + size
    this.count = i + 1
  }

  /** Writes a tag into the scratch words, padded with zeros. */
  #write(tag: string): number {
    if (typeof tag !== 'string') throw invalidTags('strings', describe(tag))
    const isLong = tag.length > MAX_TAG_SIZE
    const size = isLong ? tag.length : this.#writeText(tag)
    if (size === 0 || size > MAX_TAG_SIZE) {
      throw invalidTags(`1 to ${MAX_TAG_SIZE} bytes long`, `${describe(tag)}, ${size} bytes`)
    }
    if (!isWellFormed(tag)) {
      throw invalidTags('well-formed Unicode', `${describe(tag)}, which has a lone surrogate`)
    }
    for (let i = size; (i & 3) !== 0; i++) this.#tagBytes[i] = 0
    return size
  }

  /** A loop over a short ASCII tag takes half the time of a native call. */
  #writeText(tag: string): number {
    const bytes = this.#tagBytes
    for (let i = 0; i < tag.length; i++) {
      const code = tag.charCodeAt(i)
      if (code > LAST_ASCII || i === LOOP_LIMIT) return nativeText(bytes).utf8Write(tag, 0)
      bytes[i] = code
    }
    return tag.length
  }
}

function invalidTags(allowed: string, got: string): UndercroftError {
  return new UndercroftError('UNDERCROFT_TAGS_INVALID', `tags must be ${allowed}; got ${got}`)
}
