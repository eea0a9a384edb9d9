/** The other process of `npm run bench -- tags`: answers whether it finds an item. */

import { Cache, type CacheOptions } from '../../src/index.ts'
import { answer } from '../../testing/child-side.ts'

export interface ReaderTask {
  readonly options: CacheOptions
  readonly key: string
}

let cache: Cache | undefined

answer<ReaderTask, boolean>(({ options, key }) => {
  cache ??= Cache.open(options)
  return cache.get(key) !== undefined
})
