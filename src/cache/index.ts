export type {
  Codec,
  CompressionMethod,
  CompressOptions,
  StandardSchema,
  StandardSchemaIssue,
  StandardSchemaResult,
} from '../codecs/index.ts'
export { Cache } from './cache.ts'
export type { GetOrSetOptions } from './get-or-set.ts'
export type { KeyedCache } from './keyed-cache.ts'
export type { NearOptions } from './near-options.ts'
export type { CacheOptions } from './options.ts'
