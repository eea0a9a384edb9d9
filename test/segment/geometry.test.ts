import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MAX_KEY_SIZE_LIMIT } from '../../src/base/index.ts'
import {
  CHECKSUM_SIZE,
  FIXED_SIZE,
  INLINE_KEY_SIZE,
  SLOT_STRIDE,
} from '../../src/segment/format.ts'
import {
  BLOCK_COUNT_LIMIT,
  BLOCK_SIZE_LIMIT,
  computeLayout,
  type Geometry,
  HEAP_ENTRY_SIZE,
  HEAP_LEAD,
  type Layout,
  MAX_ITEMS_LIMIT,
  maxValueSize,
} from '../../src/segment/geometry.ts'
import { type Random, seededRandom } from '../../testing/random.ts'

const PLAIN: Geometry = {
  maxItems: 10,
  maxKeySize: 256,
  blockSize: 4096,
  blockCount: 10,
  bitmap: false,
  hash: 'seeded',
  eviction: 'lru',
  ignoresTtl: false,
  checksums: false,
  maxTags: 64,
  eventPlaces: 0,
}

const SIZES = [1, 2, 7, 8, 9, 63, 64, 65, 1000, 1023, 1024, 1025, 4096, 65_536]

describe('the layout of a segment', () => {
  test('gives each region its own bytes, in order and aligned, whatever the geometry', t => {
    const random = seededRandom(t)
    for (let turn = 0; turn < 2000; turn++) {
      const geometry = randomGeometry(random)
      checkRegions(geometry, computeLayout(geometry))
    }
  })

  test('puts large blocks and key tails on odd multiples of a cache line', () => {
    for (const blockSize of [1024, 4096, 65_536, 100_000]) {
      const { blockStride } = computeLayout({ ...PLAIN, blockSize })
      assert.equal(blockStride % 128, 64)
      assert.ok(blockStride - blockSize <= 128)
    }
    assert.equal(computeLayout({ ...PLAIN, blockSize: 100 }).blockStride, 104)
    assert.equal(computeLayout({ ...PLAIN, maxKeySize: 2048 }).keyTailStride % 128, 64)
    assert.equal(computeLayout({ ...PLAIN, maxKeySize: 32 }).keyTailStride, 0)
    assert.equal(computeLayout({ ...PLAIN, maxKeySize: 33 }).keyTailStride, 8)
  })

  test('costs nothing for what is not used', () => {
    const lru = computeLayout({ ...PLAIN, maxItems: 10_000, blockCount: 10_000 })
    const none = computeLayout({
      ...PLAIN,
      maxItems: 10_000,
      blockCount: 10_000,
      eviction: 'none',
    })
    const perItem = (lru.blocksOffset - none.blocksOffset) / 10_000
    assert.equal(Math.round(perItem), 24, 'LRU costs 24 bytes an item')
    const store = computeLayout({ ...PLAIN, maxItems: 10_000, blockCount: 10_000, checksums: true })
    assert.equal(Math.round((store.blocksOffset - lru.blocksOffset) / 10_000), 4)
  })

  test('refuses what no machine has, and says how much it would be', () => {
    const geometry = { ...PLAIN, blockSize: BLOCK_SIZE_LIMIT, blockCount: BLOCK_COUNT_LIMIT }
    assert.throws(() => computeLayout(geometry), {
      code: 'UNDERCROFT_SEGMENT_TOO_LARGE',
      message: /10 items and 1073741824 blocks of 1073741824 bytes need \d+ bytes/,
    })
  })

  test('keeps every offset exact at the limits that a segment can have', () => {
    const geometry = {
      ...PLAIN,
      maxItems: MAX_ITEMS_LIMIT,
      maxKeySize: MAX_KEY_SIZE_LIMIT,
      blockCount: BLOCK_COUNT_LIMIT,
      bitmap: true,
    }
    const layout = computeLayout(geometry)
    checkRegions(geometry, layout)
    assert.ok(Number.isSafeInteger(layout.size * 8))
  })
})

