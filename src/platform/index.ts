export {
  duplicateDescriptor,
  makeFifo,
  makeSharedMemory,
  mapSharedMemory,
  redirectDescriptor,
} from './descriptors.ts'
export { type DirectListener, listenDirectly } from './direct-sockets.ts'
export { BOOT_ID_WORDS, bootId, defaultDirectory, userId } from './identity.ts'
export {
  errnoName,
  type LivenessLocks,
  locksOfFile,
  MAX_MAPPING_SIZE,
  type Mapping,
  mapFile,
  mapPrivate,
  preallocate,
  requireMappableSize,
  resizeFile,
  sharingObstacle,
} from './mapping.ts'
export { monotonicMicros, sendUnixDatagram } from './notify.ts'
export {
  keepOrder,
  loadAcquire,
  loadAfterReads,
  storeBefore,
  storeRelease,
} from './ordering.ts'
export { residentSize } from './processes.ts'
export { Waiter } from './waiter.ts'
