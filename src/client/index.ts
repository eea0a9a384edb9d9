/**
 * `undercroft/client`: caches at other addresses, and packets to any uwsgi server.
 */

export {
  type CacheKey,
  type CacheStats,
  type CounterOperation,
  type CounterOptions,
  type CountOptions,
  type EncodedValue,
  type ErrorCode,
  type KeyPage,
  type SetItemOptions,
  type StoredItem,
  type TtlOptions,
  UndercroftError,
  type ValueTypeName,
  type VerifyReport,
} from '../base/index.ts'
export type { RemoteCacheOptions } from './options.ts'
export { RemoteCache } from './remote-cache.ts'
export { type Message, sendMessage, sendMessageRaw } from './send-message.ts'
