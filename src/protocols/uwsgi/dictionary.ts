/**
 * Dictionaries: repeated `u16le nameSize, name, u16le valueSize, value`.
 *
 * uWSGI 2.0.21, core/protocol.c, uwsgi_hooked_parse. Names are words of the protocol and compared
 * byte for byte, so they are latin1 text here; values are bytes.
 */

import { Buffer } from 'node:buffer' // the global is a getter: 20 ns at each use
import { WordTable } from './words.ts'

export type DictionaryPair = readonly [name: string, value: string | Uint8Array]

export interface ParsedDictionary {
  /** The pairs up to the first malformed one, in packet order. Values are views of the input. */
  readonly pairs: readonly (readonly [name: string, value: Buffer])[]
  /** False: a malformed pair ended the parsing. What that means is up to the command. */
  readonly complete: boolean
}

export function parseDictionary(payload: Buffer): ParsedDictionary {
  const pairs: [string, Buffer][] = []
  const complete = eachPair(payload, 0, payload.length, (nameStart, nameEnd, start, end) => {
    const name = NAMES.find(payload, nameStart, nameEnd)
    const text = name ?? payload.toString('latin1', nameStart, nameEnd)
    pairs.push([text, payload.subarray(start, end)])
  })
  return { pairs, complete }
}

/** Where the name and the value of one pair begin and end. */
export type PairVisitor = (
  nameStart: number,
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
) => void

/** Goes through the pairs of a dictionary. False: a malformed one ended it. */
export function eachPair(bytes: Buffer, start: number, end: number, visit: PairVisitor): boolean {
  let offset = start
  while (offset < end) {
    if (end - offset <= LENGTH_SIZE) return false
    const nameStart = offset + LENGTH_SIZE
    const nameEnd = nameStart + bytes.readUInt16LE(offset)
    const valueStart = nameEnd + LENGTH_SIZE
    if (nameEnd === nameStart || valueStart > end) return false
    const valueEnd = valueStart + bytes.readUInt16LE(nameEnd)
    if (valueEnd > end) return false
    visit(nameStart, nameEnd, valueStart, valueEnd)
    offset = valueEnd
  }
  return true
}

/** Bytes that {@link writeDictionary} will write. */
export function dictionarySize(pairs: readonly DictionaryPair[]): number {
  let size = 0
  for (const [name, value] of pairs) size += 2 * LENGTH_SIZE + name.length + valueSize(value)
  return size
}

/** Writes the pairs at `offset`; where they end. Text values must be latin1. */
export function writeDictionary(
  target: Buffer,
  offset: number,
  pairs: readonly DictionaryPair[],
): number {
  let at = offset
  for (const [name, value] of pairs) {
    at = target.writeUInt16LE(name.length, at)
    at = writeText(target, at, name)
    at = target.writeUInt16LE(valueSize(value), at)
    if (typeof value === 'string') at = writeText(target, at, value)
    else {
      target.set(value, at)
      at += value.length
    }
  }
  return at
}

export function encodeDictionary(pairs: readonly DictionaryPair[]): Buffer {
  const payload = Buffer.allocUnsafe(dictionarySize(pairs))
  writeDictionary(payload, 0, pairs)
  return payload
}

const LENGTH_SIZE = 2

/** Names of every day's replies. Others are found as well, only slower. */
const NAMES = new WordTable(
  ['status', 'size', 'keep', 'expires', 'ttl', 'type', 'value', 'reason'].map(
    name => [name, name] as const,
  ),
)

/** Where it ends. Texts are a few characters, which a call into Node takes longer for. */
function writeText(target: Buffer, offset: number, text: string): number {
  for (let i = 0; i < text.length; i++) target[offset + i] = text.charCodeAt(i)
  return offset + text.length
}

function valueSize(value: string | Uint8Array): number {
  return value.length // of latin1 text, one byte a character
}
