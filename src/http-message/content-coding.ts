/**
 * Whether a body still has the compression that its Content-Encoding names.
 *
 * `fetch` decodes bodies and keeps the field as it came, and so does everything that passes such a
 * response on. If the response were served again with that field, browsers would fail to decode its
 * plain body.
 */

import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'

/**
 * A body that decodes without an error up to this size counts as compressed. The limit also bounds
 * the work that a decompression bomb can cause.
 */
const ENOUGH_SIZE = 1024 * 1024

/** RFC 8878 section 3.1.1. Older Node versions cannot decode Zstandard, but frames have a mark. */
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

const DECODERS = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
}

/** @returns whether Content-Encoding names a coding that the body does not have */
export async function isDecoded(response: Response, body: Buffer): Promise<boolean> {
  const label = response.headers.get('content-encoding')
  if (label === null) return false
  const codings = label.split(',').map(coding => coding.trim().toLowerCase())
  // A response that fetch itself made, and not a constructor, has lost exactly the codings that
  // fetch knows. Its bytes would mislead for a .tar.gz that was compressed once more on its way.
  const isFetched = response.type !== 'default'
  if (isFetched && codings.every(isKnown)) return true
  return !(await hasCoding(codings.at(-1) ?? '', body))
}

/** Checks the coding that was applied last. A coding that Node does not know is still there. */
async function hasCoding(coding: string, body: Buffer): Promise<boolean> {
  if (coding === 'zstd') return body.subarray(0, ZSTD_MAGIC.length).equals(ZSTD_MAGIC)
  if (!isKnown(coding)) return true
  try {
    await DECODERS[coding](body, { maxOutputLength: ENOUGH_SIZE })
    return true
  } catch (failure) {
    return failure instanceof RangeError // the decoded body exceeds ENOUGH_SIZE
  }
}

function isKnown(coding: string): coding is keyof typeof DECODERS {
  return Object.hasOwn(DECODERS, coding)
}
