/**
 * Whether a body still has the compression that its Content-Encoding names.
 *
 * `fetch` decodes bodies and leaves the field as it came, and so does everything that passes such a
 * response on. Served again, the field would make browsers fail to decode a plain body.
 */

import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'

/** This much decoded without an error is proof enough, and bounds what a decoding bomb can do. */
const ENOUGH_SIZE = 1024 * 1024

/** RFC 8878 section 3.1.1. Older Nodes cannot decode Zstandard, but its frames are marked. */
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

const DECODERS = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
}

/** True: Content-Encoding names a coding that the body does not have. */
export async function isDecoded(response: Response, body: Buffer): Promise<boolean> {
  const label = response.headers.get('content-encoding')
  if (label === null) return false
  const codings = label.split(',').map(coding => coding.trim().toLowerCase())
  // Made by fetch itself, not by a constructor: then it has undone exactly the codings it knows.
  // The bytes would mislead here, for a .tar.gz that was compressed once more on its way.
  const isFetched = response.type !== 'default'
  if (isFetched && codings.every(isKnown)) return true
  return !(await isIn(codings.at(-1) ?? '', body))
}

/** Asked of the coding applied last. One that nobody here knows, nobody here has undone. */
async function isIn(coding: string, body: Buffer): Promise<boolean> {
  if (coding === 'zstd') return body.subarray(0, ZSTD_MAGIC.length).equals(ZSTD_MAGIC)
  if (!isKnown(coding)) return true
  try {
    await DECODERS[coding](body, { maxOutputLength: ENOUGH_SIZE })
    return true
  } catch (failure) {
    return failure instanceof RangeError // more came out than ENOUGH_SIZE
  }
}

function isKnown(coding: string): coding is keyof typeof DECODERS {
  return Object.hasOwn(DECODERS, coding)
}
