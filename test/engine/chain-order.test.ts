import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RETRY } from '../../src/engine/reader.ts'
import { SlotTable } from '../../src/engine/slot-table.ts'
import { COLLIDING, Depths } from '../../testing/depths.ts'
import { randomFrom, seededRandom } from '../../testing/random.ts'
import { asText, type Bench, openBench } from '../../testing/segments.ts'

/** Enough for a vote to be clear: one request of 128 is noted. */
const MANY = 5000

/** Four items in one chain: `abcd4` is the first, and `abcd1` is the last. */
function collidingBench(): Bench & { readonly depths: Depths } {
  const bench = openBench({ hash: 'murmur2', eviction: 'lru' })
  for (const key of COLLIDING) bench.set(key, key)
  const depths = new Depths(bench.parts)
  assert.deepEqual(
    COLLIDING.map(key => depths.of(key)),
    [4, 3, 2, 1],
  )
  return { ...bench, depths }
}

/** Makes that many requests for these keys, each as often as its share says. */
function ask({ get }: Bench, shares: Readonly<Record<string, number>>, count = MANY): void {
  const random = randomFrom(1)
  const drawn = Object.entries(shares).flatMap(([key, share]) => Array<string>(share).fill(key))
  for (let i = 0; i < count; i++) {
    const key = random.pick(drawn)
    assert.equal(get(key), key)
  }
}

describe('the order of a chain', () => {
  test('becomes: what is asked for most first, and everything is found as before', () => {
    const bench = collidingBench()
    ask(bench, { abcd1: 7, abcd2: 1, abcd3: 1, abcd4: 1 })
    bench.engine.upkeep.orderChains()
    assert.equal(bench.depths.of('abcd1'), 1)
    assert.deepEqual(COLLIDING.map(bench.get), [...COLLIDING])
    assert.deepEqual(bench.engine.verify(), { ok: true, problems: [], items: 4 })
  })

  test('follows those who ask when they change their minds', () => {
    const bench = collidingBench()
    for (const favourite of COLLIDING) {
      ask(bench, { [favourite]: 1 })
      bench.engine.upkeep.orderChains()
      assert.equal(bench.depths.of(favourite), 1)
    }
    assert.deepEqual(bench.engine.verify().problems, [])
  })

  test('stays when the first is asked for most, so that it does not go back and forth', () => {
    const bench = collidingBench()
    const { table } = bench.parts
    const version = () => table.version(table.bucketOf(bench.key('abcd4').hash))
    const before = version()
    for (let period = 0; period < 20; period++) {
      ask(bench, { abcd4: 6, abcd3: 2, abcd2: 1, abcd1: 1 })
      bench.engine.upkeep.orderChains()
    }
    assert.equal(version(), before)
  })

  test('comes right without any item that is asked for more than all others together', () => {
    const bench = collidingBench()
    ask(bench, { abcd1: 5, abcd2: 4, abcd3: 3, abcd4: 1 }, 4 * MANY)
    for (let period = 0; period < 10; period++) {
      bench.engine.upkeep.orderChains()
      ask(bench, { abcd1: 5, abcd2: 4, abcd3: 3, abcd4: 1 })
    }
    assert.ok(bench.depths.of('abcd4') >= 3)
    assert.ok(bench.depths.of('abcd1') <= 2)
  })

  test('is that of each attachment that asks, and asking costs others nothing', () => {
    const bench = collidingBench()
    const other = bench.attach()
    for (let i = 0; i < MANY; i++) other.get('abcd2', asText)
    bench.engine.upkeep.orderChains()
    assert.equal(bench.depths.of('abcd2'), 3, 'this one did not ask')
    other.upkeep.orderChains()
    assert.equal(bench.depths.of('abcd2'), 1)
  })

  test('leaves alone what is gone, or is another item by now', () => {
    const bench = collidingBench()
    ask(bench, { abcd1: 1 })
    bench.engine.delete('abcd1')
    bench.engine.upkeep.orderChains()
    assert.deepEqual(bench.engine.verify(), { ok: true, problems: [], items: 3 })
    ask(bench, { abcd2: 1 })
    bench.engine.delete('abcd2')
    bench.set('elsewhere', 'x') // takes the slot that was freed
    bench.engine.upkeep.orderChains()
    assert.deepEqual(bench.engine.verify(), { ok: true, problems: [], items: 3 })
    assert.equal(bench.get('elsewhere'), 'x')
  })

  test('changes under a reader who then reads again, and is not misled', () => {
    const bench = collidingBench()
    ask(bench, { abcd1: 1 })
    const seen = bench.read(bench.key('abcd2'), (...value) => {
      bench.engine.upkeep.orderChains()
      return asText(...value)
    })
    assert.equal(bench.depths.of('abcd1'), 1)
    assert.equal(seen, RETRY)
    assert.equal(bench.read(bench.key('abcd2'), asText), 'abcd2')
  })

  test('broken off in the middle costs no item', t => {
    const bench = collidingBench()
    ask(bench, { abcd1: 1 })
    const linked = t.mock.method(SlotTable.prototype, 'link', () => {
      linked.mock.restore()
      throw new Error('the process was killed here')
    })
    assert.throws(() => bench.engine.upkeep.orderChains(), /killed/)
    assert.deepEqual(COLLIDING.map(bench.get), [...COLLIDING])
    assert.deepEqual(bench.engine.verify(), { ok: true, problems: [], items: 4 })
  })

  test('is made anew where a chain turns out to be broken', () => {
    const bench = collidingBench()
    ask(bench, { abcd1: 1 })
    const { table } = bench.parts
    table.emptyChain(table.bucketOf(bench.key('abcd1').hash))
    bench.engine.upkeep.orderChains()
    assert.deepEqual(COLLIDING.map(bench.get), [...COLLIDING])
    assert.deepEqual(bench.engine.verify(), { ok: true, problems: [], items: 4 })
  })
})

describe('the order of all chains', () => {
  test('brings requests for a few favourites nearer to the front, and stays there', t => {
    const random = seededRandom(t)
    const maxItems = 16_384
    const bench = openBench({ maxItems })
    const depths = new Depths(bench.parts)
    for (let i = 0; i < maxItems; i++) bench.set(`key ${i}`, 'v')
    // A favourite's share falls with its rank. As many items as buckets: 1.5 looks on average.
    const asked = Array.from({ length: 300_000 }, () => {
      const rank = Math.floor(maxItems ** (random.below(2 ** 30) / 2 ** 30))
      return `key ${(rank * 7919) % maxItems}`
    })
    const before = depths.meanOf(asked)
    const means: number[] = []
    for (let period = 0; period < 10; period++) {
      for (const key of asked) bench.get(key)
      bench.engine.upkeep.orderChains()
      means.push(depths.meanOf(asked))
    }
    t.diagnostic(`mean depth ${before.toFixed(3)}, then ${means.map(x => x.toFixed(3)).join(' ')}`)
    const surplus = means.map(mean => (mean - 1) / (before - 1))
    assert.ok((surplus.at(-1) ?? 1) < 0.6, `of what is to be saved, this is left: ${surplus}`)
    assert.deepEqual(bench.engine.verify().problems, [])
  })
})
