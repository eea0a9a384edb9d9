export { defaultDirectory, userId } from './identity.ts'
export {
  type LivenessLocks,
  locksOfFile,
  MAX_MAPPING_SIZE,
  type Mapping,
  mapFile,
  mapPrivate,
  preallocate,
  sharingObstacle,
} from './mapping.ts'
export { loadAcquire, loadAfterReads, storeBefore, storeRelease } from './ordering.ts'
export { Waiter } from './waiter.ts'
