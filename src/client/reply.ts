/**
 * Reads replies of modifier2 17 from the stream of bytes, checks them, and keeps limits.
 */

import { UndercroftError } from '../base/index.ts'
import {
  ByteSource,
  HEADER_SIZE,
  parseDecimal,
  parseDictionary,
  parseHeader,
  WordTable,
} from '../protocols/uwsgi/index.ts'

export interface Reply {
  readonly status: Status | undefined
  /** Whether the connection stays open. */
  readonly isKept: boolean
  readonly fields: ReadonlyMap<string, Buffer>
  /** The bytes that `size` announces; undefined: the reply has no `size`. */
  readonly body: Buffer | undefined
}

/** A reply with another status has undefined. */
export type Status = 'ok' | 'miss' | 'refused'

/** Found by bytes: making a string takes longer than all else in a reply. */
const STATUSES = new WordTable<Status>([
  ['ok', 'ok'],
  ['miss', 'miss'],
  ['refused', 'refused'],
])

const YES = new WordTable([['1', true]])

export class ReplyReader {
  readonly #source = new ByteSource()
  readonly #maxBodySize: number
  readonly #from: string
  #dictionarySize: number | undefined
  #fields: ReadonlyMap<string, Buffer> | undefined
  #bodySize: number | undefined

  /** @param from - The server's address, for messages. */
  constructor(maxBodySize: number, from: string) {
    this.#maxBodySize = maxBodySize
    this.#from = from
  }

  /** Whether a part of a reply has arrived. */
  get isMidReply(): boolean {
    return this.#dictionarySize !== undefined || this.#source.hasBytes
  }

  push(chunk: Buffer): void {
    this.#source.push(chunk)
  }

  /** @returns the next whole reply, or undefined until more bytes have arrived. */
  next(): Reply | undefined {
    if (this.#dictionarySize === undefined) {
      const header = this.#source.take(HEADER_SIZE)
      if (header === undefined) return undefined
      this.#dictionarySize = parseHeader(header).packetSize // uWSGI's client ignores the modifiers
    }
    if (this.#fields === undefined) {
      const dictionary = this.#source.take(this.#dictionarySize)
      if (dictionary === undefined) return undefined
      this.#fields = this.#parseFields(dictionary)
      this.#bodySize = this.#parseBodySize(this.#fields.get('size'))
    }
    const body = this.#bodySize === undefined ? undefined : this.#source.take(this.#bodySize)
    if (this.#bodySize !== undefined && body === undefined) return undefined
    const reply = {
      status: meaningOf(STATUSES, this.#fields.get('status')),
      isKept: meaningOf(YES, this.#fields.get('keep')) === true,
      fields: this.#fields,
      body,
    }
    this.#dictionarySize = undefined
    this.#fields = undefined
    this.#bodySize = undefined
    return reply
  }

  #parseFields(dictionary: Buffer): ReadonlyMap<string, Buffer> {
    const { pairs, complete } = parseDictionary(dictionary)
    const fields = new Map(pairs)
    if (!complete || !fields.has('status')) {
      throw protocolError(this.#from, 'a reply is not a dictionary with a status')
    }
    return fields
  }

  #parseBodySize(text: Buffer | undefined): number | undefined {
    if (text === undefined) return undefined
    const size = parseDecimal(text)
    if (size === undefined) throw protocolError(this.#from, 'the size in a reply is not a number')
    if (size > this.#maxBodySize) {
      const what = `a reply of ${size} bytes is larger than maxValueSize, ${this.#maxBodySize}`
      throw protocolError(this.#from, `${what}; raise maxValueSize to read it`)
    }
    return size
  }
}

function meaningOf<Meaning>(
  words: WordTable<Meaning>,
  bytes: Buffer | undefined,
): Meaning | undefined {
  return bytes && words.find(bytes, 0, bytes.length)
}

export function protocolError(from: string, what: string): UndercroftError {
  return new UndercroftError('UNDERCROFT_PROTOCOL', `${from}: ${what}`)
}
