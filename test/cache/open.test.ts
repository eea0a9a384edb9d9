import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { memoryDir } from '../../testing/temp-dir.ts'

describe('opening a cache', () => {
  for (const memory of ['shared', 'private'] as const) {
    test(`twice by one name gives one cache (${memory} memory)`, t => {
      const directory = memoryDir(t)
      using first = Cache.open({ name: 'one', maxItems: 10, directory, memory })
      using second = Cache.open({ name: 'one', directory, memory })
      first.set('k', 'v')
      assert.equal(second.get('k'), 'v')
      assert.equal(second.stats().maxItems, 10)
    })

    test(`with other options than it has names each difference (${memory} memory)`, t => {
      const directory = memoryDir(t)
      using _first = Cache.open({ name: 'one', maxItems: 10, directory, memory })
      assert.throws(() => Cache.open({ name: 'one', maxItems: 13, directory, memory }), {
        code: 'UNDERCROFT_GEOMETRY_MISMATCH',
        message: /maxItems/,
      })
    })
  }

  test('calls each option by the name that callers know', t => {
    const directory = memoryDir(t)
    using _first = Cache.open({ name: 'one', maxItems: 10, directory })
    const other = { name: 'one', blocks: 20, ignoreTtl: true, directory }
    assert.throws(() => Cache.open(other), {
      code: 'UNDERCROFT_GEOMETRY_MISMATCH',
      message: /blocks is 160, asked for was 20; ignoreTtl is false, asked for was true/,
    })
  })

  test('that does not exist needs maxItems', t => {
    const directory = memoryDir(t)
    assert.throws(() => Cache.open({ name: 'absent', directory }), {
      code: 'UNDERCROFT_NO_SUCH_CACHE',
      message: /maxItems/,
    })
  })

  test('anew after it was destroyed begins empty, while the old one goes on for who has it', t => {
    const directory = memoryDir(t)
    const options = { name: 'one', maxItems: 10, directory }
    using old = Cache.open(options)
    old.set('k', 'old')
    Cache.open(options).destroy()
    using fresh = Cache.open(options)
    assert.equal(fresh.get('k'), undefined)
    assert.equal(old.get('k'), 'old')
  })

  const wrong: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{}, /name must be 1 to 64/],
    [
      { name: '.hidden', maxItems: 1 },
      /not beginning with a dot, or instance\/name; got "\.hidden"/,
    ],
    [{ name: 'a@b', maxItems: 1 }, /got "a@b"/],
    [{ name: 'a', maxItems: 0 }, /maxItems must be a whole number from 1 to \d+; got 0/],
    [{ name: 'a', maxItems: 1.5 }, /got 1\.5/],
    [{ name: 'a', maxItems: 1, blockSize: '4k' }, /blockSize must be .*; got "4k"/],
    [{ name: 'a', maxItems: 1, maxKeySize: 65_536 }, /maxKeySize must be .* 65535; got 65536/],
    [{ name: 'a', maxItems: 1, eviction: 'fifo' }, /eviction must be one of none, lru, adaptive/],
    [{ name: 'a', maxItems: 1, bitmap: false, blocks: 5 }, /blocks needs bitmap/],
    [{ name: 'a', maxItems: 1, ttlMs: -1 }, /ttlMs must be milliseconds from 0/],
    [{ name: 'a', max_items: 1 }, /no option "max_items"; allowed are name, maxItems/],
  ]
  for (const [options, message] of wrong) {
    test(`with ${JSON.stringify(options)} is refused, and says what is allowed`, () => {
      assert.throws(() => Cache.open(options as unknown as CacheOptions), {
        code: 'UNDERCROFT_OPTION_INVALID',
        message,
      })
    })
  }
})
