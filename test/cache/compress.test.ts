/**
 * Compressed values: they take less room, and readers see what was set.
 */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { deflateSync } from 'node:zlib'
import { REPLICATION, VALUE_TYPE } from '../../src/base/index.ts'
import { compress, expand, hasMethod } from '../../src/codecs/compression.ts'
import { encodedBytes } from '../../src/codecs/encode.ts'
import { Cache, type CacheOptions } from '../../src/index.ts'

const METHODS = (['zstd', 'brotli', 'gzip'] as const).filter(method => hasMethod(method))
const TEXT = 'the same line again\n'.repeat(2000)
let opened = 0

function open<V>(t: TestContext, options: Partial<CacheOptions<V>>, name?: string): Cache<V> {
  const cache = Cache.open<V>({
    name: name ?? `compress-${process.pid}-${++opened}`,
    maxItems: 64,
    memory: 'private',
    ...options,
  })
  t.after(() => cache.close())
  return cache
}

describe('compressed values', () => {
  for (const method of METHODS) {
    test(`by ${method} are read as they were set, by openers without the option, too`, t => {
      const name = `compress-${method}-${process.pid}`
      const cache = open<unknown>(t, { compress: { minSize: 1000, method } }, name)
      const plain = open<unknown>(t, {}, name)
      const values = [
        TEXT,
        `${TEXT}世`,
        Buffer.from(TEXT),
        new Uint8Array(5000),
        { list: new Array(1000).fill('item') },
        new Map([[TEXT, new Date(0)]]),
      ]
      const { freeBlocks } = cache.stats()
      for (const [i, value] of values.entries()) {
        cache.set('k', value)
        assert.ok(freeBlocks - cache.stats().freeBlocks <= 4, `value ${i} takes few blocks`)
        for (const reader of [cache, plain]) {
          for (let reads = 0; reads < 4; reads++) assert.deepStrictEqual(reader.get('k'), value)
          assert.deepStrictEqual([...reader.entries()], [['k', value]])
        }
      }
      assert.equal(cache.verify().ok, true)
    })
  }

  test('have the plain bytes in getItem, in changes and in dumps', t => {
    const cache = open<string>(t, { compress: { minSize: 1000 } })
    const changes: (Buffer | undefined)[] = []
    cache[REPLICATION].observe(change =>
      changes.push(change.kind === 'set' ? change.value : undefined),
    )
    cache.set('k', TEXT)
    cache.touch('k', 1000)
    cache.setItem('bytes', { bytes: Buffer.from(TEXT) })
    assert.deepEqual(changes, new Array(3).fill(Buffer.from(TEXT)))
    assert.equal(cache.getItem('k')?.bytes.toString(), TEXT)
    assert.equal(cache.getItem('k')?.type, 'text')
    assert.equal(cache.getItem('bytes')?.type, 'bytes')
  })

  test('are only those that are large, and get smaller', t => {
    const cache = open<unknown>(t, { compress: { minSize: 1000 }, blockSize: 64 })
    const used = (value: unknown) => {
      cache.clear()
      const before = cache.stats().freeBlocks
      cache.set('k', value)
      return before - cache.stats().freeBlocks
    }
    assert.equal(used('x'.repeat(999)), 16)
    assert.equal(used('x'.repeat(1000)), 1)
    const noise = Buffer.from(Array.from({ length: 1024 }, (_, i) => (i * i * 7919) >> 5))
    const packed = deflateSync(noise)
    assert.equal(used(packed), Math.ceil(packed.length / 64))
    cache.increment('n')
    assert.equal(cache.increment('n'), 2)
  })

  test('may not be larger than maxValueSize before they are compressed', t => {
    const cache = open<string>(t, { compress: { minSize: 100 }, blockSize: 1000, bitmap: false })
    assert.equal(cache.set('k', 'x'.repeat(cache.maxValueSize)), true)
    assert.throws(() => cache.set('k', 'x'.repeat(cache.maxValueSize + 1)), {
      code: 'UNDERCROFT_VALUE_TOO_LARGE',
    })
  })

  test('count in near copies with their plain size', t => {
    const cache = open<string>(t, { compress: { minSize: 100 }, near: { maxSize: 1_000_000 } })
    const values = Array.from({ length: 60 }, (_, i) => `${i} `.repeat(20_000))
    for (const [i, value] of values.entries()) cache.set(`k${i}`, value)
    const isKept = (i: number) => {
      for (let reads = 0; reads < 4; reads++) cache.get(`k${i}`)
      const { hits } = cache.stats()
      return cache.get(`k${i}`) !== undefined && cache.stats().hits === hits + 1
    }
    assert.ok(values.every((_, i) => isKept(i)))
  })

  test('by a method that this Node does not have are refused, or say so', t => {
    if (hasMethod('zstd')) {
      t.skip('this Node has all methods')
      return
    }
    assert.throws(() => open(t, { compress: { minSize: 100, method: 'zstd' } }), {
      code: 'UNDERCROFT_OPTION_INVALID',
    })
    const header = Buffer.from([1, 0, 0, 0, 10, 0, 0, 0, 1, 2, 3])
    assert.throws(() => expand(header, 1000), { code: 'UNDERCROFT_CODEC_FAILED', message: /zstd/ })
  })

  test('need a size of at least 64 bytes, and no other options', t => {
    for (const compress of [{ minSize: 63 }, {}, null, 5, { minSize: 64, level: 3 }]) {
      assert.throws(() => open(t, { compress: compress as { minSize: number } }), {
        code: 'UNDERCROFT_OPTION_INVALID',
      })
    }
  })
})

describe('bytes that claim to be compressed', () => {
  const source = encodedBytes(Buffer.from(TEXT), VALUE_TYPE.ascii)
  for (const method of METHODS) {
    test(`by ${method} expand to their size, or are corrupt, whatever is damaged`, () => {
      const packed = compress(source, method)
      const whole = Buffer.alloc(packed.size)
      packed.writeTo(whole, 0)
      assert.equal(expand(whole, TEXT.length).toString(), TEXT)
      const isCorrupt = { code: 'UNDERCROFT_CORRUPT' }
      assert.throws(() => expand(whole, TEXT.length - 1), isCorrupt)
      for (let size = 0; size < whole.length - 1; size++) {
        assert.throws(() => expand(whole.subarray(0, size), TEXT.length), isCorrupt)
      }
      for (let at = 0; at < whole.length; at++) {
        const damaged = Buffer.from(whole)
        damaged[at] = (damaged[at] ?? 0) ^ 0xff
        try {
          assert.equal(expand(damaged, TEXT.length).length, TEXT.length)
        } catch (error) {
          assert.match(String((error as { code?: unknown }).code), /_(CORRUPT|CODEC_FAILED)$/)
        }
      }
    })

    test(`by ${method} cannot expand beyond the size in front of them`, () => {
      const packed = compress(encodedBytes(Buffer.alloc(50_000_000), VALUE_TYPE.buffer), method)
      const bomb = Buffer.alloc(packed.size)
      packed.writeTo(bomb, 0)
      bomb.writeUInt32LE(1000, 4)
      assert.throws(() => expand(bomb, 10_000), { code: 'UNDERCROFT_CORRUPT' })
    })
  }
})
