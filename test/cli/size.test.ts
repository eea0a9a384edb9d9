import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { geometryOf, reportMemory } from '../../src/cli/commands/memory-report.ts'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { memoryParts } from '../../src/segment/index.ts'
import { randomFrom } from '../../testing/random.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { FakeMachine } from './fake-environment.ts'

const SEED = 7

function open(t: Scope, options: Omit<CacheOptions, 'name'>): Cache<Buffer> {
  const cache = Cache.open<Buffer>({ ...options, name: 'sized', directory: tempDir(t) })
  onEnd(t, () => cache.close())
  return cache
}

async function advise(...args: string[]) {
  const { code, out, err } = await new FakeMachine().run('size', '--json', ...args)
  assert.deepEqual([code, err], [0, ''])
  return JSON.parse(out)
}

describe('undercroft size', () => {
  const demands = [
    ['2000', '900,9000', '40'],
    ['2000', '100,120', '20'],
    ['500', '5000,200000', '256'],
    ['2000', '64', '32'],
  ] as const
  for (const [items, bytes, keyBytes] of demands) {
    test(`${items} values of ${bytes} fit into what it recommends, of the size told`, async t => {
      const args = ['--items', items, '--value-bytes', bytes, '--key-bytes', keyBytes]
      const { options, size, overheadPerItem, meanValueSize } = await advise(...args)
      const cache = open(t, options)
      assert.equal(cache.stats().size, size)
      const [median = 0, p99 = median] = bytes.split(',').map(Number)
      const sizes = sizesLike(median, p99, Number(items))
      // What one block cannot hold is refused; all else is stored, and little is evicted for it.
      const fitting = sizes.filter(valueSize => valueSize <= cache.stats().maxValueSize)
      for (const [i, valueSize] of fitting.entries()) cache.set(`k${i}`, Buffer.alloc(valueSize))
      assert.ok(fitting.length >= 0.98 * sizes.length, `${fitting.length} values are small enough`)
      assert.ok(cache.stats().items >= 0.97 * fitting.length, `${cache.stats().items} are there`)
      const told = Number(items) * (overheadPerItem + meanValueSize + Number(keyBytes))
      assert.ok(size >= told && size < 1.5 * told, `${size} bytes for at least ${told}`)
    })
  }

  test('values of one size get one block each', async () => {
    const { options } = await advise('--items', '1000', '--value-bytes', '100')
    assert.deepEqual(options, { maxItems: 1000, maxKeySize: 256, blockSize: 104, bitmap: false })
  })

  test('prints options for Cache.open and for serve, and each part of the memory', async () => {
    const args = ['size', '--items', '1000', '--value-bytes', '500,5000']
    const { code, out } = await new FakeMachine().run(...args)
    assert.equal(code, 0)
    assert.match(out, /^ {2}maxItems: 1000,$/m)
    assert.match(out, /^undercroft serve --cache2 name=NAME,items=1001,.*bitmap=1,purge_lru=1$/m)
    assert.match(out, /^blocks +\d+ +\d+\.\d$/m)
    assert.match(out, /^\d+\.\d bytes per item in addition to the room for its key and value$/m)
  })

  const mistakes: [string, string[], RegExp][] = [
    ['no items', ['--value-bytes', '5'], /--items is missing/],
    ['no sizes', ['--items', '5'], /--value-bytes is missing/],
    ['a percentile below the median', ['--items', '5', '--value-bytes', '9,8'], /99th percentile/],
    ['three sizes', ['--items', '5', '--value-bytes', '1,2,3'], /--value-bytes must be/],
    ['a word', ['--items', '5', '--value-bytes', '1k'], /--value-bytes must be a whole number/],
  ]
  for (const [what, args, message] of mistakes) {
    test(`refuses ${what} with exit code 2`, async () => {
      const { code, err } = await new FakeMachine().run('size', ...args)
      assert.equal(code, 2)
      assert.match(err, message)
    })
  }
})

describe('undercroft inspect', () => {
  const caches: [string, Omit<CacheOptions, 'name'>][] = [
    ['the defaults', { maxItems: 1000 }],
    ['one block an item', { maxItems: 100, bitmap: false, eviction: 'none' }],
    ['LRU and short keys', { maxItems: 100, maxKeySize: 20, eviction: 'lru' }],
  ]
  for (const [what, options] of caches) {
    test(`accounts for every byte with ${what}`, t => {
      const stats = open(t, options).stats()
      const parts = Object.values(memoryParts(geometryOf(stats)))
      assert.equal(
        parts.reduce((sum, size) => sum + size, 0),
        stats.size,
      )
      assert.ok(parts.every(size => size >= 0))
    })
  }

  test('prints each part, what an item costs, and how full it is', async t => {
    const machine = new FakeMachine()
    const cache = open(t, { maxItems: 1000 })
    cache.set('key', Buffer.alloc(600))
    machine.cache.facts = cache.stats()
    const { code, out } = await machine.run('inspect')
    assert.equal(code, 0)
    assert.match(out, /^sized: 1 of 1000 items\n3 of 16000 blocks hold values$/m)
    assert.match(out, /^slots +64000 +64\.0$/m)
    const json = JSON.parse((await machine.run('inspect', '--json')).out)
    assert.deepEqual([json.items, json.parts.slots], [1, 64_000])
    assert.equal(json.size, cache.stats().size)
  })

  test('says so where another version laid the cache out', async () => {
    const { code, err } = await new FakeMachine().run('inspect')
    assert.equal(code, 3)
    assert.match(err, /belongs to another version/)
  })

  test('finds the checksums of a store', t => {
    const store = `${tempDir(t)}/a.store`
    const stats = open(t, { maxItems: 2000, store }).stats()
    assert.equal(memoryParts(geometryOf(stats)).checksums, 8000)
  })

  test('tells what an item costs beside key and value', t => {
    const { overheadPerItem, keyRoom } = reportMemory(
      geometryOf(open(t, { maxItems: 65_536, maxKeySize: 32, blocks: 65_536 }).stats()),
    )
    // A slot without its key, a bucket, what eviction keeps, a tag, a bit of the block map.
    assert.ok(Math.abs(overheadPerItem - (32 + 8 + 17 + 32 + 1 / 8)) < 0.5, String(overheadPerItem))
    assert.equal(keyRoom, 32)
  })
})

/** Spread log-normally; the same at each run. */
function sizesLike(median: number, p99: number, count: number): number[] {
  const random = randomFrom(SEED)
  const unit = () => (random.below(2 ** 30) + 1) / 2 ** 30
  const deviation = Math.log(p99 / median) / 2.3263
  return Array.from({ length: count }, () => {
    const z = Math.sqrt(-2 * Math.log(unit())) * Math.cos(2 * Math.PI * unit())
    return Math.max(1, Math.round(median * Math.exp(deviation * z)))
  })
}
