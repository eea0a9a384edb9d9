/**
 * The time that a value takes grows with the value, and not faster.
 *
 * The time of a value is compared with that of one GROWTH times as large. Quadratic time would be
 * GROWTH squared times as long, and exponential time would never end, so the limit is far from
 * both. The least of several times is free of what other processes do.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeValue, encodeValue } from '../../src/codecs/index.ts'

const GROWTH = 16
const LIMIT = GROWTH * 4
const SAMPLES = 30
/** Much longer than a step of the clock. */
const MIN_SAMPLE_MS = 0.2

const KINDS: readonly (readonly [name: string, make: (size: number) => unknown])[] = [
  ['text of ASCII', size => 'a'.repeat(size * 40)],
  ['text of UTF-8', size => '世'.repeat(size * 10)],
  ['text with lone surrogates', size => '\ud800'.repeat(size * 10)],
  // Smaller ones are in memory that was in use before, and cost less a byte.
  ['a Buffer', size => Buffer.alloc(size * 3000)],
  ['a Uint8Array', size => new Uint8Array(size * 3000)],
  ['a Float64Array', size => new Float64Array(size * 400)],
  ['a bigint', size => 1n << BigInt(size * 32)],
  ['a list of numbers', size => Array.from({ length: size }, (_, i) => i * 1.5)],
  ['a list of objects', size => Array.from({ length: size }, (_, i) => ({ i, text: `text ${i}` }))],
  ['an object of many names', size => Object.fromEntries(names(size).map(name => [name, name]))],
  ['a list with holes', size => Object.assign(new Array(size * 2), names(size))],
  ['a list of dates', size => Array.from({ length: size }, (_, i) => new Date(i))],
  ['a Map', size => new Map(names(size).map((name, i) => [name, i]))],
  ['a Set', size => new Set(names(size))],
  [
    'lists in lists',
    size =>
      nest(
        60,
        Array.from({ length: size }, () => 1),
      ),
  ],
  ['deep lists', size => nest(Math.min(size, 1500), [])],
  ['a list of one object', size => new Array(size).fill({ a: 1, b: [2, 3] })],
  ['a list of one large object', size => new Array(size).fill({ list: names(200) })],
  ['objects that hold the next one twice', size => layers(22, 1, size)],
  ['wide layers of shared objects', size => layers(22, size / 20, 1)],
  ['a ring of objects', size => ring(size)],
]

function names(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `name ${i}`)
}

function nest(depth: number, core: unknown): unknown {
  let value = core
  for (let i = 0; i < depth; i++) value = [value]
  return value
}

/** Layers of objects that all hold two objects of the next layer: 2^depth paths lead through. */
function layers(depth: number, width: number, coreSize: number): unknown {
  let layer: unknown[] = Array.from({ length: width }, () => names(coreSize))
  for (let i = 0; i < depth; i++) {
    layer = layer.map((part, at) => ({ x: part, y: layer[(at + 1) % width] }))
  }
  return layer
}

function ring(count: number): unknown {
  const first: { next?: unknown } = {}
  let value: unknown = first
  for (let i = 1; i < Math.min(count, 1500); i++) value = { next: value }
  first.next = value
  return first
}

/** @returns the least time of one round trip, in milliseconds */
function timeOf(value: unknown): number {
  const bytes = Buffer.alloc(encodeValue(value).size)
  const roundTrip = () => {
    const source = encodeValue(value)
    source.writeTo(bytes, 0)
    decodeValue(bytes, 0, source.size, source.type)
  }
  const sample = (rounds: number) => {
    const startedAtMs = performance.now()
    for (let i = 0; i < rounds; i++) roundTrip()
    return performance.now() - startedAtMs
  }
  let rounds = 1
  while (sample(rounds) < MIN_SAMPLE_MS) rounds *= 2
  return Math.min(...Array.from({ length: SAMPLES }, () => sample(rounds))) / rounds
}

describe('the time of a value is linear in its size', () => {
  for (const [name, make] of KINDS) {
    test(`for ${name}`, t => {
      const small = timeOf(make(100))
      const large = timeOf(make(100 * GROWTH))
      t.diagnostic(`${small.toFixed(4)} ms, ${GROWTH} times as large ${large.toFixed(4)} ms`)
      assert.ok(large <= small * LIMIT, `${(large / small).toFixed(1)} times as long`)
    })
  }
})
