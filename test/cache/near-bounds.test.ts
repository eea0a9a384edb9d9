import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type CacheKey, VALUE_TYPE, type ValueDecoder } from '../../src/base/index.ts'
import { NearCopies } from '../../src/cache/near-copies.ts'
import { ValueCodec } from '../../src/codecs/index.ts'
import type { Stamps, StoreOutcome } from '../../src/engine/index.ts'

const plainCodec = new ValueCodec(
  { codec: undefined, schema: undefined, onInvalid: 'miss', compress: undefined, objects: false },
  1000,
)

/** A source of values that counts how often it is asked for one. */
class CountingSource {
  reads = 0
  readonly found = {
    hash: 0,
    slot: 1,
    expiresAtMs: 0,
    offset: 0,
    size: 0,
    type: VALUE_TYPE.ascii as number,
    hasTrailer: false,
    isStale: false,
    checkedAt: 0,
  }

  constructor(valueSize: number) {
    this.found.size = valueSize
  }

  get<T>(key: CacheKey, decode: ValueDecoder<T>): T {
    this.reads++
    let hash = 0
    for (const unit of String(key)) hash = Math.imul(hash ^ unit.charCodeAt(0), 0x01000193)
    this.found.hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
    return decode(Buffer.alloc(0), 0, 0, VALUE_TYPE.ascii)
  }

  /** Whether the item of each place is unchanged since it was stamped. */
  readonly #fresh = new Set<number>()

  createStamps = () => ({
    write: (place: number) => this.#fresh.add(place),
    move: (_: number, to: number) => this.#fresh.add(to),
    validate: (place: number) => this.#fresh.has(place),
    unchangedSlot: (place: number) => (this.#fresh.has(place) ? place + 1 : 0),
    renew: (place: number) => this.#fresh.add(place),
    noteVersion: () => {},
  })

  overwriteIfUnchanged(
    stamps: Pick<Stamps, 'unchangedSlot'>,
    place: number,
  ): StoreOutcome | undefined {
    return stamps.unchangedSlot(place) === 0 ? undefined : 'stored'
  }

  /** Another writer stores all items again. */
  changeAll(): void {
    this.#fresh.clear()
  }
}

function open(valueSize: number, maxItems: number, maxSize: number): [NearCopies, CountingSource] {
  const source = new CountingSource(valueSize)
  const options = { maxItems, maxSize, objects: false, buffers: false }
  return [new NearCopies(source, options, plainCodec), source]
}

/**
 * Reads each key once.
 *
 * @returns how many reads no near copy answered
 */
function readAll(near: NearCopies, source: CountingSource, count: number, from = 0): number {
  const before = source.reads
  for (let i = from; i < from + count; i++) near.get(`key-${i}`)
  return source.reads - before
}

describe('near copies are bounded', () => {
  test('a key is kept when it is read again, so one pass over many keeps nothing', () => {
    const [near, source] = open(100, 1000, 1e6)
    assert.equal(readAll(near, source, 100), 100)
    assert.equal(readAll(near, source, 100), 100)
    assert.ok(readAll(near, source, 100) < 5)
  })

  test('never more than maxItems are kept', () => {
    const [near, source] = open(100, 50, 1e9)
    for (let round = 0; round < 30; round++) readAll(near, source, 60)
    const past = readAll(near, source, 60)
    assert.ok(past >= 10 && past < 40, `${past} of 60 reads went past 50 copies`)
  })

  test('never more than maxSize bytes are kept, and no value that is a large part of them', () => {
    const [near, source] = open(1000, 1000, 50_000)
    for (let round = 0; round < 30; round++) readAll(near, source, 60)
    const past = readAll(near, source, 60)
    assert.ok(past >= 15 && past < 50, `${past} of 60 reads went past`)
    const [large, largeSource] = open(5000, 1000, 50_000)
    for (let round = 0; round < 5; round++) assert.equal(readAll(large, largeSource, 3), 3)
  })

  test('when all items are changed once, each is read once more, and its copy used again', () => {
    const [near, source] = open(10, 16_384, 1e8)
    for (let round = 0; round < 8; round++) readAll(near, source, 10_000)
    for (let turn = 0; turn < 20; turn++) {
      source.changeAll()
      assert.equal(readAll(near, source, 10_000), 10_000)
      assert.ok(readAll(near, source, 10_000) < 500)
    }
  })

  test('hot keys are all kept in the end, however many share a mark', () => {
    const [near, source] = open(10, 16_384, 1e8)
    for (let round = 0; round < 20; round++) readAll(near, source, 12_000)
    assert.ok(readAll(near, source, 12_000) < 50)
  })

  test('where items change before each read, copies are given up', () => {
    const [near, source] = open(10, 1000, 1e8)
    for (let round = 0; round < 100; round++) {
      source.changeAll()
      readAll(near, source, 500)
    }
    assert.equal(readAll(near, source, 500), 500)
    assert.equal(readAll(near, source, 500), 500)
  })

  test('keys that never come back are soon no longer looked for, and hot ones are again', () => {
    const [near, source] = open(100, 64, 1e6)
    for (let round = 0; round < 5; round++) readAll(near, source, 40)
    assert.ok(readAll(near, source, 40) < 3)
    readAll(near, source, 20_000, 1000)
    assert.equal(readAll(near, source, 40), 40, 'all were given up')
    let rounds = 0
    while (readAll(near, source, 40) > 2) assert.ok(++rounds < 100_000, 'kept again at last')
  })
})
