export { sharingObstacle } from '../platform/index.ts'
export {
  createPrivateSegment,
  destroySegment,
  type GeometryCompleter,
  openSegment,
  segmentPath,
  type WantedGeometry,
} from './files.ts'
export {
  BUCKET,
  CELL,
  CELL_COUNT,
  CELL_STRIDE,
  CELLS_OFFSET,
  INFO_WRITING,
  isCompleteInfo,
  keySizeOf,
  LOCK,
  LOCK_OFFSET,
  packInfo,
  SLOT,
  STATE,
  STATE_OFFSET,
  USE_CLOCK_OFFSET,
  valueTypeOf,
} from './format.ts'
export {
  BLOCK_COUNT_LIMIT,
  BLOCK_SIZE_LIMIT,
  EVICTIONS,
  type EvictionName,
  type Geometry,
  HASHES,
  type HashName,
  HEAP_ENTRY_SIZE,
  HEAP_LEAD,
  type Layout,
  MAX_ITEMS_LIMIT,
  MAX_KEY_SIZE_LIMIT,
  maxValueSize,
} from './geometry.ts'
export { Segment } from './segment.ts'
