export {
  createPrivateSegment,
  destroySegment,
  openSegment,
  requireSameGeometry,
  type WantedGeometry,
} from './files.ts'
export {
  ADAPTIVE,
  BOOT,
  BOOT_OFFSET,
  BUCKET,
  CELL,
  CELL_COUNT,
  CELL_STRIDE,
  CELLS_OFFSET,
  CHANGE_STEP,
  FILE_LOCK,
  INFO_KNOWN_BITS,
  INFO_PINNED,
  INFO_TRAILER,
  INFO_WRITING,
  INLINE_KEY_SIZE,
  KEY_SIZE_MASK,
  LOCK,
  LOCK_OFFSET,
  MARK_MASK,
  RECOVERY,
  SLOT,
  SLOT_STRIDE,
  STATE,
  STATE_OFFSET,
  TAG,
  TAG_GROUP_SIZE,
  TRAILER,
  TYPE_MASK,
  TYPE_SHIFT,
  USE_CLOCK_OFFSET,
} from './format.ts'
export {
  BLOCK_COUNT_LIMIT,
  BLOCK_SIZE_LIMIT,
  defaultMaxTags,
  EVICTIONS,
  type EvictionName,
  type Geometry,
  GHOST_GROUP_SIZE,
  HASHES,
  type HashName,
  HEAP_ENTRY_SIZE,
  HEAP_LEAD,
  type Layout,
  MAX_ITEMS_LIMIT,
  MAX_TAGS_LIMIT,
  maxValueSize,
} from './geometry.ts'
export { type HeldInstance, holdInstance, randomInstanceName } from './instances.ts'
export {
  MEMORY_PARTS,
  type MemoryParts,
  memoryParts,
  segmentSize,
} from './memory-parts.ts'
export { inodeOf, isFile } from './open-tracking.ts'
export {
  directoryPath,
  listSegments,
  listSegmentsOfOthers,
  type SegmentsOfUser,
  segmentPath,
} from './paths.ts'
export {
  blocksInStep,
  reserveBlocks,
  reserveSlots,
  slotsInStep,
} from './reservation.ts'
export { Segment } from './segment.ts'
