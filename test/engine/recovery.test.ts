import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Geometry, INFO_WRITING, LOCK, LOCK_OFFSET } from '../../src/segment/index.ts'
import { type Bench, openBench } from '../../testing/segments.ts'
import { DAMAGES, type Damage, slotOf, slotWord } from './damage.ts'

const MODES: Readonly<Record<string, Partial<Geometry>>> = {
  'one block an item, no eviction': {},
  'one block an item, LRU': { eviction: 'lru' },
  'bitmap, no eviction': { bitmap: true, blockCount: 20, blockSize: 16 },
  'one block an item, adaptive': { eviction: 'adaptive' },
  'bitmap, adaptive': { bitmap: true, blockCount: 20, blockSize: 16, eviction: 'adaptive' },
  'bitmap, LRU': { bitmap: true, blockCount: 20, blockSize: 16, eviction: 'lru' },
  'one block an item, a store': { checksums: true },
  'bitmap, LRU, a store': {
    bitmap: true,
    blockCount: 20,
    blockSize: 16,
    eviction: 'lru',
    checksums: true,
  },
}

const VALUES = { a: 'one', b: 'x'.repeat(40), d: '', e: 'five' } as const
const KEYS = Object.keys(VALUES) as (keyof typeof VALUES)[]

function filledBench(mode: Partial<Geometry>): Bench {
  const bench = openBench(mode)
  for (const key of ['a', 'b', 'c', 'd', 'e']) {
    bench.set(key, VALUES[key as 'a'] ?? 'gone', key === 'e' ? 1000 : undefined)
  }
  bench.engine.delete('c')
  return bench
}

function isPossible(damage: Damage, mode: Partial<Geometry>): boolean {
  if (damage.needs === 'lru' || damage.needs === 'adaptive') return mode.eviction === damage.needs
  return damage.needs !== 'bitmap' || mode.bitmap === true
}

function askForRecovery({ segment }: Bench): void {
  segment.words[(LOCK_OFFSET + LOCK.fields.needsRecovery.offset) / 4] = 1
}

for (const [title, mode] of Object.entries(MODES)) {
  const damages = DAMAGES.filter(damage => isPossible(damage, mode))

  describe(`recovery (${title})`, () => {
    test('gives back every whole item, whatever was damaged beside the items', () => {
      for (const damage of damages) {
        const bench = filledBench(mode)
        damage.apply(bench)
        askForRecovery(bench)
        assert.deepEqual(bench.engine.verify(), { ok: true, problems: [], items: 4 }, damage.name)
        for (const key of KEYS) assert.equal(bench.get(key), VALUES[key], damage.name)
        assert.equal(bench.get('c'), undefined)
        assert.equal(bench.set('new', 'n'), 'stored', damage.name)
        bench.clock.advance(1000)
        assert.equal(bench.get('e'), undefined, 'the end of an item survives')
      }
    })

    test('comes by itself, or is not needed, when a writer runs into damage', () => {
      for (const damage of damages) {
        const bench = filledBench(mode)
        damage.apply(bench)
        for (let i = 0; i < 30; i++) {
          bench.set(`k${i % 15}`, 'y'.repeat(i))
          bench.engine.delete(`k${i % 7}`)
        }
        askForRecovery(bench)
        assert.deepEqual(bench.engine.verify().problems, [], damage.name)
      }
    })

    test('drops the one item whose value was being written', () => {
      const bench = filledBench(mode)
      bench.segment.words[slotWord(bench, slotOf(bench, 'b')) + 2] =
        bench.parts.table.info(slotOf(bench, 'b')) | INFO_WRITING
      askForRecovery(bench)
      assert.deepEqual(bench.engine.verify(), { ok: true, problems: [], items: 3 })
      assert.deepEqual(
        KEYS.map(key => bench.get(key)),
        ['one', undefined, '', 'five'],
      )
    })

    test('drops what is no item: facts out of range, another hash, a key that is there', () => {
      const spoils: readonly ((bench: Bench, slot: number) => void)[] = [
        ({ parts }, slot) => parts.table.setInfo(slot, 0x00ff_0001), // an unknown kind of value
        ({ parts }, slot) => parts.table.setInfo(slot, 0x0002_0000), // no key
        ({ parts }, slot) => parts.table.setInfo(slot, 0x0002_ffff), // a key too long
        ({ parts }, slot) => parts.table.setInfo(slot, -1),
        ({ parts }, slot) => parts.table.setValueSize(slot, -1),
        ({ parts }, slot) => parts.table.setValueSize(slot, 0x7fff_ffff),
        ({ parts }, slot) => parts.table.setFirstBlock(slot, -1),
        ({ parts }, slot) => parts.table.setFirstBlock(slot, 19),
        ({ parts }, slot) => parts.table.setFirstBlock(slot, parts.table.firstBlock(4)),
        ({ parts }, slot) => parts.table.setExpiresAtMs(slot, Number.NaN),
        ({ parts }, slot) => parts.table.setExpiresAtMs(slot, -1),
        (bench, slot) => {
          bench.segment.words[slotWord(bench, slot)] = 4711
        },
        (bench, slot) => {
          bench.segment.words[slotWord(bench, slot) + 8] = 0x7a7a7a7a
        },
        (bench, slot) => bench.parts.table.writeKey(slot, bench.key('e')),
      ]
      for (const [index, spoil] of spoils.entries()) {
        const bench = filledBench(mode)
        spoil(bench, slotOf(bench, 'b'))
        askForRecovery(bench)
        const report = bench.engine.verify()
        assert.deepEqual(report, { ok: true, problems: [], items: 3 }, `spoil ${index}`)
        assert.equal(bench.get('b'), undefined)
        assert.equal(bench.get('a'), 'one')
      }
    })

    test('after a clear keeps what was set since, and brings back nothing from before', () => {
      const bench = filledBench(mode)
      assert.equal(bench.engine.clear(), 4)
      assert.deepEqual(bench.engine.verify(), { ok: true, problems: [], items: 0 })
      assert.equal(bench.set('new', 'n', 1000), 'stored')
      askForRecovery(bench)
      assert.deepEqual(bench.engine.verify(), { ok: true, problems: [], items: 1 })
      assert.equal(bench.get('new'), 'n')
      assert.deepEqual(
        KEYS.map(key => bench.get(key)),
        KEYS.map(() => undefined),
      )
      bench.clock.advance(1000)
      assert.equal(bench.engine.upkeep.sweepStep().reclaimed, 1)
      for (let i = 0; i < 10; i++) assert.equal(bench.set(`k${i}`, 'v'), 'stored')
      assert.deepEqual(bench.engine.verify(), { ok: true, problems: [], items: 10 })
    })

    test('tells of each kind of damage before it is repaired', () => {
      for (const { name, problem, apply } of damages) {
        const bench = filledBench(mode)
        assert.deepEqual(bench.engine.verify().problems, [])
        apply(bench)
        const { ok, problems } = bench.engine.verify()
        assert.equal(ok, problem === undefined, name)
        if (problem !== undefined) assert.match(problems.join('\n'), problem, name)
      }
    })
  })
}
