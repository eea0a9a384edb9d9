/**
 * `undercroft/next/cache-components`: what `cacheHandlers` in next.config names.
 */

import { createCacheComponentsHandler } from './create-cache-components-handler.ts'
import { defaultOptions } from './project.ts'

export type { CacheSource, GivenCache, OpenCache } from '../shared/cache-source.ts'
export {
  type CacheComponentsEntry,
  type CacheComponentsHandler,
  createCacheComponentsHandler,
} from './create-cache-components-handler.ts'
export type { NextHandlerOptions, NextOptions } from './project.ts'
export type { Durations } from './tag-times.ts'

/**
 * The handler of `'use cache'`, over the cache of this project: one for each folder, or that of the
 * variable UNDERCROFT_NEXT_NAME.
 */
export default createCacheComponentsHandler(defaultOptions())
