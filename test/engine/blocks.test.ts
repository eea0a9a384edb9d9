import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Blocks, NO_BLOCK } from '../../src/engine/blocks.ts'
import { MISS } from '../../src/engine/reader.ts'
import { type Random, seededRandom } from '../../testing/random.ts'
import { asText, type Bench, openBench } from '../../testing/segments.ts'

interface Run {
  readonly first: number
  readonly count: number
}

/** An allocator too simple to be wrong: it has one boolean per block. */
class NaiveBlocks {
  readonly used: boolean[]

  constructor(count: number) {
    this.used = new Array<boolean>(count).fill(false)
  }

  hasRun(count: number): boolean {
    let run = 0
    return this.used.some(used => {
      run = used ? 0 : run + 1
      return run >= count
    })
  }

  mark({ first, count }: Run, used: boolean): void {
    for (let block = first; block < first + count; block++) {
      assert.equal(this.used[block], !used, `block ${block} was ${used ? 'free' : 'used'} before`)
      this.used[block] = used
    }
  }
}

function bitmapBench(blockCount: number, more: object = {}): Bench {
  return openBench({ bitmap: true, blockSize: 1, blockCount, maxItems: 64, ...more })
}

describe('the block map', () => {
  for (const blockCount of [1, 31, 32, 33, 64, 100, 1000]) {
    test(`of ${blockCount} blocks finds a run if and only if there is one`, t => {
      const random = seededRandom(t)
      const { blocks } = bitmapBench(blockCount).parts
      const naive = new NaiveBlocks(blockCount)
      const runs: Run[] = []
      for (let turn = 0; turn < 5000; turn++) {
        if (random.chance(0.45) && runs.length > 0) {
          const [run] = runs.splice(random.below(runs.length), 1) as [Run]
          blocks.free(run.first, run.count)
          naive.mark(run, false)
        } else {
          allocateBoth(random, blocks, naive, runs)
        }
      }
      for (let block = 0; block < blockCount; block++) {
        assert.equal(blocks.isUsed(block), naive.used[block])
      }
    })
  }

  test('finds a run that crosses the place of the last allocation (F18)', () => {
    const { set, get, engine } = bitmapBench(32)
    assert.equal(set('a', 'x'.repeat(12)), 'stored')
    assert.equal(engine.delete('a'), true)
    assert.equal(set('b', 'y'.repeat(24)), 'stored')
    assert.equal(engine.delete('b'), true)
    assert.equal(set('c', 'z'.repeat(32)), 'stored')
    assert.equal(get('c'), 'z'.repeat(32))
  })
})

function allocateBoth(random: Random, blocks: Blocks, naive: NaiveBlocks, runs: Run[]): void {
  const count = 1 + random.below(random.chance(0.2) ? blocks.blockCount : 5)
  const possible = naive.hasRun(count)
  const first = blocks.allocate(count)
  assert.equal(first !== NO_BLOCK, possible, `a run of ${count}`)
  if (first === NO_BLOCK) return
  naive.mark({ first, count }, true)
  runs.push({ first, count })
}