describe('the largest value', () => {
  test('is one block, or all of them in bitmap mode, but always below 2 GiB', () => {
    assert.equal(maxValueSize({ ...PLAIN, blockSize: 1501 }), 1501)
    assert.equal(maxValueSize({ ...PLAIN, bitmap: true }), 40_960)
    const huge = { ...PLAIN, bitmap: true, blockSize: 2 ** 20, blockCount: 2 ** 20 }
    assert.equal(maxValueSize(huge), 2 ** 31 - 1)
  })
})

function randomGeometry(random: Random): Geometry {
  const maxItems = random.pick([1, 2, 15, 16, 17, 100, 1000, 4096, 5000])
  const bitmap = random.chance(0.5)
  return {
    maxItems,
    maxKeySize: random.pick([...SIZES.slice(0, 12), 1 + random.below(MAX_KEY_SIZE_LIMIT)]),
    blockSize: random.pick([...SIZES, 1 + random.below(100_000)]),
    blockCount: bitmap ? random.pick([1, 31, 32, 33, 64, 1000]) : maxItems,
    bitmap,
    hash: 'seeded',
    eviction: random.pick(['none', 'lru']),
    ignoresTtl: false,
    checksums: random.chance(0.5),
    maxTags: random.pick([0, 1, 8, 9, 1000]),
    eventPlaces: random.pick([0, 4096, 16_384]),
  }
}

/** The state of the ring, its places, and those that the longest event takes, 64 bytes each. */
function eventsSize({ eventPlaces, maxKeySize }: Geometry): number {
  if (eventPlaces === 0) return 0
  return (1 + eventPlaces + Math.ceil((16 + Math.max(maxKeySize, 255)) / 64)) * 64
}

function checkRegions(geometry: Geometry, layout: Layout): void {
  const { maxItems, blockCount, blockSize, maxKeySize, bitmap } = geometry
  const uses = geometry.eviction === 'lru' ? maxItems : 0
  const entries = geometry.eviction === 'lru' ? maxItems + HEAP_LEAD : 0
  const regions = [
    ['fixed parts', 0, FIXED_SIZE],
    ['buckets', layout.bucketsOffset, layout.bucketCount * 8],
    ['slots', layout.slotsOffset, maxItems * SLOT_STRIDE],
    ['key tails', layout.keyTailsOffset, maxItems * layout.keyTailStride],
    ['uses', layout.usesOffset, uses * 8],
    ['heap', layout.heapOffset, entries * HEAP_ENTRY_SIZE],
    ['checksums', layout.checksumsOffset, geometry.checksums ? maxItems * CHECKSUM_SIZE : 0],
    ['tags', layout.tagsOffset, Math.ceil(geometry.maxTags / 8) * 8 * 32],
    ['events', layout.eventsOffset, eventsSize(geometry)],
    ['block map', layout.blockMapOffset, bitmap ? Math.ceil(blockCount / 32) * 4 : 0],
    ['blocks', layout.blocksOffset, blockCount * layout.blockStride],
    ['end', layout.size, 0],
  ] as const
  const ofWords: readonly string[] = ['checksums', 'block map']
  const told = JSON.stringify(geometry)
  for (let i = 1; i < regions.length; i++) {
    const [name, offset] = regions[i] as (typeof regions)[number]
    const [before, start, size] = regions[i - 1] as (typeof regions)[number]
    assert.ok(start + size <= offset, `${before} ends before ${name} begins: ${told}`)
    assert.equal(offset % (ofWords.includes(name) ? 4 : 8), 0, `${name} is aligned: ${told}`)
  }
  assert.ok(layout.bucketCount >= maxItems && layout.bucketCount >= 16)
  assert.ok(Number.isInteger(Math.log2(layout.bucketCount)), 'buckets are a power of two')
  assert.ok(INLINE_KEY_SIZE + layout.keyTailStride >= maxKeySize)
  assert.ok(layout.blockStride >= blockSize && layout.blockStride % 8 === 0)
  assert.equal(layout.size % 4096, 0)
}
