import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { replay } from '../../bench/hit-ratio/replay.ts'
import { readReferences, readRequests, readTraces } from '../../bench/hit-ratio/traces.ts'

/** Small traces that differ much: loops, scans, recency, frequency, one-hit wonders. */
const NAMES = ['lirs-multi3', 'lirs-sprite', 'lirs-2pools', 'cache2k-web12', 'adaptsize-request']

describe('on real traces', () => {
  const references = readReferences()
  const cells = readTraces()
    .filter(({ name }) => NAMES.includes(name))
    .flatMap(trace => {
      const ids = readRequests(trace)
      return trace.cache_sizes.map(size => ({ trace: trace.name, size, ids }))
    })

  const ofReference = (policy: string, trace: string, size: number) =>
    references.find(
      entry => entry.trace === trace && entry.cache_size === size && entry.policy === policy,
    )

  test('lru has exactly the hits of a list-based LRU', () => {
    for (const { trace, size, ids } of cells) {
      const expected = ofReference('LRU', trace, size)?.hits
      assert.equal(replay(ids, size, 'lru'), expected, `${trace} with ${size} items`)
    }
  })

  test('the default policy hits more often than LRU and S3-FIFO do, in the mean', () => {
    const mean = (values: readonly number[]) =>
      values.reduce((sum, x) => sum + x, 0) / values.length
    const ours = mean(cells.map(({ size, ids }) => replay(ids, size, 'adaptive') / ids.length))
    for (const policy of ['LRU', 'S3-FIFO']) {
      const theirs = mean(
        cells.map(({ trace, size }) => ofReference(policy, trace, size)?.hit_ratio ?? Number.NaN),
      )
      assert.ok(ours > theirs, `${ours} against ${theirs} of ${policy}`)
    }
  })
})