describe('a full bitmap cache', () => {
  test('updates in place when there is no room for a second copy (F19)', () => {
    const { set, get, engine } = bitmapBench(32)
    set('a', 'x'.repeat(20))
    set('b', 'y'.repeat(12))
    assert.equal(set('a', 'z'.repeat(20)), 'stored')
    assert.equal(set('a', 'w'.repeat(5)), 'stored')
    assert.equal(engine.stats().freeBlocks, 15)
    assert.equal(set('a', 'v'.repeat(20)), 'stored', 'its own blocks and their neighbours')
    assert.deepEqual([get('a'), get('b')], ['v'.repeat(20), 'y'.repeat(12)])
    assert.deepEqual(engine.verify().problems, [])
  })

  test('changes nothing when an update does not fit (F19)', () => {
    const { set, get, engine, segment, clock } = bitmapBench(32)
    set('a', 'x'.repeat(10), 5000)
    set('b', 'y'.repeat(22))
    const { freeBlocks, evicted } = engine.stats()
    const before = Buffer.from(segment.bytes.subarray(segment.layout.slotsOffset))
    assert.equal(set('a', 'z'.repeat(11), 500), 'full')
    assert.deepEqual(segment.bytes.subarray(segment.layout.slotsOffset), before)
    assert.deepEqual(engine.stats(), { ...engine.stats(), freeBlocks, evicted, full: 1 })
    clock.advance(4999)
    assert.equal(get('a'), 'x'.repeat(10))
    assert.deepEqual(engine.verify().problems, [])
  })

  test('evicts until the new value fits, and no more (F20)', () => {
    const { set, get, engine } = bitmapBench(32, { eviction: 'lru' })
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) set(key, key.repeat(4))
    assert.equal(set('new', 'n'.repeat(9)), 'stored')
    assert.deepEqual(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].filter(key => get(key) !== undefined),
      ['d', 'e', 'f', 'g', 'h'],
    )
    assert.equal(engine.stats().evicted, 3)
    assert.equal(engine.stats().full, 0, 'nothing was refused')
    assert.equal(get('new'), 'n'.repeat(9))
  })

  test('never evicts the item that is updated (F20)', () => {
    const { set, get, engine } = bitmapBench(32, { eviction: 'lru' })
    set('old', 'o'.repeat(16))
    set('other', 'x'.repeat(16))
    assert.equal(set('old', 'n'.repeat(17)), 'stored')
    assert.equal(get('old'), 'n'.repeat(17))
    assert.equal(get('other'), undefined)
    assert.equal(set('old', 'w'.repeat(32)), 'stored')
    assert.equal(engine.stats().items, 1)
    assert.deepEqual(engine.verify().problems, [])
  })

  test('takes back what expired before it refuses', () => {
    const { set, get, clock, engine } = bitmapBench(32)
    for (let i = 0; i < 8; i++) set(`k${i}`, 'xxxx', i % 2 === 0 ? 10 : undefined)
    clock.advance(10)
    assert.equal(set('new', 'n'.repeat(4)), 'stored')
    assert.equal(set('long', 'n'.repeat(5)), 'full', 'no five of the free blocks are neighbours')
    assert.equal(engine.delete('k1'), true)
    assert.equal(set('long', 'n'.repeat(5)), 'stored')
    assert.equal(get('k3'), 'xxxx')
    assert.deepEqual(engine.verify().problems, [])
  })

  for (const eviction of ['none', 'lru'] as const) {
    test(`keeps every invariant at each of many random steps (${eviction})`, t => {
      const random = seededRandom(t)
      const bench = bitmapBench(80, { eviction, maxItems: 12, blockSize: 3 })
      const model = new Map<string, string>()
      for (let turn = 0; turn < 1500; turn++) {
        randomChange(random, bench, model, eviction === 'lru')
        assert.deepEqual(bench.engine.verify().problems, [], `step ${turn}`)
      }
    })
  }
})

/** A set is refused only if no free run can hold it, and reads return what was stored last. */
function randomChange(random: Random, bench: Bench, model: Map<string, string>, lru: boolean) {
  const key = `k${random.below(20)}`
  if (random.chance(0.25)) {
    assert.equal(bench.engine.delete(key), model.delete(key))
    return
  }
  const value = random.text(random.below(random.chance(0.1) ? 200 : 40))
  const naive = new NaiveBlocks(80)
  for (const [name, stored] of model) if (name !== key) mark(bench, naive, name, stored)
  const fits = naive.hasRun(lengthOf(value)) && (model.has(key) || model.size < 12)
  const outcome = bench.set(key, value)
  assert.equal(outcome, lru || fits ? 'stored' : 'full')
  if (outcome === 'stored') model.set(key, value)
  for (const [name, stored] of model) {
    const seen = bench.read(bench.key(name), asText)
    if (seen === MISS && lru && name !== key) model.delete(name)
    else assert.equal(seen, stored)
  }
}

function mark({ parts, key }: Bench, naive: NaiveBlocks, name: string, value: string): void {
  const prepared = key(name)
  const slot = parts.table.find(parts.table.bucketOf(prepared.hash), prepared)
  naive.mark({ first: parts.table.firstBlock(slot), count: lengthOf(value) }, true)
}

function lengthOf(value: string): number {
  return Math.max(1, Math.ceil(value.length / 3))
}
