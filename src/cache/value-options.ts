/**
 * Declares and checks the options that decide how values become bytes.
 */

import {
  invalidOption,
  type OptionNames,
  requireInteger,
  requireKnownNames,
  requireOneOf,
} from '../base/index.ts'
import {
  COMPRESSION_METHODS,
  type Codec,
  type CompressOptions,
  hasMethod,
  requireSchema,
  type StandardSchema,
  type ValueCodecOptions,
} from '../codecs/index.ts'

/** How values become bytes. The cache does not store these options: each opener has its own. */
export interface ValueOptions<V> {
  /**
   * Encodes and decodes every value that `set` and similar calls store, for example with msgpackr.
   * Such values are of type `custom`, and a process without the codec cannot `get` them. Counters
   * and bytes of `setItem` do not pass through it. @default none: see the guide to values
   */
  readonly codec?: Codec<V> | undefined
  /**
   * A schema of Zod, Valibot, ArkType or any library with Standard Schema v1. It checks each value
   * that is set, and each value that is read, and `get` returns its output. A near copy is checked
   * once. The checks must be synchronous. @default no check
   */
  readonly schema?: StandardSchema<V> | undefined
  /**
   * What a get does with a stored value that the schema refuses, or that the codec cannot decode:
   * `miss` returns undefined, so that `getOrSet` loads the value again; `throw` throws
   * UNDERCROFT_VALUE_INVALID. @default 'miss'
   */
  readonly onInvalid?: 'miss' | 'throw' | undefined
  /**
   * Compress values of at least `minSize` bytes, if that makes them smaller. All processes read
   * them, regardless of their own options, and clients get the plain bytes. `maxValueSize` counts
   * the plain bytes, too. @default no value is compressed
   */
  readonly compress?: CompressOptions | undefined
}

export const VALUE_OPTION_NAMES: OptionNames<ValueOptions<unknown>> = {
  codec: true,
  schema: true,
  onInvalid: true,
  compress: true,
}
const COMPRESS_NAMES: OptionNames<CompressOptions> = { minSize: true, method: true }
/** Counters, and what is as small, have nothing to compress. */
const MIN_COMPRESSED_SIZE = 64

export function resolveValueOptions(
  options: ValueOptions<unknown>,
  objects: boolean,
): ValueCodecOptions {
  const { codec, schema, onInvalid = 'miss', compress } = options
  if (codec !== undefined && !isCodec(codec)) {
    throw invalidOption('codec', 'an object with the functions encode and decode', codec)
  }
  return {
    codec,
    schema: schema === undefined ? undefined : requireSchema('schema', schema),
    onInvalid: requireOneOf('onInvalid', onInvalid, ['miss', 'throw']),
    compress: compress === undefined ? undefined : resolveCompress(compress),
    objects,
  }
}

function isCodec(codec: Partial<Codec> | null): boolean {
  return typeof codec?.encode === 'function' && typeof codec.decode === 'function'
}

function resolveCompress(compress: CompressOptions): CompressOptions {
  if (typeof compress !== 'object' || compress === null) {
    throw invalidOption('compress', 'an object such as { minSize: 4096 }', compress)
  }
  requireKnownNames('compress', compress, COMPRESS_NAMES)
  const { minSize, method } = compress
  requireInteger('compress.minSize', minSize, MIN_COMPRESSED_SIZE, Number.MAX_SAFE_INTEGER)
  if (method !== undefined && !hasMethod(requireOneOf('method', method, COMPRESSION_METHODS))) {
    throw invalidOption('compress.method', "'brotli' or 'gzip' before Node 22.15", method)
  }
  return { minSize, method }
}
