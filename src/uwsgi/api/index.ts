export { Cache as AutoCache } from './auto-cache.ts'
export { closeCaches, findCache, provideCaches } from './find-cache.ts'
export * from './functions.ts'
export {
  defineInstance,
  formatInstance,
  type Instance,
  type InstanceCache,
  opt,
  parseInstance,
} from './instance.ts'
