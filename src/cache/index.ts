export { Cache } from './cache.ts'
export type { CacheOptions } from './options.ts'
