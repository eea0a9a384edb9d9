export { assert } from './assert.ts'
export type {
  Awaitable,
  ByteCache,
  CacheChange,
  CacheKey,
  CacheLike,
  CacheStats,
  ChangeListener,
  CounterOperation,
  CounterOptions,
  CountOptions,
  EncodedValue,
  ItemPage,
  KeyPage,
  PagedItem,
  ReplicableCache,
  SetItemOptions,
  StoredItem,
  TtlOptions,
  VerifyReport,
} from './cache-like.ts'
export { type Clock, systemClock } from './clock.ts'
export { ERROR_CODES, type ErrorCode, UndercroftError } from './errors.ts'
export { bodyInOnePiece, isWellFormed, type NativeText, nativeText } from './native-text.ts'
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

export { djb33xHash, murmur2Hash } from './uwsgi-hash.ts'
export {
  LAST_VALUE_TYPE,
  VALUE_TYPE,
  type ValueDecoder,
  type ValueSource,
  type ValueTypeName,
} from './value.ts'
