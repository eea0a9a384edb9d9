export type { CacheArgument, CacheResult as Answer } from './answer.ts'
export { Cache, Cache as AutoCache } from './auto-cache.ts'
export { closeCaches, findCache, provideCaches } from './find-cache.ts'
export * from './functions.ts'
export {
  currentInstance,
  defineInstance,
  formatInstance,
  INSTANCE_VARIABLE,
  type Instance,
  type InstanceCache,
  parseInstance,
} from './instance.ts'
export { opt } from './opt.ts'
export type { UwsgiCache as CacheCalls } from './uwsgi-cache.ts'
