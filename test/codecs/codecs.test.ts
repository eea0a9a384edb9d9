import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import vm from 'node:vm'
import { VALUE_TYPE } from '../../src/base/index.ts'
import { decodeValue, encodeValue } from '../../src/codecs/index.ts'
import { isPlainData } from '../../src/codecs/plain.ts'
import { type Random, seededRandom } from '../../testing/random.ts'

/** Through bytes that have something on both sides, as in a segment. */
function roundTrip(value: unknown): { type: number; size: number; value: unknown } {
  const source = encodeValue(value)
  for (const offset of [8, 9]) {
    const bytes = Buffer.alloc(source.size + 32, 0xee)
    source.writeTo(bytes, offset)
    assert.ok(
      bytes.subarray(0, offset).every(byte => byte === 0xee),
      'nothing before',
    )
    assert.ok(
      bytes.subarray(offset + source.size).every(byte => byte === 0xee),
      'nothing behind',
    )
    const decoded = decodeValue(bytes, offset, source.size, source.type)
    bytes.fill(0)
    if (offset === 9) return { type: source.type, size: source.size, value: decoded }
    assert.deepStrictEqual(decoded, structuredClone(value))
  }
  throw new Error('not reached')
}

function typeOf(value: unknown): number {
  return roundTrip(value).type
}

describe('plain data', () => {
  test('is what JSON keeps exactly', () => {
    const shared = { a: 1 }
    for (const value of [
      'text',
      1.5,
      -1,
      true,
      null,
      [],
      {},
      [[], {}],
      { a: [1, 'b', null, { c: false }] },
      { toJSON: 'a string' },
      JSON.parse('{"__proto__": {"a": 1}, "constructor": 1}'),
      [shared, shared],
      Object.assign({}, { [Symbol('ignored')]: 1 }),
    ]) {
      assert.equal(isPlainData(value), true)
    }
  })

  test('is nothing that JSON would change, drop or refuse', () => {
    class Point {
      x = 1
    }
    const circle: unknown[] = []
    circle.push(circle)
    for (const value of [
      undefined,
      Number.NaN,
      -Infinity,
      -0,
      5n,
      Symbol('s'),
      () => 1,
      { a: undefined },
      [undefined],
      [1, Number.NaN],
      [{ deep: [-0] }],
      new Array(1),
      Object.assign([1], { extra: 1 }),
      Object.assign(new Array(1), { extra: 1 }),
      new Date(0),
      new Map(),
      new String('boxed'),
      new Point(),
      Object.create(null),
      Object.create({ inherited: 1 }),
      new (class extends Array {})(),
      { toJSON: () => 'another' },
      Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 'hidden' }),
      Object.defineProperty([1], 'toJSON', { value: () => 'hidden' }),
      vm.runInNewContext('({ a: 1 })'),
      circle,
      Buffer.from('bytes'),
    ]) {
      assert.equal(isPlainData(value), false, String(Object.prototype.toString.call(value)))
    }
  })

  test('may repeat objects, as long as its JSON is small or not mostly repeats', () => {
    const constant = { unit: 'ms', text: 'x'.repeat(600) }
    const row = (i: number) => ({ i, text: `row ${i} `.repeat(200), constant })
    const list = Array.from({ length: 100 }, (_, i) => row(i))
    assert.equal(typeOf(list), VALUE_TYPE.json)
    assert.equal(typeOf({ first: constant, second: constant }), VALUE_TYPE.json)
    assert.equal(typeOf(Array.from({ length: 100 }, () => constant)), VALUE_TYPE.structured)
    const [back] = roundTrip(Array.from({ length: 100 }, () => list)).value as unknown[][]
    assert.deepEqual(back, list)
  })

  test('of which each object holds the next one twice is written once an object', () => {
    let value: unknown = { core: 'x' }
    for (let depth = 0; depth < 60; depth++) value = { x: value, y: value }
    const { type, size } = encodeValue(value)
    assert.equal(type, VALUE_TYPE.structured)
    assert.ok(size < 1000, `${size} bytes`)
    const source = encodeValue(value)
    const bytes = Buffer.alloc(source.size)
    source.writeTo(bytes, 0)
    let back = decodeValue(bytes, 0, size, type) as { x: unknown; y: unknown }
    for (let depth = 0; depth < 59; depth++) {
      assert.equal(back.x, back.y)
      back = back.x as typeof back
    }
    assert.deepEqual(back.y, { core: 'x' })
  })

  test('ends at 64 levels on the longest way, also through objects that came before', () => {
    let chain: unknown = { text: 'x'.repeat(1000) }
    const lengths = Array.from({ length: 62 }, () => {
      chain = [chain]
      return chain
    })
    const filler = 'x'.repeat(1_000_000)
    assert.equal(typeOf([filler, ...lengths]), VALUE_TYPE.json)
    assert.equal(typeOf([filler, ...lengths, [[chain]]]), VALUE_TYPE.structured)
  })

  test('ends at 64 levels, and what is deeper is kept all the same', () => {
    const nest = (levels: number) => {
      let value: unknown = 'core'
      for (let i = 0; i < levels; i++) value = [value]
      return value
    }
    assert.equal(typeOf(nest(64)), VALUE_TYPE.json)
    assert.equal(typeOf(nest(65)), VALUE_TYPE.structured)
    assert.equal(typeOf(nest(500)), VALUE_TYPE.structured)
  })
})

