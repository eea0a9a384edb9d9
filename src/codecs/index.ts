export type { Codec } from './codec.ts'
export {
  COMPRESSION_METHODS,
  type CompressionMethod,
  type CompressOptions,
  hasMethod,
} from './compression.ts'
export { decodeValue } from './decode.ts'
export { nameOfType, STORED_TYPES } from './decode-portable.ts'
export { encodedBytes, encodeUndefined, encodeValue } from './encode.ts'
export {
  decodeFromNetwork,
  encodeForNetwork,
  findTypeName,
  requireSource,
  sourceOf,
} from './network.ts'
export {
  requireSchema,
  type StandardSchema,
  type StandardSchemaIssue,
  type StandardSchemaResult,
} from './schema.ts'
export { copyStored, StoredBytes, ValueCodec, type ValueCodecOptions } from './value-codec.ts'
