import type { WantedGeometry } from '../src/segment/index.ts'

/**
 * For whoever attaches to a segment that is there, whatever its geometry. Nothing is imported when
 * this runs: one child process decides itself when our modules are loaded.
 */
export const ANY_GEOMETRY: WantedGeometry = {
  maxItems: undefined,
  maxKeySize: undefined,
  blockSize: undefined,
  blockCount: undefined,
  bitmap: undefined,
  hash: undefined,
  eviction: undefined,
  ignoresTtl: undefined,
  checksums: undefined,
}
