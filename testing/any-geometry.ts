import type { WantedGeometry } from '../src/segment/index.ts'

/**
 * Attaches to an existing segment of any geometry. This file imports nothing at run time, because
 * failing-child.ts decides itself when modules of `src/` are loaded.
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
  maxTags: undefined,
  eventPlaces: undefined,
}
