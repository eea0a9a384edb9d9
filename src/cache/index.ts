export { Cache } from './cache.ts'
export type { GetOrSetOptions } from './get-or-set.ts'
export type { NearOptions } from './near-options.ts'
export type { CacheOptions } from './options.ts'
