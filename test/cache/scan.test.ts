import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { onEnd } from '../../testing/scope.ts'

let serial = 0

function open<V>(t: TestContext, options: Partial<CacheOptions> = {}): Cache<V> {
  const name = `scan-${process.pid}-${++serial}`
  const cache = Cache.open<V>({ name, memory: 'private', maxItems: 5000, ...options })
  onEnd(t, () => cache.destroy())
  return cache
}

describe('keys, entries and scan', () => {
  test('yield all items, or those whose keys begin with a prefix', async t => {
    const cache = open<number>(t)
    const all: [string, number][] = [
      ['user:1', 1],
      ['user:2', 2],
      ['page:1', 3],
      ['über', 4],
    ]
    cache.setMany(all)
    cache.set('user:over', 5, { ttlMs: 0 })
    const prefixes = [undefined, '', 'user:', 'page:1', 'ü', 'page:12', 'absent']
    for (const prefix of prefixes) {
      const expected = all.filter(([key]) => key.startsWith(prefix ?? '')).sort()
      const scanned: [string, number][] = []
      for await (const entry of cache.scan({ prefix })) scanned.push(entry)
      assert.deepEqual(scanned.sort(), expected)
      assert.deepEqual([...cache.entries({ prefix })].sort(), expected)
      assert.deepEqual(
        [...cache.keys({ prefix })].sort(),
        expected.map(([key]) => key),
      )
    }
    assert.equal([...cache.keys()].length, all.length)
  })

  test('refuse misspelt options at the call, before anything is read', t => {
    const cache = open(t)
    for (const method of ['keys', 'entries', 'scan'] as const) {
      for (const options of [{ prefx: 'a' }, 'a', { prefix: 5 }, null]) {
        assert.throws(() => cache[method](options as object), { code: 'UNDERCROFT_OPTION_INVALID' })
      }
    }
  })

  test('count nothing', async t => {
    const cache = open<number>(t)
    cache.set('a', 1)
    for await (const entry of cache.scan()) assert.deepEqual(entry, ['a', 1])
    assert.equal(cache.stats().hits, 0)
    assert.equal(cache.stats().misses, 0)
  })
})

describe('scan', () => {
  test('lets other work have its turn, whether or not an item matches', async t => {
    const cache = open<number>(t)
    for (let i = 0; i < 5000; i++) cache.set(`key:${i}`, i)
    for (const prefix of ['key:', 'none']) {
      assert.ok((await turnsDuring(cache, prefix)) >= 4, prefix)
    }
  })

  test('lets other work have its turn after a few large values', async t => {
    const cache = open<Buffer>(t, { maxItems: 100, blockSize: 4096, blocks: 4000 })
    for (let i = 0; i < 20; i++) cache.set(`key:${i}`, Buffer.alloc(256 * 1024))
    assert.ok((await turnsDuring(cache, 'key:')) >= 19)
  })

  test('yields once what is there all the time, while others write', async t => {
    const cache = open<number>(t)
    for (let i = 0; i < 3000; i++) cache.set(`stays:${i}`, i)
    const seen = new Map<string, number>()
    for await (const [key] of cache.scan({ prefix: 'stays:' })) {
      seen.set(key, (seen.get(key) ?? 0) + 1)
      cache.set(`fresh:${seen.size % 500}`, 0)
      cache.set('stays:7', seen.size)
    }
    assert.equal(seen.size, 3000)
    assert.deepEqual(new Set(seen.values()), new Set([1]))
  })

  test('ends with an error when the cache is closed meanwhile', async t => {
    const cache = open<number>(t)
    cache.setMany([
      ['a', 1],
      ['b', 2],
    ])
    const scan = cache.scan()
    await scan.next()
    cache.close()
    await assert.rejects(scan.next(), { code: 'UNDERCROFT_CLOSED' })
  })
})

/** How often the event loop turned while a scan ran. */
async function turnsDuring(cache: Cache<unknown>, prefix: string): Promise<number> {
  let turns = 0
  let over = false
  const count = () => {
    if (over) return
    turns++
    setImmediate(count)
  }
  setImmediate(count)
  for await (const _ of cache.scan({ prefix })) {
    // Only the time between the steps matters.
  }
  over = true
  return turns
}
