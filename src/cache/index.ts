export { Cache } from './cache.ts'
export type { NearOptions } from './near-options.ts'
export type { CacheOptions } from './options.ts'
