export type {
  Codec,
  CompressionMethod,
  CompressOptions,
  StandardSchema,
  StandardSchemaIssue,
  StandardSchemaResult,
} from '../codecs/index.ts'
export { Cache, type KeyedCache } from './cache.ts'
export type { DeleteTagOptions } from './circumstances.ts'
export type { EntryOptions } from './entries.ts'
export type {
  CacheEventName,
  CacheEvents,
  ClearEvent,
  GapEvent,
  InvalidateEvent,
  ItemEvent,
} from './events/cache-events.ts'
export type { ListenOptions, StopListening } from './events/listening.ts'
export type { GetOrSetOptions } from './get-or-set.ts'
export type { NearOptions } from './near-options.ts'
export type { CacheOptions } from './options.ts'
