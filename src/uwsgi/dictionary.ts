/**
 * Dictionaries: repeated `u16le nameSize, name, u16le valueSize, value`.
 *
 * uWSGI 2.0.21, core/protocol.c, uwsgi_hooked_parse. Names are words of the protocol and compared
 * byte for byte, so they are latin1 text here; values are bytes.
 */

export type DictionaryPair = readonly [name: string, value: string | Uint8Array]

export interface ParsedDictionary {
  /** The pairs up to the first malformed one, in packet order. Values are views of the input. */
  readonly pairs: readonly (readonly [name: string, value: Buffer])[]
  /** False: a malformed pair ended the parsing. What that means is up to the command. */
  readonly complete: boolean
}

export function parseDictionary(payload: Buffer): ParsedDictionary {
  const pairs: [string, Buffer][] = []
  const end = payload.length
  let offset = 0
  while (offset < end) {
    if (end - offset <= LENGTH_SIZE) return { pairs, complete: false }
    const nameStart = offset + LENGTH_SIZE
    const nameEnd = nameStart + payload.readUInt16LE(offset)
    const valueStart = nameEnd + LENGTH_SIZE
    if (nameEnd === nameStart || valueStart > end) return { pairs, complete: false }
    const valueEnd = valueStart + payload.readUInt16LE(nameEnd)
    if (valueEnd > end) return { pairs, complete: false }
    const name = payload.toString('latin1', nameStart, nameEnd)
    pairs.push([name, payload.subarray(valueStart, valueEnd)])
    offset = valueEnd
  }
  return { pairs, complete: true }
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
    at += target.write(name, at, 'latin1')
    at = target.writeUInt16LE(valueSize(value), at)
    if (typeof value === 'string') target.write(value, at, 'latin1')
    else target.set(value, at)
    at += valueSize(value)
  }
  return at
}

export function encodeDictionary(pairs: readonly DictionaryPair[]): Buffer {
  const payload = Buffer.allocUnsafe(dictionarySize(pairs))
  writeDictionary(payload, 0, pairs)
  return payload
}

const LENGTH_SIZE = 2

function valueSize(value: string | Uint8Array): number {
  return value.length // of latin1 text, one byte a character
}
