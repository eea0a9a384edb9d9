export { type CacheLike, type Clock, type ErrorCode, UndercroftError } from '../base/index.ts'
export {
  bytesToResponse,
  type ResponseToBytesOptions,
  responseToBytes,
} from '../http-message/index.ts'
export type { CacheRequest } from './cache-request.ts'
export type { ContentCoding } from './coded-copies.ts'
export type { FetchHandler } from './fetch-handler.ts'
export { HttpCache, type Middleware } from './http-cache.ts'
export type { Listener } from './listener.ts'
export type { HttpCacheOptions } from './options.ts'
export type { PurgeAccess } from './purge-requests.ts'
export type { PurgeOptions, PurgePlaceOptions } from './purger.ts'
