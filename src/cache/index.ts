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
export type { DeleteMessage, GetMessage, LoadMessage, SetMessage } from './diagnostics.ts'
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
export type { ScanOptions } from './items.ts'
export type { LoadContext, LoadManyContext } from './load-call.ts'
export type { LoadMany } from './load-many.ts'
export type { GetOrSetOptions } from './load-options.ts'
export type { CacheLock, LockOptions } from './lock.ts'
export type { MemoizeOptions } from './memoize.ts'
export type { CacheNamespace } from './namespace.ts'
export type { NearOptions } from './near-options.ts'
export type { CacheOptions } from './options.ts'
