/**
 * How the free blocks of a bitmap cache are distributed.
 */

import type { EngineContext } from '../../src/engine/engine-context.ts'
import { ITEM_COUNT } from '../../src/engine/state.ts'

export interface Fragmentation {
  readonly items: number
  readonly usedBlocks: number
  readonly freeBlocks: number
  /** Runs of neighbouring free blocks. `longestRun` is the length of the longest. */
  readonly freeRuns: number
  readonly longestRun: number
}

/** Other processes write meanwhile, so the figures may belong to different moments. */
export function fragmentationOf({ blocks, segment }: EngineContext): Fragmentation {
  let usedBlocks = 0
  let freeRuns = 0
  let longestRun = 0
  let run = 0
  for (let block = 0; block < blocks.blockCount; block++) {
    if (blocks.isUsed(block)) {
      usedBlocks++
      run = 0
      continue
    }
    if (++run === 1) freeRuns++
    longestRun = Math.max(longestRun, run)
  }
  const freeBlocks = blocks.blockCount - usedBlocks
  const items = segment.words[ITEM_COUNT]
  return { items, usedBlocks, freeBlocks, freeRuns, longestRun }
}
