import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, test } from 'node:test'
import { openHere, ownCache, startProcesses } from './cache-process.ts'

const ROUNDS = 5
const PROCESS_COUNT = 8
const INCREMENTS = 200

describe('processes that open a name at the same moment', () => {
  test('all get the same cache, in one file, and leave no other file behind', async t => {
    const processes = await startProcesses(t, PROCESS_COUNT)
    for (let round = 0; round < ROUNDS; round++) {
      const options = ownCache(t, { maxItems: 100 })
      await Promise.all(
        processes.map(async process => {
          await process.open(options)
          await process.ask({ kind: 'increment', key: 'sum', by: 1, times: INCREMENTS })
        }),
      )
      assert.equal(openHere(t, options).get('sum'), PROCESS_COUNT * INCREMENTS)
      assert.deepEqual(readdirSync(options.directory), ['shared.undercroft'])
    }
  })

  test('with different sizes: one wins, and the others are told that theirs did not', async t => {
    const processes = await startProcesses(t, PROCESS_COUNT)
    for (let round = 0; round < ROUNDS; round++) {
      const options = ownCache(t, { maxItems: 1 })
      // One item more or less is the same size, for the sake of uWSGI's options.
      const sizeOf = (index: number) => 100 + 2 * index
      const outcomes = await Promise.allSettled(
        processes.map((process, index) => process.open({ ...options, maxItems: sizeOf(index) })),
      )
      const winners = outcomes.flatMap(({ status }, index) =>
        status === 'fulfilled' ? [sizeOf(index)] : [],
      )
      const codes = outcomes.flatMap(outcome =>
        outcome.status === 'rejected' ? [outcome.reason.code] : [],
      )
      assert.equal(winners.length, 1)
      assert.deepEqual(codes, Array(PROCESS_COUNT - 1).fill('UNDERCROFT_GEOMETRY_MISMATCH'))
      const { name, directory } = options
      assert.equal(openHere(t, { name, directory }).stats().maxItems, winners[0])
      assert.deepEqual(readdirSync(directory), ['shared.undercroft'])
    }
  })
})
