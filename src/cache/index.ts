export { Cache } from './cache.ts'
export type { CacheOptions, NearOptions } from './options.ts'
