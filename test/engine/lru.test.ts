import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Random, seededRandom } from '../../testing/random.ts'
import { type Bench, openBench } from '../../testing/segments.ts'

/** The items of an LRU cache of `limit` items, the least recently used first. */
class LruModel {
  readonly items = new Map<string, string>()
  readonly victims: string[] = []
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  use(key: string): string | undefined {
    const value = this.items.get(key)
    if (value === undefined) return undefined
    this.items.delete(key)
    this.items.set(key, value)
    return value
  }

  set(key: string, value: string): void {
    if (!this.items.delete(key) && this.items.size === this.#limit) this.evict()
    this.items.set(key, value)
  }

  evict(): void {
    const [oldest] = this.items.keys()
    if (oldest === undefined) throw new Error('nothing is left to evict')
    this.items.delete(oldest)
    this.victims.push(oldest)
  }
}

/** Runs one random operation on both, and compares what they return. */
function step(random: Random, bench: Bench, model: LruModel, keyCount: number): void {
  const { engine } = bench
  // Squared: a few keys are hot, many are cold.
  const key = `key-${Math.floor((random.below(1000) / 1000) ** 2 * keyCount)}`
  const dice = random.below(100)
  if (dice < 45) {
    assert.equal(bench.get(key), model.use(key))
  } else if (dice < 85) {
    const value = random.text(random.below(10))
    assert.equal(bench.set(key, value), 'stored')
    model.set(key, value)
  } else if (dice < 93) {
    assert.equal(engine.delete(key), model.items.delete(key))
  } else if (dice < 97) {
    assert.equal(engine.touch(key, 0), model.use(key) !== undefined)
  } else {
    assert.equal(engine.has(key), model.items.has(key), 'and to ask is no use')
  }
}

/** Fills the cache with new items, and checks which keys are evicted, in order. */
function drain(bench: Bench, model: LruModel): void {
  const expected = [...model.items.keys()]
  const { slotCount, maxItems } = { ...bench.engine.stats(), slotCount: bench.engine.slotCount }
  assert.ok(slotCount <= maxItems)
  for (let i = expected.length; i < maxItems; i++) bench.set(`filler-${i}`, 'x')
  for (const [index, key] of expected.entries()) {
    assert.ok(bench.engine.has(key), `${key} goes as number ${index}`)
    bench.set(`newcomer-${index}`, 'x')
    assert.equal(bench.engine.has(key), false)
  }
}

describe('LRU eviction', () => {
  for (const [mode, more] of [
    ['one block an item', {}],
    ['bitmap', { bitmap: true }],
  ] as const) {
    for (const [maxItems, steps] of [
      [1, 2000],
      [2, 5000],
      [5, 15_000],
      [64, 30_000],
      [1000, 40_000],
    ] as const) {
      test(`takes the victims of a plain list, ${maxItems} items, ${mode}`, t => {
        const random = seededRandom(t)
        const bench = openBench({ eviction: 'lru', maxItems, ...more })
        const model = new LruModel(maxItems)
        for (let i = 0; i < steps; i++) step(random, bench, model, maxItems * 2 + 3)
        const { items, evicted } = bench.engine.stats()
        assert.deepEqual([items, evicted], [model.items.size, model.victims.length])
        assert.deepEqual(bench.engine.verify().problems, [])
        drain(bench, model)
        assert.deepEqual(bench.engine.verify().problems, [])
      })
    }
  }

  test('takes the right victims after everything was used, and much was deleted', t => {
    const random = seededRandom(t)
    for (const more of [{}, { bitmap: true }]) {
      const bench = openBench({ eviction: 'lru', maxItems: 1000, ...more })
      const model = new LruModel(1000)
      const useAll = () => {
        const keys = [...model.items.keys()]
        for (const key of keys.sort(() => random.below(2) - 0.5)) {
          assert.equal(bench.get(key), model.use(key))
        }
      }
      const setSome = (name: string, count: number) => {
        for (let i = 0; i < count; i++) {
          bench.set(`${name}-${i}`, 'v')
          model.set(`${name}-${i}`, 'v')
        }
      }
      setSome('first', 1000)
      useAll()
      setSome('second', 300) // each of the first 64 that it looks at was used since
      for (const key of [...model.items.keys()].filter(() => random.chance(0.4))) {
        bench.engine.delete(key)
        model.items.delete(key)
      }
      useAll()
      assert.deepEqual(bench.engine.verify().problems, [])
      drain(bench, model)
      assert.deepEqual(bench.engine.verify().problems, [])
    }
  })

  test('keeps its order over a recovery', t => {
    const random = seededRandom(t)
    const bench = openBench({ eviction: 'lru', maxItems: 50 })
    const model = new LruModel(50)
    for (let i = 0; i < 2000; i++) step(random, bench, model, 100)
    const bucket = bench.parts.table.bucketAt(0)
    bench.parts.table.beginChange(bucket)
    bench.segment.words[bucket + 1] = 4711 // the next writer that comes here rebuilds
    for (let i = 0; i < 100; i++) bench.engine.delete(`nobody-${i}`)
    drain(bench, model)
  })

  test('sees the uses of all openers', () => {
    const bench = openBench({ eviction: 'lru', maxItems: 3 })
    const other = bench.attach()
    for (const key of ['a', 'b', 'c']) bench.set(key, key)
    other.get('a', () => true)
    bench.set('d', 'd')
    other.get('c', () => true)
    bench.set('e', 'e')
    assert.deepEqual(['a', 'b', 'c', 'd', 'e'].map(bench.get), [
      undefined,
      undefined,
      'c',
      'd',
      'e',
    ])
  })

  test('counts neither a failed add nor iteration as a use', () => {
    const bench = openBench({ eviction: 'lru', maxItems: 2 })
    const fresh = { initial: 0n, expiresAtMs: 0, type: 5 }
    bench.engine.count('old', 'inc', 1n, fresh)
    bench.set('new', 'v')
    bench.engine.readSlot(1, () => true)
    assert.equal(bench.engine.store('old', sameSize, 0, 'add'), 'exists')
    bench.set('newest', 'v')
    assert.equal(bench.engine.has('old'), false)
    assert.equal(bench.get('new'), 'v')
  })
})

const sameSize = { type: 0, size: 8, writeTo: () => assert.fail('nothing is to be written') }
