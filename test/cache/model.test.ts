import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { type Random, seededRandom } from '../../testing/random.ts'
import { memoryDir } from '../../testing/temp-dir.ts'

const STEPS = 6000
const KEYS = Array.from({ length: 24 }, (_, i) => (i % 3 === 0 ? `ключ-${i}` : `key-${i}`))

type EvictionName = NonNullable<CacheOptions['eviction']>

interface Item {
  readonly value: unknown
  readonly expiresAtMs: number
}

/** A simple model of what a cache promises: a Map in the order of use. */
class CacheModel {
  readonly items = new Map<string, Item>()
  readonly #clock: ManualClock
  readonly #limit: number
  readonly #eviction: EvictionName

  constructor(clock: ManualClock, limit: number, eviction: EvictionName) {
    this.#clock = clock
    this.#limit = limit
    this.#eviction = eviction
  }

  find(key: string): Item | undefined {
    const item = this.items.get(key)
    if (item === undefined || item.expiresAtMs > this.#clock.nowMs()) return item
    this.items.delete(key)
    return undefined
  }

  use(key: string): Item | undefined {
    const item = this.find(key)
    if (item !== undefined) this.#put(key, item)
    return item
  }

  store(key: string, value: unknown, ttlMs: number): boolean {
    const isNew = this.find(key) === undefined
    if (isNew && this.liveKeys().length >= this.#limit) {
      if (this.#eviction === 'none') return false
      if (this.#eviction === 'clear') this.items.clear()
      else this.items.delete(this.liveKeys()[0] as string)
    }
    this.#put(key, { value, expiresAtMs: this.#clock.nowMs() + ttlMs })
    return true
  }

  /** Arithmetic keeps the place and the end of an existing item. */
  change(key: string, value: unknown): void {
    const item = this.items.get(key) as Item
    this.items.set(key, { ...item, value })
  }

  liveKeys(): string[] {
    return [...this.items.keys()].filter(key => this.find(key) !== undefined)
  }

  #put(key: string, item: Item): void {
    this.items.delete(key)
    this.items.set(key, item)
  }
}

interface Run {
  readonly random: Random
  readonly cache: Cache
  readonly model: CacheModel
  readonly clock: ManualClock
  /** It is always Infinity where a test needs an exact order of eviction. */
  readonly withTtl: boolean
}

const COMMANDS: readonly ((run: Run, key: string) => void)[] = [
  ({ cache, model }, key) => assert.deepStrictEqual(cache.get(key), model.use(key)?.value),
  ({ cache, model }, key) => assert.deepStrictEqual(cache.get(key), model.use(key)?.value),
  (run, key) => {
    const [value, ttlMs] = randomValue(run)
    assert.equal(run.cache.set(key, value, { ttlMs }), run.model.store(key, value, ttlMs))
  },
  (run, key) => {
    const [value, ttlMs] = randomValue(run)
    const expected = run.model.find(key) === undefined && run.model.store(key, value, ttlMs)
    assert.equal(run.cache.add(key, value, { ttlMs }), expected)
  },
  (run, key) => {
    const [value, ttlMs] = randomValue(run)
    const expected = run.model.find(key) !== undefined && run.model.store(key, value, ttlMs)
    assert.equal(run.cache.replace(key, value, { ttlMs }), expected)
  },
  ({ cache, model }, key) => {
    const expected = model.find(key) !== undefined
    model.items.delete(key)
    assert.equal(cache.delete(key), expected)
  },
  (run, key) => {
    const ttlMs = randomTtl(run)
    const item = run.model.use(key)
    if (item !== undefined) run.model.store(key, item.value, ttlMs)
    assert.equal(run.cache.touch(key, ttlMs), item !== undefined)
  },
  increment,
  ({ cache, model, clock }, key) => {
    const item = model.find(key)
    assert.equal(cache.has(key), item !== undefined)
    const left = item === undefined ? undefined : item.expiresAtMs - clock.nowMs()
    assert.equal(cache.ttlMs(key), left)
  },
  ({ clock, random, withTtl }) => {
    if (withTtl) clock.advance(random.below(40))
  },
  ({ cache, model, random }) => {
    if (!random.chance(0.02)) return
    assert.ok(cache.clear() >= model.liveKeys().length)
    model.items.clear()
  },
]

function increment(run: Run, key: string): void {
  const { cache, model, random } = run
  const by = random.below(100) - 50
  const ttlMs = randomTtl(run)
  const item = model.find(key)
  if (item === undefined) {
    const stored = model.store(key, 7 + by, ttlMs)
    const expected = stored ? 7 + by : undefined
    assert.equal(cache.increment(key, by, { initial: 7, ttlMs }), expected)
  } else if (typeof item.value === 'number') {
    assert.equal(cache.increment(key, by, { initial: 7, ttlMs }), item.value + by)
    model.change(key, item.value + by)
    model.use(key)
  } else {
    assert.throws(() => cache.increment(key, by), { code: 'UNDERCROFT_NOT_A_COUNTER' })
  }
}

function randomValue(run: Run): [value: unknown, ttlMs: number] {
  const { random } = run
  const value = random.pick([
    () => random.text(random.below(60)),
    () => random.below(1000),
    () => ({ text: random.text(5), list: [random.below(10), null] }),
    () => Buffer.from(random.text(1 + 2 * random.below(10))), // 8 bytes would be a counter
  ])()
  return [value, randomTtl(run)]
}

function randomTtl({ random, withTtl }: Run): number {
  return withTtl && random.chance(0.7) ? random.below(300) : Infinity
}

const MODES: Readonly<Record<string, Partial<CacheOptions>>> = {
  'shared memory': {},
  'private memory': { memory: 'private' },
  'uWSGI hash': { hash: 'murmur2', blockSize: 77 },
  bitmap: { bitmap: true, blockSize: 16, blocks: 500 },
  store: { blockSize: 16, blocks: 500 },
}

describe('any sequence of commands does what a Map would do', () => {
  for (const [mode, options] of Object.entries(MODES)) {
    for (const [title, eviction, withTtl] of [
      ['with TTLs, refusing when full', 'none', true],
      ['evicting the least recently used', 'lru', false],
      ['with TTLs, cleared when full', 'clear', true],
    ] as const) {
      test(`${mode}, ${title}`, t => {
        const random = seededRandom(t)
        const clock = new ManualClock()
        const directory = memoryDir(t)
        using cache = Cache.open({
          name: `model-${mode.replace(' ', '-')}-${eviction}`,
          directory,
          ...(mode === 'store' ? { store: join(directory, 'model.store') } : {}),
          maxItems: 12,
          blockSize: 128,
          maxKeySize: 32,
          clock,
          ...options,
          eviction,
        })
        const model = new CacheModel(clock, 12, eviction)
        const run = { random, cache, model, clock, withTtl }
        for (let step = 0; step < STEPS; step++) {
          random.pick(COMMANDS)(run, random.pick(KEYS))
          if (step % 50 === 0) assert.deepEqual(cache.verify().problems, [], `step ${step}`)
        }
        assert.deepEqual([...cache.keys()].sort(), model.liveKeys().sort())
        assert.deepEqual(cache.verify().problems, [])
      })
    }
  }

  test('with TTLs and eviction together: never a wrong value, never one that ended', t => {
    const random = seededRandom(t)
    const clock = new ManualClock()
    using cache = Cache.open({ name: 'both', directory: memoryDir(t), maxItems: 12, clock })
    const model = new CacheModel(clock, 1000, 'none')
    for (let step = 0; step < STEPS; step++) {
      const key = random.pick(KEYS)
      const ttlMs = randomTtl({ random, withTtl: true } as Run)
      const value = random.text(10)
      assert.equal(cache.set(key, value, { ttlMs }), true)
      model.store(key, value, ttlMs)
      assert.equal(cache.get(key), model.find(key)?.value, 'what was used last is there')
      const other = random.pick(KEYS)
      const seen = cache.get(other)
      if (seen !== undefined) assert.equal(seen, model.find(other)?.value)
      clock.advance(random.below(20))
    }
    const { items, evicted, expired } = cache.stats()
    assert.ok(items <= 12 && evicted > 0 && expired > 0)
    assert.deepEqual(cache.verify().problems, [])
  })
})
