export { assert } from './assert.ts'
export type {
  ByteCache,
  CacheKey,
  CacheStats,
  CounterOperation,
  CounterOptions,
  CountOptions,
  EncodedValue,
  KeyPage,
  SetItemOptions,
  StoredItem,
  TtlOptions,
  VerifyReport,
} from './cache-like.ts'
export { type Clock, systemClock } from './clock.ts'
export { ERROR_CODES, type ErrorCode, UndercroftError } from './errors.ts'
export { isWellFormed, type NativeText, nativeText } from './native-text.ts'
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
export {
  LAST_VALUE_TYPE,
  VALUE_TYPE,
  type ValueDecoder,
  type ValueSource,
  type ValueTypeName,
} from './value.ts'
