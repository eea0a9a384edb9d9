/**
 * Reads trailers: the end of an item's stored bytes, which holds its circumstances (its tags, and
 * how long it is fresh). circumstances.ts writes them.
 *
 * The bytes may change while they are read, so each number is checked before use.
 */

import { MAX_TAG_SIZE, type Segment, TRAILER } from '../segment/index.ts'
import { MAX_TAGS_AN_ITEM } from './tag-names.ts'

/** The fields of the record at the end, in doubles or words from its start. */
export const FRESH_UNTIL = TRAILER.fields.freshUntilMs.offset / 8
export const GENERATION_STORED = TRAILER.fields.generation.offset / 8
export const VALUE_SIZE = TRAILER.fields.valueSize.offset / 4
export const TAG_COUNT = TRAILER.fields.tagCount.offset / 4
export const PLACE_SIZE = 4

const MAX_NAMES_SIZE = MAX_TAGS_AN_ITEM * (1 + MAX_TAG_SIZE)

const TRAILER_WORDS = TRAILER.size / 4

export class Trailer {
  /** The size of the value alone. */
  valueSize = 0
  tagCount = 0
  /** The position of the record, in words. */
  #record = 0
  /** The bytes of the names, including their padding, which ends at the first place. */
  #namesSize = 0

  readonly #words: Int32Array
  readonly #doubles: Float64Array
  readonly #bytes: Buffer

  constructor({ words, doubles, bytes }: Segment) {
    this.#words = words
    this.#doubles = doubles
    this.#bytes = bytes
  }

  /**
   * Finds the trailer of stored bytes, which must lie within the reserved blocks, at a multiple of
   * 8. What is checked here is not read again.
   *
   * @returns false if there is no trailer
   */
  read(offset: number, size: number): boolean {
    if (size < TRAILER.size || (size & 7) !== 0) return false
    const words = this.#words
    const record = (offset + size) / 4 - TRAILER_WORDS
    const valueSize = words[record + VALUE_SIZE]
    const tagCount = words[record + TAG_COUNT]
    if (valueSize < 0 || valueSize > size || tagCount < 0 || tagCount > MAX_TAGS_AN_ITEM) {
      return false
    }
    const namesSize = size - TRAILER.size - padded(tagCount * PLACE_SIZE) - padded(valueSize)
    if (namesSize < 0 || namesSize > MAX_NAMES_SIZE) return false
    this.valueSize = valueSize
    this.tagCount = tagCount
    this.#record = record
    this.#namesSize = namesSize
    return true
  }

  /** 0: the item is fresh as long as it lives. */
  get freshUntilMs(): number {
    return this.#doubles[this.#record / 2 + FRESH_UNTIL]
  }

  get generation(): number {
    return this.#doubles[this.#record / 2 + GENERATION_STORED]
  }

  /** Makes the item fresh until another moment. It runs under the lock. */
  setFreshUntilMs(atMs: number): void {
    this.#doubles[this.#record / 2 + FRESH_UNTIL] = atMs
  }

  /** The position of the first tag's place, in words. The places can be any number. */
  get places(): number {
    return this.#record - padded(this.tagCount * PLACE_SIZE) / 4
  }

  /** @returns the names of the tags, or undefined if the bytes are something else */
  names(): string[] | undefined {
    const names: string[] = []
    const endOfNames = this.places * 4
    let at = endOfNames - this.#namesSize
    for (let i = 0; i < this.tagCount; i++) {
      const size = at < endOfNames ? this.#bytes[at] : 0
      const end = at + 1 + size
      if (size === 0 || end > endOfNames) return undefined
      const name = this.#bytes.toString('utf8', at + 1, end)
      // Other bytes than UTF-8 decode to characters that stand for them, of another size.
      if (Buffer.byteLength(name) !== size) return undefined
      names.push(name)
      at = end
    }
    return names
  }
}

/** Trailers begin at a multiple of this. */
export const TRAILER_ALIGNMENT = 8

/** @returns a size rounded up to a multiple of TRAILER_ALIGNMENT */
export function padded(size: number): number {
  return size + (-size & 7)
}
