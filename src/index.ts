/**
 * `undercroft`: the shared cache itself.
 */

export {
  type ByteCache,
  type CacheChange,
  type CacheEntry,
  type CacheKey,
  type CacheStats,
  type ChangeListener,
  type CircumstanceOptions,
  type Clock,
  type CounterOperation,
  type CounterOptions,
  type CountOptions,
  type EncodedValue,
  type ErrorCode,
  type KeyPage,
  type SetItemOptions,
  type SetOptions,
  type StoredItem,
  type TtlOptions,
  UndercroftError,
  type ValueTypeName,
  type VerifyReport,
} from './base/index.ts'
export {
  Cache,
  type CacheLock,
  type CacheNamespace,
  type CacheOptions,
  type DeleteTagOptions,
  type EntryOptions,
  type GetOrSetOptions,
  type LoadContext,
  type LoadMany,
  type LoadManyContext,
  type LockOptions,
  type MemoizeOptions,
  type NearOptions,
  type ScanOptions,
} from './cache/index.ts'
