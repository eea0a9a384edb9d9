import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { measureOrder } from '../../bench/chains.ts'
import { parseRoundOptions } from '../../bench/options.ts'

describe('a benchmark of ours alone', () => {
  test('chains: gives each round with and without ordering, and the order helps', () => {
    const results = measureOrder(2000, 4)
    assert.equal(results.length, 5)
    for (const { nsPerGet, plainNsPerGet } of results) assert.ok(nsPerGet > 0 && plainNsPerGet > 0)
    assert.equal(new Set(results.map(({ plainDepth }) => plainDepth)).size, 1)
    assert.ok((results[4]?.depth ?? Infinity) < (results[0]?.depth ?? 0))
  })

  test('has a million items unless told otherwise, and refuses what it cannot do', () => {
    assert.deepEqual(parseRoundOptions([]), { itemCount: 1_000_000, rounds: 5 })
    assert.equal(parseRoundOptions(['--items', '5000', '--rounds', '2']).itemCount, 5000)
    assert.throws(() => parseRoundOptions(['--items', '10']), /--items/)
  })
})
