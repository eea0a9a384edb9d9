/**
 * Arrays: repeated `u16le size, bytes`, read in two ways.
 *
 * `parseArray` reads as uWSGI does, oddities included (core/protocol.c, uwsgi_parse_array).
 * Byte lists are ours, for the bodies of `keys` and `caches`, and have no oddities.
 */

/** uWSGI has room for three items and ignores the rest. */
const MAX_ITEMS = 3

const LENGTH_SIZE = 2

/**
 * Parses at most three items. An empty item is skipped and not counted. Each item needs more than
 * two bytes left at its start, so an empty last item fails the whole array.
 *
 * @returns undefined when the array is malformed.
 */
export function parseArray(payload: Buffer): readonly Buffer[] | undefined {
  const items: Buffer[] = []
  let offset = 0
  while (offset < payload.length && items.length < MAX_ITEMS) {
    if (payload.length - offset <= LENGTH_SIZE) return undefined
    const start = offset + LENGTH_SIZE
    offset = start + payload.readUInt16LE(offset)
    if (offset > payload.length) return undefined
    if (offset > start) items.push(payload.subarray(start, offset))
  }
  return items
}

export function encodeByteList(items: readonly Uint8Array[]): Buffer {
  let size = 0
  for (const item of items) size += LENGTH_SIZE + item.length
  const bytes = Buffer.allocUnsafe(size)
  let offset = 0
  for (const item of items) {
    offset = bytes.writeUInt16LE(item.length, offset)
    bytes.set(item, offset)
    offset += item.length
  }
  return bytes
}

/** @returns the items as views of `bytes`, or undefined when a size does not fit. */

export function parseByteList(bytes: Buffer): Buffer[] | undefined {
  const items: Buffer[] = []
  let offset = 0
  while (offset < bytes.length) {
    const start = offset + LENGTH_SIZE
    if (start > bytes.length) return undefined
    offset = start + bytes.readUInt16LE(offset)
    if (offset > bytes.length) return undefined
    items.push(bytes.subarray(start, offset))
  }
  return items
}
