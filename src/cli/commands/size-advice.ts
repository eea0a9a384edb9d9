/**
 * Which sizes suit a cache, from how many items it has and how large their values are.
 *
 * Values are taken to be spread log-normally, as sizes of pages, sessions and files mostly are: the
 * median and the 99th percentile give the whole curve.
 */

import { type Geometry, segmentSize } from '../../segment/index.ts'

/** What is known of the items. */
export interface Demand {
  readonly items: number
  readonly keySize: number
  /** Bytes of a value: half are not larger. */
  readonly median: number
  /** 99 of 100 are not larger. */
  readonly p99: number
}

export interface Advice {
  readonly geometry: Geometry
  /** Bytes of a value, in the mean. */
  readonly meanValueSize: number
  /** Bytes of blocks that the mean value takes. */
  readonly meanBlockBytes: number
}

/** The 99th percentile of the normal distribution, in deviations from the mean. */
const P99_DEVIATIONS = 2.3263
/** How far, and how finely, the curve is summed. */
const REACH_DEVIATIONS = 4
const STEPS = 400

const SMALLEST_BLOCK = 32
const LARGEST_BLOCK = 65_536
/** A value of the 99th percentile takes no more blocks, so that finding a run stays quick. */
const MOST_BLOCKS = 64
/** Of the blocks, used where values of mixed sizes come and go (`npm run bench -- churn`). */
const USABLE_PART = 0.9
/** One block an item is simpler and never fragments: taken where it costs no more than this. */
const SIMPLER_IS_WORTH = 1.1
/** Fewer and larger blocks are found faster: taken where they cost at most this much more. */
const FEWER_IS_WORTH = 1.05

/** The cheapest geometry that suits. */
export function adviseSizes(demand: Demand): Advice {
  const single = singleBlock(demand)
  const runs = blockSizes(demand).map(blockSize => withRuns(demand, blockSize))
  const least = Math.min(...runs.map(sizeOf))
  if (sizeOf(single) <= least * SIMPLER_IS_WORTH) return single
  return runs.findLast(advice => sizeOf(advice) <= least * FEWER_IS_WORTH) ?? single
}

function sizeOf({ geometry }: Advice): number {
  return segmentSize(geometry)
}

/** Room for a value of the 99th percentile in each; larger ones are refused. */
function singleBlock(demand: Demand): Advice {
  const blockSize = Math.ceil(demand.p99 / 8) * 8
  return {
    geometry: geometryFor(demand, blockSize, demand.items, false),
    meanValueSize: meanOf(demand, size => size),
    meanBlockBytes: blockSize,
  }
}

function withRuns(demand: Demand, blockSize: number): Advice {
  const meanBlocks = meanOf(demand, size => Math.max(1, Math.ceil(size / blockSize)))
  const blockCount = Math.ceil((demand.items * meanBlocks) / USABLE_PART)
  return {
    geometry: geometryFor(demand, blockSize, blockCount, true),
    meanValueSize: meanOf(demand, size => size),
    meanBlockBytes: meanBlocks * blockSize,
  }
}

function geometryFor(
  { items, keySize }: Demand,
  blockSize: number,
  blockCount: number,
  bitmap: boolean,
): Geometry {
  return {
    maxItems: items,
    maxKeySize: keySize,
    blockSize,
    blockCount,
    bitmap,
    hash: 'seeded',
    eviction: 'adaptive',
    ignoresTtl: false,
    checksums: false,
  }
}

/** Powers of two; at least the largest, for values beyond all of them. */
function blockSizes({ p99 }: Demand): number[] {
  const sizes: number[] = []
  for (let size = SMALLEST_BLOCK; size <= LARGEST_BLOCK; size *= 2) {
    if (size * MOST_BLOCKS >= p99) sizes.push(size)
  }
  return sizes.length > 0 ? sizes : [LARGEST_BLOCK]
}

/** The mean of something over all values. */
function meanOf({ median, p99 }: Demand, figureOf: (size: number) => number): number {
  const deviation = Math.log(p99 / median) / P99_DEVIATIONS
  let sum = 0
  let weights = 0
  for (let step = 0; step <= STEPS; step++) {
    const z = ((2 * step) / STEPS - 1) * REACH_DEVIATIONS
    const weight = Math.exp((-z * z) / 2)
    sum += weight * figureOf(median * Math.exp(deviation * z))
    weights += weight
  }
  return sum / weights
}
