/**
 * `undercroft size`: recommends the sizes of a new cache from the number of its items and the sizes
 * of their values.
 *
 * The sizes of values are assumed to be log-normally distributed, as sizes of pages, sessions and
 * files usually are: the median and the 99th percentile determine the whole curve.
 */

import { DEFAULT_MAX_KEY_SIZE, invalidOption, MAX_KEY_SIZE_LIMIT } from '../../base/index.ts'
import {
  BLOCK_SIZE_LIMIT,
  defaultMaxTags,
  type Geometry,
  MAX_ITEMS_LIMIT,
  segmentSize,
} from '../../segment/index.ts'
import {
  buildTable,
  checkOptions,
  findLast,
  OPTION_TABLE,
  type OptionRow,
  type OptionSet,
  parseInteger,
  requireRow,
  usageError,
} from '../../uwsgi/options/index.ts'
import { EXIT, writeJson, writeLine } from '../output.ts'
import { type Command, wantsJson } from './command.ts'
import { formatMemory, reportMemory } from './memory-report.ts'

const SHARED = { group: 'command', support: 'now' } as const

const TABLE = buildTable([
  {
    ...SHARED,
    name: 'items',
    kind: 'integer',
    min: 1,
    max: MAX_ITEMS_LIMIT,
    description: 'Maximum number of items.',
  },
  {
    ...SHARED,
    name: 'value-bytes',
    kind: 'string',
    argument: 'P50[,P99]',
    description:
      'Sizes of values: median and 99th percentile in bytes. One number: all have that size.',
  },
  {
    ...SHARED,
    name: 'key-bytes',
    kind: 'integer',
    min: 1,
    max: MAX_KEY_SIZE_LIMIT,
    default: String(DEFAULT_MAX_KEY_SIZE),
    description: 'Size of the longest key in bytes.',
  },
  requireRow(OPTION_TABLE, 'json'),
  requireRow(OPTION_TABLE, 'help'),
] satisfies OptionRow[])

export const SIZE: Command = {
  table: TABLE,
  async run(parsed, { stdout }) {
    const { options } = checkOptions(TABLE, parsed.given)
    const demand = readDemand(options)
    const advice = adviseSizes(demand)
    if (wantsJson(options)) await writeJson(stdout, toJson(advice))
    else for (const line of format(demand, advice)) await writeLine(stdout, line)
    return EXIT.done
  },
}

function readDemand(options: OptionSet): Demand {
  const integer = (name: string, fallback: number | undefined) => {
    const given = findLast(options, name)
    if (given !== undefined)
      return parseInteger(`--${name}`, given.value, 1, Number.MAX_SAFE_INTEGER)
    if (fallback === undefined) throw usageError(`--${name} is missing; add --${name}=N`)
    return fallback
  }
  const items = integer('items', undefined)
  const keySize = integer('key-bytes', DEFAULT_MAX_KEY_SIZE)
  const text = findLast(options, 'value-bytes')?.value
  if (text === undefined) throw usageError('--value-bytes is missing; add --value-bytes=P50[,P99]')
  const [median = 0, p99 = median, ...rest] = text
    .split(',')
    .map(part => parseInteger('--value-bytes', part.trim(), 1, BLOCK_SIZE_LIMIT))
  if (rest.length > 0 || p99 < median) {
    throw invalidOption(
      '--value-bytes',
      'the median, or the median and a larger 99th percentile, such as 900,20000',
      text,
    )
  }
  return { items, keySize, median, p99 }
}

function format(demand: Demand, { geometry, meanValueSize, meanBlockBytes }: Advice): string[] {
  const { maxItems, maxKeySize, blockSize, blockCount, bitmap } = geometry
  // uWSGI never uses its first place, so it needs one more.
  const uwsgiSizes = [`items=${maxItems + 1}`, `keysize=${maxKeySize}`, `blocksize=${blockSize}`]
  if (bitmap) uwsgiSizes.push(`blocks=${blockCount}`, 'bitmap=1')
  return [
    `${maxItems} values with a mean size of ${meanValueSize.toFixed(0)} bytes, which occupy ` +
      meanBlockBytes.toFixed(0),
    ...(demand.median === demand.p99 ? [] : ['if their sizes are log-normally distributed']),
    '',
    'Cache.open({',
    '  name,',
    ...Object.entries(openOptions(geometry)).map(([name, value]) => `  ${name}: ${value},`),
    '})',
    '',
    `undercroft serve --cache2 name=NAME,${uwsgiSizes.join(',')},purge_lru=1`,
    '',
    ...formatMemory(reportMemory(geometry), maxItems),
    '',
    bitmap
      ? 'values of any size occupy runs of blocks; without room, other items are evicted'
      : `one block per item; values above ${blockSize} bytes are refused`,
  ]
}

function toJson({ geometry, meanValueSize, meanBlockBytes }: Advice): object {
  const options = openOptions(geometry)
  return { options, meanValueSize, meanBlockBytes, ...reportMemory(geometry) }
}

/** The options for `Cache.open`. */
function openOptions({ maxItems, maxKeySize, blockSize, blockCount, bitmap }: Geometry): object {
  const sizes = { maxItems, maxKeySize, blockSize }
  return bitmap ? { ...sizes, blocks: blockCount } : { ...sizes, bitmap }
}

/** What is known about the items. */
export interface Demand {
  readonly items: number
  readonly keySize: number
  /** Bytes of a value: half of the values are not larger. */
  readonly median: number
  /** 99 of 100 values are not larger. */
  readonly p99: number
}

export interface Advice {
  readonly geometry: Geometry
  /** Mean size of a value in bytes. */
  readonly meanValueSize: number
  /** Bytes of blocks that a value occupies in the mean. */
  readonly meanBlockBytes: number
}

/** The 99th percentile of the normal distribution, in standard deviations from the mean. */
const P99_DEVIATIONS = 2.3263
/** Range and resolution of the sum over the curve. */
const REACH_DEVIATIONS = 4
const STEPS = 400

const SMALLEST_BLOCK = 32
const LARGEST_BLOCK = 65_536
/**
 * A value of the 99th percentile occupies at most this many blocks, so that finding a run stays
 * fast.
 */
const MOST_BLOCKS = 64
/** Usable part of the blocks where values of mixed sizes come and go (`npm run bench -- churn`). */
const USABLE_PART = 0.9
/** One block per item is simpler and never fragments: chosen if it costs at most this much more. */
const SIMPLER_IS_WORTH = 1.1
/** Fewer and larger blocks are found faster: chosen if they cost at most this much more. */
const FEWER_IS_WORTH = 1.05

/** Returns the cheapest suitable geometry. */
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

/** Each block has room for a value of the 99th percentile; larger values are refused. */
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
    maxTags: defaultMaxTags(items),
    eventPlaces: 0,
  }
}

/** Candidate block sizes: powers of two, and the largest one for values beyond all of them. */
function blockSizes({ p99 }: Demand): number[] {
  const sizes: number[] = []
  for (let size = SMALLEST_BLOCK; size <= LARGEST_BLOCK; size *= 2) {
    if (size * MOST_BLOCKS >= p99) sizes.push(size)
  }
  return sizes.length > 0 ? sizes : [LARGEST_BLOCK]
}

/** Computes the mean of a figure over all values. */
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
