/**
 * Packets: the four bytes of the header, the dictionary after it, and the words in a dictionary.
 *
 * A dictionary is repeated `u16le nameSize, name, u16le valueSize, value` (uWSGI 2.0.21,
 * core/protocol.c, uwsgi_hooked_parse). Its names are words of the protocol, compared byte for
 * byte, so they are latin1 strings here; its values are bytes.
 */

import { Buffer } from 'node:buffer' // the global is a getter: 20 ns at each use
import { HEADER_SIZE } from './protocol.ts'

export interface PacketHeader {
  readonly modifier1: number
  /** Bytes of payload that follow the header. */
  readonly packetSize: number
  readonly modifier2: number
}

export function parseHeader(bytes: Buffer): PacketHeader {
  return {
    modifier1: bytes.readUInt8(0),
    packetSize: bytes.readUInt16LE(1),
    modifier2: bytes.readUInt8(3),
  }
}

/** @throws RangeError for a payload that its 16-bit size cannot describe. */
export function writeHeader(target: Buffer, header: PacketHeader): void {
  target.writeUInt8(header.modifier1, 0)
  target.writeUInt16LE(header.packetSize, 1)
  target.writeUInt8(header.modifier2, 3)
}

/** A packet around bytes that are a payload already. */
export function encodePacket(modifier1: number, modifier2: number, payload: Uint8Array): Buffer {
  const packet = Buffer.allocUnsafe(HEADER_SIZE + payload.length)
  writeHeader(packet, { modifier1, packetSize: payload.length, modifier2 })
  packet.set(payload, HEADER_SIZE)
  return packet
}

/** Bodies up to this size are copied behind their dictionary, so that one write sends both. */
const INLINE_BODY_SIZE = 16_384

/**
 * A packet with a dictionary, and the body after it.
 *
 * @returns The buffers to send in order: one when the body is small, otherwise the body as a buffer
 * of its own, which saves copying it.
 */
export function encodeDictionaryPacket(
  modifier1: number,
  modifier2: number,
  pairs: readonly DictionaryPair[],
  body?: Uint8Array,
): readonly Uint8Array[] {
  const packetSize = dictionarySize(pairs)
  const inlined = body !== undefined && body.length <= INLINE_BODY_SIZE ? body : undefined
  const head = Buffer.allocUnsafe(HEADER_SIZE + packetSize + (inlined?.length ?? 0))
  writeHeader(head, { modifier1, packetSize, modifier2 })
  const end = writeDictionary(head, HEADER_SIZE, pairs)
  if (body === undefined) return [head]
  if (inlined === undefined) return [head, body]
  head.set(inlined, end)
  return [head]
}

export type DictionaryPair = readonly [name: string, value: string | Uint8Array]

export interface ParsedDictionary {
  /** The pairs up to the first malformed one, in packet order. Values are views of the input. */
  readonly pairs: readonly (readonly [name: string, value: Buffer])[]
  /** False: a malformed pair ended the parsing. Each command decides what that means. */
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

/** Visits the pairs of a dictionary. False: a malformed pair ended the visit. */
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

export function encodeDictionary(pairs: readonly DictionaryPair[]): Buffer {
  const payload = Buffer.allocUnsafe(dictionarySize(pairs))
  writeDictionary(payload, 0, pairs)
  return payload
}

/** Bytes that {@link writeDictionary} will write. */
function dictionarySize(pairs: readonly DictionaryPair[]): number {
  let size = 0
  // The length of a latin1 string is its size: one byte for each character.
  for (const [name, value] of pairs) size += 2 * LENGTH_SIZE + name.length + value.length
  return size
}

/** Writes the pairs at `offset` and returns where they end. Values that are text must be latin1. */
function writeDictionary(target: Buffer, offset: number, pairs: readonly DictionaryPair[]): number {
  let at = offset
  for (const [name, value] of pairs) {
    at = target.writeUInt16LE(name.length, at)
    at = writeText(target, at, name)
    at = target.writeUInt16LE(value.length, at)
    if (typeof value === 'string') at = writeText(target, at, value)
    else {
      target.set(value, at)
      at += value.length
    }
  }
  return at
}

const LENGTH_SIZE = 2

/** Returns where the text ends. Texts have a few characters, and a call into Node takes longer. */
function writeText(target: Buffer, offset: number, text: string): number {
  for (let i = 0; i < text.length; i++) target[offset + i] = text.charCodeAt(i)
  return offset + text.length
}

/**
 * Words of the protocol, known beforehand and found by their bytes: 15 ns, where making a string
 * of the bytes takes 150.
 */
export class WordTable<Meaning> {
  /** By size and first byte, which few words share. */
  readonly #groups = new Map<number, Entry<Meaning>[]>()

  constructor(entries: Iterable<readonly [word: string, meaning: Meaning]>) {
    for (const [word, meaning] of entries) {
      const bytes = Buffer.from(word, 'latin1')
      const group = groupOf(bytes, 0, bytes.length)
      this.#groups.set(group, [...(this.#groups.get(group) ?? []), { bytes, meaning }])
    }
  }

  /** The meaning of the word in these bytes; undefined: the table does not have the word. */
  find(bytes: Buffer, start: number, end: number): Meaning | undefined {
    const group = this.#groups.get(groupOf(bytes, start, end))
    if (group === undefined) return undefined
    for (const entry of group) if (isSame(entry.bytes, bytes, start)) return entry.meaning
    return undefined
  }
}

interface Entry<Meaning> {
  readonly bytes: Buffer
  readonly meaning: Meaning
}

/** An empty word at the end of the bytes has no first byte, so it gets a group of its own. */
function groupOf(bytes: Buffer, start: number, end: number): number {
  return (end - start) * 256 + (bytes[start] ?? 0)
}

function isSame(word: Buffer, bytes: Buffer, start: number): boolean {
  for (let i = 0; i < word.length; i++) if (word[i] !== bytes[start + i]) return false
  return true
}

/** The names in most replies. Other names are found as well, but more slowly. */
const NAMES = new WordTable(
  ['status', 'size', 'keep', 'expires', 'ttl', 'type', 'value', 'reason'].map(
    name => [name, name] as const,
  ),
)
