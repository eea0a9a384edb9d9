import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { djb33xHash, murmur2Hash, seededHash } from '../../src/engine/hash.ts'
import { PreparedKey } from '../../src/engine/key.ts'
import { seededRandom } from '../../testing/random.ts'
import { openBench, text } from '../../testing/segments.ts'

/** From a running uWSGI 2.0.21. */
const DJB33X = [
  ['61', 0x0002b5c4],
  ['6162', 0x00596e26],
  [hex('foo'), 0x0b8737a3],
  [hex('abcd1'), 0x0a1deb50],
  [hex('hello world'), 0xf8c65345],
  ['ff', 0xfffd4a5a],
  ['8061', 0xffa68ea4],
] as const
const MURMUR2 = [
  ['61', 0x92685f5e],
  ['6162', 0x1aa14063],
  [hex('abcd'), 0x26873021],
  [hex('abcd1'), 0x0944ef56],
  [hex('abcd2'), 0x0944ef56],
  [hex('hello world'), 0xdf0ed166],
  ['ff', 0x992c0759],
] as const

/** https://github.com/veorq/SipHash, vectors.h: HalfSipHash-2-4 of "", 00, 0001 with key 00..07. */
const HALF_SIP_2_4 = [0x5b9f35a9, 0xb85a4727, 0x03a662fa]

describe('the hash of a key', () => {
  test('is the one of uWSGI, fault included, for djb33x and murmur2', () => {
    for (const [name, hash, samples] of [
      ['djb33x', djb33xHash, DJB33X],
      ['murmur2', murmur2Hash, MURMUR2],
    ] as const) {
      const key = new PreparedKey(openBench({ hash: name }).segment)
      for (const [bytes, expected] of samples) {
        const buffer = Buffer.from(bytes, 'hex')
        assert.equal(hash(buffer, buffer.length) >>> 0, expected, `${name} of ${bytes}`)
        key.prepare(buffer)
        assert.equal(key.hash >>> 0, expected, `${name} of ${bytes} as a key`)
      }
    }
  })

  test('is HalfSipHash-1-3 with the seed of the segment as its key', t => {
    const seed = Buffer.from([0, 1, 2, 3, 4, 5, 6, 7])
    for (const [size, expected] of HALF_SIP_2_4.entries()) {
      assert.equal(halfSipHash(2, 4, seed, seed.subarray(0, size)), expected, 'our own reference')
    }
    const random = seededRandom(t)
    for (let size = 0; size <= 300; size++) {
      const bytes = Buffer.from(Array.from({ length: size }, () => random.below(256)))
      for (let i = 0; i < seed.length; i++) seed[i] = random.below(256)
      const words = new Int32Array(80)
      Buffer.from(words.buffer).set(bytes)
      const actual = seededHash(words, size, seed.readInt32LE(0), seed.readInt32LE(4))
      assert.equal(actual >>> 0, halfSipHash(1, 3, seed, bytes), `${size} bytes`)
    }
  })

  test('is the same for text and its UTF-8 bytes, at every length and beyond ASCII', () => {
    for (const hash of ['seeded', 'djb33x', 'murmur2'] as const) {
      const { segment } = openBench({ hash, maxKeySize: 1000 })
      const fromText = new PreparedKey(segment)
      const fromBytes = new PreparedKey(segment)
      for (let length = 1; length <= 70; length++) {
        for (const last of ['z', '\0', '\x7f', '\x80', 'ÿ', 'é', 'ſ', '世', '🌍']) {
          const key = 'k'.repeat(length - 1) + last
          fromText.prepare('x'.repeat(200)) // what was there before must not show
          fromText.prepare(key)
          fromBytes.prepare(Buffer.from(key))
          const told = `${hash}: ${JSON.stringify(key)}`
          assert.equal(fromText.hash, fromBytes.hash, told)
          assert.equal(fromText.size, Buffer.byteLength(key), told)
          assert.deepEqual(wordsOf(fromText), wordsOf(fromBytes), told)
        }
      }
    }
  })

  test('differs between two segments, so that nobody can prepare colliding keys', () => {
    const hashes = Array.from({ length: 8 }, () => openBench().key('same').hash)
    assert.ok(new Set(hashes).size > 1)
  })
})

describe('keys', () => {
  test('of every size up to the longest are found, each by itself', () => {
    for (const hash of ['seeded', 'djb33x', 'murmur2'] as const) {
      const { engine, get } = openBench({ hash, maxItems: 20, maxKeySize: 65_535 })
      const sizes = [1, 2, 3, 4, 5, 7, 8, 63, 64, 65, 255, 256, 65_534, 65_535]
      for (const size of sizes) {
        assert.equal(engine.store('k'.repeat(size), text(`${size}`), 0, 'add'), 'stored')
      }
      for (const size of sizes) assert.equal(get('k'.repeat(size)), `${size}`)
      assert.equal(get('k'.repeat(6)), undefined)
      assert.deepEqual(engine.verify().problems, [])
    }
  })

  test('too long for 16 bits are refused, not cut (F34)', () => {
    const { engine } = openBench({ maxKeySize: 65_535 })
    for (const key of ['a'.repeat(65_537), Buffer.alloc(65_536, 'a'), 'é'.repeat(32_768)]) {
      assert.throws(() => engine.store(key, text('v'), 0, 'set'), {
        code: 'UNDERCROFT_KEY_INVALID',
      })
    }
    assert.equal(engine.stats().items, 0)
  })

  test('that differ only in a zero byte at the end, or in order, are different keys', () => {
    const { set, get } = openBench()
    const keys = ['a', 'a\0', 'a\0\0', 'a\0\0\0', '\0a', 'ab', 'ba']
    for (const key of keys) set(key, JSON.stringify(key))
    for (const key of keys) assert.equal(get(key), JSON.stringify(key))
  })
})

function hex(ascii: string): string {
  return Buffer.from(ascii).toString('hex')
}

function wordsOf(key: PreparedKey): number[] {
  return [...key.words.subarray(0, (key.size + 3) >> 2)]
}

/** The algorithm of the paper, word for word, without regard to speed. */
function halfSipHash(c: number, d: number, seed: Buffer, bytes: Uint8Array): number {
  const v = [
    seed.readUInt32LE(0),
    seed.readUInt32LE(4),
    0x6c796765 ^ seed.readUInt32LE(0),
    0x74656462 ^ seed.readUInt32LE(4),
  ] as [number, number, number, number]
  const rotate = (value: number, by: number) => (value << by) | (value >>> (32 - by))
  const rounds = (count: number) => {
    for (let i = 0; i < count; i++) {
      v[0] = (v[0] + v[1]) | 0
      v[1] = rotate(v[1], 5) ^ v[0]
      v[0] = rotate(v[0], 16)
      v[2] = (v[2] + v[3]) | 0
      v[3] = rotate(v[3], 8) ^ v[2]
      v[0] = (v[0] + v[3]) | 0
      v[3] = rotate(v[3], 7) ^ v[0]
      v[2] = (v[2] + v[1]) | 0
      v[1] = rotate(v[1], 13) ^ v[2]
      v[2] = rotate(v[2], 16)
    }
  }
  const padded = Buffer.alloc((Math.floor(bytes.length / 4) + 1) * 4)
  padded.set(bytes)
  padded[padded.length - 1] = bytes.length
  for (let at = 0; at < padded.length; at += 4) {
    const word = padded.readUInt32LE(at)
    v[3] ^= word
    rounds(c)
    v[0] ^= word
  }
  v[2] ^= 0xff
  rounds(d)
  return (v[1] ^ v[3]) >>> 0
}
