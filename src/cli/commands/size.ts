/** `undercroft size`: recommends the sizes of a cache that is to be made. */

import { invalidOption } from '../../base/index.ts'
import {
  BLOCK_SIZE_LIMIT,
  type Geometry,
  MAX_ITEMS_LIMIT,
  MAX_KEY_SIZE_LIMIT,
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
import { EXIT } from '../exit-codes.ts'
import { writeJson, writeLine } from '../output.ts'
import { type Command, requireWords, wantsJson } from './command.ts'
import { formatMemory, reportMemory } from './memory-report.ts'
import { type Advice, adviseSizes, type Demand } from './size-advice.ts'

const DEFAULT_KEY_SIZE = 256
const SHARED = { group: 'command', support: 'now' } as const

const TABLE = buildTable([
  {
    ...SHARED,
    name: 'items',
    kind: 'integer',
    min: 1,
    max: MAX_ITEMS_LIMIT,
    description: 'Items at one time; with eviction, as many as to keep.',
  },
  {
    ...SHARED,
    name: 'value-bytes',
    kind: 'string',
    argument: 'P50[,P99]',
    description: 'Bytes of a value: half are not larger, and 99 of 100. One number: all are alike.',
  },
  {
    ...SHARED,
    name: 'key-bytes',
    kind: 'integer',
    min: 1,
    max: MAX_KEY_SIZE_LIMIT,
    default: String(DEFAULT_KEY_SIZE),
    description: 'Bytes of the longest key.',
  },
  requireRow(OPTION_TABLE, 'json'),
  requireRow(OPTION_TABLE, 'help'),
] satisfies OptionRow[])

export const SIZE: Command = {
  name: 'size',
  words: '',
  summary: 'Recommend sizes for a cache, from its items and their values',
  table: TABLE,
  async run(parsed, { stdout }) {
    requireWords('size', '', parsed.positionals)
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
    if (fallback === undefined) throw usageError(`--${name} is missing`)
    return fallback
  }
  const items = integer('items', undefined)
  const keySize = integer('key-bytes', DEFAULT_KEY_SIZE)
  const text = findLast(options, 'value-bytes')?.value
  if (text === undefined) throw usageError('--value-bytes is missing')
  const [median = 0, p99 = median, ...rest] = text
    .split(',')
    .map(part => parseInteger('--value-bytes', part.trim(), 1, BLOCK_SIZE_LIMIT))
  if (rest.length > 0 || p99 < median) {
    throw invalidOption(
      '--value-bytes',
      'the median, and the 99th percentile if it is larger',
      text,
    )
  }
  return { items, keySize, median, p99 }
}

function format(demand: Demand, { geometry, meanValueSize, meanBlockBytes }: Advice): string[] {
  const { maxItems, maxKeySize, blockSize, blockCount, bitmap } = geometry
  // uWSGI's first place is never used, so it asks for one more.
  const uwsgiSizes = [`items=${maxItems + 1}`, `keysize=${maxKeySize}`, `blocksize=${blockSize}`]
  if (bitmap) uwsgiSizes.push(`blocks=${blockCount}`, 'bitmap=1')
  return [
    `${maxItems} values of ${meanValueSize.toFixed(0)} bytes in the mean, which take ` +
      meanBlockBytes.toFixed(0),
    ...(demand.median === demand.p99 ? [] : ['if their sizes are spread log-normally']),
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
      ? 'values of any size take runs of blocks; when room ends, other items are evicted'
      : `one block an item; values above ${blockSize} bytes are refused`,
  ]
}

function toJson({ geometry, meanValueSize, meanBlockBytes }: Advice): object {
  const options = openOptions(geometry)
  return { options, meanValueSize, meanBlockBytes, ...reportMemory(geometry) }
}

/** What `Cache.open` needs to be told. */
function openOptions({ maxItems, maxKeySize, blockSize, blockCount, bitmap }: Geometry): object {
  const sizes = { maxItems, maxKeySize, blockSize }
  return bitmap ? { ...sizes, blocks: blockCount } : { ...sizes, bitmap }
}
