import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { INFO_WRITING } from '../../src/segment/index.ts'
import { type Bench, openBench } from '../../testing/segments.ts'
import { slotWord } from './damage.ts'

/** Items a (slot 1) and b (slot 2), both of two blocks in bitmap mode. */
function twoItems(bitmap: boolean): Bench {
  const bench = openBench(bitmap ? { bitmap, blockSize: 16, blockCount: 100 } : { blockSize: 32 })
  bench.set('a', 'x'.repeat(32))
  bench.set('b', 'y'.repeat(32), 1000)
  return bench
}

describe('verify', () => {
  const items: readonly [name: string, problem: RegExp, spoil: (bench: Bench) => void][] = [
    [
      'an item that is half written',
      /slot 1 is linked but not complete/,
      ({ parts }) => parts.table.setInfo(1, parts.table.info(1) | INFO_WRITING),
    ],
    [
      'a slot that is linked but free',
      /slot 1 is linked but not complete/,
      ({ parts }) => parts.table.setInfo(1, 0),
    ],
    [
      'a kind of value that does not exist',
      /slot 1 has a value of unknown type/,
      ({ parts }) => parts.table.setInfo(1, 0x000a_0001),
    ],
    [
      'a value that is too large',
      /slot 1 has its value outside the blocks/,
      ({ parts }) => parts.table.setValueSize(1, 0x7fff_ffff),
    ],
    [
      'a value of negative size',
      /slot 1 has its value outside the blocks/,
      ({ parts }) => parts.table.setValueSize(1, -1),
    ],
    [
      'a value beyond the last block',
      /slot 1 has its value outside the blocks/,
      ({ parts }) => parts.table.setFirstBlock(1, 0x7fff_ffff),
    ],
    [
      'an end that is no moment',
      /slot 1 expires at NaN/,
      ({ parts }) => parts.table.setExpiresAtMs(1, Number.NaN),
    ],
    [
      'a key that was changed',
      /slot 1 has a key of another hash/,
      bench => {
        bench.segment.words[slotWord(bench, 1) + 8] = 0x62
      },
    ],
    [
      'a key with something behind its end',
      /slot 1 has a key that is not padded with zeros/,
      bench => {
        bench.segment.words[slotWord(bench, 1) + 8] = 0x0100_0061
      },
    ],
    [
      'an item beyond the slots used',
      /slot 9 holds an item beyond the used slots/,
      ({ parts }) => parts.table.setInfo(9, 0x0002_0001),
    ],
  ]

  for (const [name, problem, spoil] of items) {
    test(`finds ${name}`, () => {
      for (const bitmap of [false, true]) {
        const bench = twoItems(bitmap)
        spoil(bench)
        assert.match(bench.engine.verify().problems.join('\n'), problem)
      }
    })
  }

  test('finds blocks that two items share, or that belong to another slot', () => {
    const run = twoItems(true)
    run.parts.table.setFirstBlock(2, 1)
    assert.match(run.engine.verify().problems.join('\n'), /block 1 belongs to slots \d and \d/)
    const single = twoItems(false)
    single.parts.table.setFirstBlock(2, 0)
    assert.match(single.engine.verify().problems.join('\n'), /slot 2 has the block of another slot/)
  })

  test('says no more than a hundred sentences, and ends', () => {
    const bench = openBench({ maxItems: 500 })
    for (let i = 0; i < 500; i++) bench.set(`k${i}`, 'v')
    for (let slot = 1; slot <= 500; slot++) bench.parts.table.setInfo(slot, 0)
    assert.equal(bench.engine.verify().problems.length, 100)
  })
})