describe('an encoded value', () => {
  test('is text, a number or JSON wherever peers can read that', () => {
    for (const [value, type, size] of [
      ['', VALUE_TYPE.ascii, 0],
      ['plain \x7f', VALUE_TYPE.ascii, 7],
      ['\x80', VALUE_TYPE.utf8, 2],
      ['é', VALUE_TYPE.utf8, 2],
      ['🌍', VALUE_TYPE.utf8, 4],
      ['\ud83c', VALUE_TYPE.utf16, 2],
      ['a\udf0d', VALUE_TYPE.utf16, 4],
      [Number.MAX_SAFE_INTEGER, VALUE_TYPE.integer, 8],
      [Number.MIN_SAFE_INTEGER, VALUE_TYPE.integer, 8],
      [-1, VALUE_TYPE.integer, 8],
      [2 ** 32, VALUE_TYPE.integer, 8],
      [-(2 ** 32), VALUE_TYPE.integer, 8],
      [2 ** 53, VALUE_TYPE.json, 16],
      [0.1, VALUE_TYPE.json, 3],
      [2n ** 63n - 1n, VALUE_TYPE.bigint, 8],
      [-(2n ** 63n), VALUE_TYPE.bigint, 8],
      [null, VALUE_TYPE.json, 4],
      [{ a: '\ud800' }, VALUE_TYPE.json, 14],
    ] as const) {
      const { value: back, ...facts } = roundTrip(value)
      assert.deepStrictEqual(back, value)
      assert.deepEqual(facts, { type, size }, JSON.stringify(`${value}`))
    }
    assert.equal(encodeValue(Buffer.from('b')).type, VALUE_TYPE.buffer)
    assert.equal(encodeValue(new Uint8Array(1)).type, VALUE_TYPE.uint8Array)
  })

  test('is left to V8 where nothing else keeps it', () => {
    for (const value of [
      -0,
      Number.NaN,
      2n ** 63n,
      new Array(1),
      new Date(5),
      new Map([[{}, new Set()]]),
    ]) {
      assert.equal(typeOf(value), VALUE_TYPE.structured)
    }
    const clamped = new Uint8ClampedArray([1, 2])
    assert.deepStrictEqual(roundTrip(clamped).value, clamped)
  })

  test('of a counter that arithmetic carried beyond the safe integers is a bigint', () => {
    const bytes = Buffer.alloc(8)
    for (const value of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n]) {
      bytes.writeBigInt64LE(value)
      assert.equal(decodeValue(bytes, 0, 8, VALUE_TYPE.integer), value)
    }
    bytes.writeBigInt64LE(-(2n ** 53n) + 1n)
    assert.equal(decodeValue(bytes, 0, 8, VALUE_TYPE.integer), Number.MIN_SAFE_INTEGER)
  })

  test('of a kind or size that cannot be says so, and is no other value', () => {
    const bytes = Buffer.alloc(16)
    for (const [type, size] of [
      [9, 8],
      [255, 0],
      [VALUE_TYPE.integer, 7],
      [VALUE_TYPE.bigint, 9],
    ] as const) {
      assert.throws(() => decodeValue(bytes, 0, size, type), { code: 'UNDERCROFT_CORRUPT' })
    }
  })

  test('comes back as it was, whatever JSON value it is', t => {
    const random = seededRandom(t)
    for (let turn = 0; turn < 3000; turn++) {
      const value = randomJson(random, 4)
      assert.deepStrictEqual(roundTrip(value).value, value)
    }
  })
})

function randomJson(random: Random, depth: number): unknown {
  const simple: readonly (() => unknown)[] = [
    () => null,
    () => random.chance(0.5),
    () => random.below(2 ** 32) - 2 ** 31,
    () => (random.below(2 ** 32) - 2 ** 31) * 2 ** (random.below(60) - 30) || 1,
    () => randomText(random),
  ]
  if (depth === 0 || random.chance(0.4)) return random.pick(simple)()
  const values = Array.from({ length: random.below(5) }, () => randomJson(random, depth - 1))
  if (random.chance(0.5)) return values
  return Object.fromEntries(values.map(value => [randomText(random), value]))
}

function randomText(random: Random): string {
  const units = ['a', '"', '\\', '\0', '\n', 'é', '世', '🌍', '\ud800', '\udfff', '__proto__', '0']
  return Array.from({ length: random.below(6) }, () => random.pick(units)).join('')
}
