/**
 * `undercroft`: the shared cache itself.
 */

export {
  type ByteCache,
  type CacheKey,
  type CacheStats,
  type Clock,
  type CounterOperation,
  type CounterOptions,
  type ErrorCode,
  type KeyPage,
  type StoredItem,
  type TtlOptions,
  UndercroftError,
  type VerifyReport,
} from './base/index.ts'
export { Cache, type CacheOptions } from './cache/index.ts'
