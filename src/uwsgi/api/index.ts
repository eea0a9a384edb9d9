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
  opt,
  parseInstance,
} from './instance.ts'
export type { CacheArgument, CacheResult } from './signatures.ts'
export type { UwsgiCache } from './uwsgi-cache.ts'
