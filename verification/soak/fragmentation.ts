/**
 * How the free blocks of a bitmap cache lie.
 */

import type { Parts } from '../../src/engine/parts.ts'
import { ITEM_COUNT } from '../../src/engine/state.ts'

export interface Fragmentation {
  readonly items: number
  readonly usedBlocks: number
  readonly freeBlocks: number
  /** Runs of neighbouring free blocks, and the longest of them. */
  readonly freeRuns: number
  readonly longestRun: number
}

/** Read while others write: a snapshot that nobody promises to be of one moment. */
export function fragmentationOf({ blocks, segment }: Parts): Fragmentation {
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
