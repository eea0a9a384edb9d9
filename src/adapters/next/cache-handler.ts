/**
 * `undercroft/next/cache-handler`: what `cacheHandler` in next.config names.
 */

import { createCacheHandler } from './create-cache-handler.ts'
import { defaultOptions } from './project.ts'

export type { CacheSource, GivenCache, OpenCache } from '../shared/cache-source.ts'
export {
  type CacheCallContext,
  type CacheControl,
  type CacheHandler,
  type CacheHandlerClass,
  type CacheHandlerContext,
  type CacheHandlerEntry,
  createCacheHandler,
} from './create-cache-handler.ts'
export type { NextHandlerOptions, NextOptions } from './project.ts'
export type { Durations } from './tag-times.ts'

/**
 * The handler of pages, route handlers and fetches, over the cache of this project: one for each
 * folder, or that of the variable UNDERCROFT_NEXT_NAME.
 */
export default createCacheHandler(defaultOptions())
