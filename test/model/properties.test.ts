/**
 * Random sequences of commands against the model, shrunk to the shortest that fails.
 *
 * UNDERCROFT_TEST_RUNS gives the sequences of each mode, UNDERCROFT_TEST_SEED the seed.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Cache } from '../../src/index.ts'
import { processDir } from '../../testing/temp-dir.ts'
import { type Command, ModelledCache, type ModelledOptions } from './modelled-cache.ts'
import { LONGEST_VALUE, modelledModes } from './modes.ts'

const DEFAULT_RUNS = 60
const DEFAULT_SEED = 20_261_122
const LONGEST_SEQUENCE = 60
const FOREVER = Number.POSITIVE_INFINITY

const runs = Number(process.env.UNDERCROFT_TEST_RUNS ?? DEFAULT_RUNS)
const seed = Number(process.env.UNDERCROFT_TEST_SEED ?? DEFAULT_SEED)
const directory = processDir()

/** More keys than fit. One is longer than a slot holds, and all share few chains. */
const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'a key that is longer than the slot')
const ttlMs = fc.oneof(
  { weight: 2, arbitrary: fc.constant(FOREVER) },
  { weight: 1, arbitrary: fc.nat(20) },
)

function commands(longest: number): fc.Arbitrary<Command[]> {
  const size = fc.oneof(fc.integer({ min: 6, max: 16 }), fc.integer({ min: 6, max: longest }))
  const by = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.maxSafeInteger())
  const arithmetic = fc.constantFrom('increment', 'decrement', 'multiply', 'divide')
  const stores = fc.constantFrom('set', 'add', 'replace')
  const others = fc.constantFrom('clear', 'sweep', 'other attachment')
  const command: fc.Arbitrary<Command> = fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: stores, key, size, ttlMs }) },
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constantFrom('get', 'has', 'delete', 'promote'), key }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('touch'), key, ttlMs }) },
    { weight: 3, arbitrary: fc.record({ kind: arithmetic, key, by }) },
    { weight: 1, arbitrary: fc.record({ kind: others }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('time'), byMs: fc.integer({ min: -5, max: 15 }) }),
    },
  )
  return fc.array(command, { maxLength: LONGEST_SEQUENCE, size: 'max' })
}

function agreement(sizes: ModelledOptions, longest: number): fc.IProperty<[Command[]]> {
  return fc.property(commands(longest), sequence => {
    using subject = new ModelledCache(sizes, directory)
    for (const command of sequence) subject.do(command)
  })
}

describe('any sequence of commands has the results of the model', () => {
  for (const [name, sizes] of Object.entries(modelledModes(directory))) {
    test(name, t => {
      const longest = sizes.bitmap === true ? LONGEST_VALUE.bitmap : LONGEST_VALUE.single
      fc.assert(agreement(sizes, longest), { seed, numRuns: runs })
      t.diagnostic(`${runs} sequences, UNDERCROFT_TEST_SEED=${seed}`)
    })
  }
})

test('a cache that does not delete is found, by the two commands that it takes', t => {
  t.mock.method(Cache.prototype, 'delete', () => true)
  const [sizes] = Object.values(modelledModes(directory))
  assert.ok(sizes)
  const { failed, counterexample } = fc.check(agreement(sizes, LONGEST_VALUE.single), { seed })
  assert.ok(failed)
  const [shortest = []] = counterexample ?? []
  assert.ok(shortest.length <= 2, JSON.stringify(shortest))
})
