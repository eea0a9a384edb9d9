export { assert } from './assert.ts'
export type {
  ByteCache,
  CacheKey,
  CacheStats,
  CounterOperation,
  CounterOptions,
  KeyPage,
  StoredItem,
  TtlOptions,
  VerifyReport,
} from './cache-like.ts'
export { type Clock, systemClock } from './clock.ts'
export { ERROR_CODES, type ErrorCode, UndercroftError } from './errors.ts'
export {
  describe,
  invalidOption,
  requireBoolean,
  requireDuration,
  requireInteger,
  requireKnownNames,
  requireOneOf,
  requireString,
} from './options.ts'
