export { assert } from './assert.ts'
export {
  type AnyCache,
  type Awaitable,
  type ByteCache,
  type CacheEntry,
  type CacheKey,
  type CacheLike,
  type CacheStats,
  type CounterOperation,
  type EncodedValue,
  type KeyPage,
  type LatencyStats,
  type StoredItem,
  TAKES_PINNED,
  type VerifyReport,
} from './cache-like.ts'
export {
  type CircumstanceOptions,
  COUNT_OPTION_NAMES,
  COUNTER_OPTION_NAMES,
  type CounterOptions,
  type CountOptions,
  LOCAL_COUNT_OPTION_NAMES,
  LOCAL_COUNTER_OPTION_NAMES,
  LOCAL_SET_ITEM_OPTION_NAMES,
  type OptionNames,
  requireCallOptions,
  SET_ITEM_OPTION_NAMES,
  SET_OPTION_NAMES,
  type SetItemOptions,
  type SetOptions,
  TTL_OPTION_NAMES,
  type TtlOptions,
} from './call-options.ts'
export { type Clock, systemClock } from './clock.ts'
export { ERROR_CODES, type ErrorCode, UndercroftError } from './errors.ts'
export {
  COUNTER_SIZE,
  DEFAULT_MAX_KEY_SIZE,
  DEFAULT_SOCKET_MODE,
  INSPECT,
  INSTANCE_VARIABLE,
  isExpired,
  MAX_INT64,
  MAX_KEY_SIZE_LIMIT,
  MAX_TIMER_MS,
  MAX_UNIX_PATH_SIZE,
  MIN_INT64,
  NEVER,
} from './facts.ts'
export { hasAddress } from './identifier.ts'
export { isWellFormed, type NativeText, nativeText } from './native-text.ts'
export {
  type Complete,
  describe,
  invalidOption,
  requireBoolean,
  requireDuration,
  requireInt64,
  requireInteger,
  requireKnownNames,
  requireOneOf,
  requireString,
} from './options.ts'
export {
  type CacheChange,
  type ChangeListener,
  type ItemCircumstances,
  type ItemPage,
  type PagedItem,
  REPLICATION,
  type ReplicableCache,
  type ReplicationAccess,
  type RestoredItem,
  type SegmentFile,
} from './replicable.ts'
export { formatSuggestion } from './suggestion.ts'
export {
  type NewTaggedItem,
  TAGGED_ITEMS,
  type TaggedItem,
  type TaggedItems,
  type TaggedOutcome,
  type WithTaggedItems,
} from './tagged-items.ts'
export { djb33xHash, murmur2Hash } from './uwsgi-hash.ts'
export {
  COMPRESSED,
  isValueType,
  VALUE_TYPE,
  type ValueDecoder,
  type ValueSource,
  type ValueTypeName,
} from './value.ts'
