/**
 * Serving caches over uWSGI's cache protocol: `undercroft/server`.
 */

export { type ByteCache, type ErrorCode, UndercroftError } from '../base/index.ts'
export type { ListenerOptions, ServeOptions } from './options.ts'
export { type CacheServer, serveCaches } from './server.ts'
