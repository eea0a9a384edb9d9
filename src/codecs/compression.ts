/**
 * Compresses values, and expands them again.
 *
 * Compressed bytes begin with a header: the method (1 byte), 3 bytes of zero, and the size of the
 * plain bytes (4 bytes, little-endian). So each process can read them, regardless of its own
 * options. The type of the item is that of the plain bytes plus COMPRESSED.
 */

import * as zlib from 'node:zlib'
import { COMPRESSED, UndercroftError, type ValueSource } from '../base/index.ts'
import { encodedBytes } from './encode.ts'

/** The ways to compress. */
export type CompressionMethod = 'zstd' | 'brotli' | 'gzip'

/** Which values a cache compresses, and how. */
export interface CompressOptions {
  /** Values of at least this many bytes are compressed, if that makes them smaller. */
  readonly minSize: number
  /**
   * `zstd` is the fastest. Only Node 22.15, 23.8 and later have it, and an older Node that meets
   * such a value throws UNDERCROFT_CODEC_FAILED. @default 'zstd' if this Node has it, else 'gzip'
   */
  readonly method?: CompressionMethod | undefined
}

/** Compresses and expands whole values. Node's types do not have zstd yet. */
interface Compressor {
  /** Segments store these numbers. */
  readonly id: number
  compress(bytes: Uint8Array): Buffer
  expand(bytes: Uint8Array, limit: { readonly maxOutputLength: number }): Buffer
}

type ZstdFunctions = {
  readonly zstdCompressSync?: Compressor['compress']
  readonly zstdDecompressSync?: Compressor['expand']
}

const HEADER_SIZE = 8
const { zstdCompressSync, zstdDecompressSync }: ZstdFunctions = zlib as ZstdFunctions

/** Brotli's default takes 50 times as long, and its output is a tenth smaller. */
const BROTLI = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }

const COMPRESSORS: Readonly<Record<CompressionMethod, Compressor>> = {
  zstd: {
    id: 1,
    compress: bytes => (zstdCompressSync ?? throwNoZstd)(bytes),
    expand: (bytes, limit) => (zstdDecompressSync ?? throwNoZstd)(bytes, limit),
  },
  brotli: {
    id: 2,
    compress: bytes => zlib.brotliCompressSync(bytes, BROTLI),
    expand: (bytes, limit) => zlib.brotliDecompressSync(bytes, limit),
  },
  gzip: {
    id: 3,
    compress: bytes => zlib.gzipSync(bytes),
    expand: (bytes, limit) => zlib.gunzipSync(bytes, limit),
  },
}

export const COMPRESSION_METHODS = Object.keys(COMPRESSORS) as CompressionMethod[]
export const DEFAULT_METHOD: CompressionMethod = zstdCompressSync === undefined ? 'gzip' : 'zstd'

/** @returns whether this Node can compress by the method */
export function hasMethod(method: CompressionMethod): boolean {
  return method !== 'zstd' || zstdCompressSync !== undefined
}

/** @returns the compressed value; the same value if it would not be smaller */
export function compress(source: ValueSource, method: CompressionMethod): ValueSource {
  const plain = Buffer.allocUnsafe(source.size)
  source.writeTo(plain, 0)
  const { id, compress: run } = COMPRESSORS[method]
  const compressed = run(plain)
  if (compressed.length + HEADER_SIZE >= source.size) return source
  const header = Buffer.alloc(HEADER_SIZE)
  header[0] = id
  header.writeUInt32LE(source.size, 4)
  return encodedBytes(
    Buffer.concat([header, compressed]),
    source.type | COMPRESSED,
    encodedBytes(plain, source.type),
  )
}

/** @returns the size of the plain bytes, as the header has it */
export function plainSizeOf(compressed: Buffer): number {
  return compressed.length < HEADER_SIZE ? 0 : compressed.readUInt32LE(4)
}

/**
 * Expands bytes from shared memory, which may be anything.
 *
 * @throws UndercroftError - UNDERCROFT_CORRUPT for bytes that are not what the header says, or that
 * would be more than `maxSize`; UNDERCROFT_CODEC_FAILED if this Node cannot read the method
 */
export function expand(compressed: Buffer, maxSize: number): Buffer {
  const size = plainSizeOf(compressed)
  const compressor = Object.values(COMPRESSORS).find(({ id }) => id === compressed[0])
  if (compressor === undefined || size === 0 || size > maxSize) throw notCompressed(compressed)
  try {
    const plain = compressor.expand(compressed.subarray(HEADER_SIZE), { maxOutputLength: size })
    if (plain.length === size) return plain
  } catch (error) {
    if (error instanceof UndercroftError) throw error
    throw notCompressed(compressed, error)
  }
  throw notCompressed(compressed)
}

function notCompressed(bytes: Buffer, cause?: unknown): UndercroftError {
  return new UndercroftError(
    'UNDERCROFT_CORRUPT',
    `a compressed value of ${bytes.length} bytes cannot be expanded: its bytes are damaged, or a ` +
      'newer version wrote it',
    { cause },
  )
}

function throwNoZstd(): never {
  throw new UndercroftError(
    'UNDERCROFT_CODEC_FAILED',
    `the value is compressed with zstd, which Node ${process.versions.node} does not have: use ` +
      "Node 22.15 or later, or let writers compress with { method: 'brotli' } or 'gzip'",
  )
}
