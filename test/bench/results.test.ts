import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { goalsOf } from '../../bench/compare/targets.ts'
import { timedLoop } from '../../bench/compare/timed-loop.ts'
import { chunksOf, keysOf } from '../../bench/compare/workload.ts'
import { goalLine } from '../../bench/goal.ts'
import { Results, ratios } from '../../bench/results.ts'
import { median } from '../../testing/statistics.ts'

describe('the figures of a benchmark', () => {
  test('the median is the middle, or the mean of the two in the middle', () => {
    assert.equal(median([9, 1, 5]), 5)
    assert.equal(median([1, 9, 3, 5]), 4)
    assert.ok(Number.isNaN(median([])))
  })

  test('ratios are taken round by round, so a slow round weighs on both sides', () => {
    assert.deepEqual(ratios([100, 300], [200, 600]), [0.5, 0.5])
  })

  test('a target says whether it is reached, and when it could not be measured', () => {
    const results = new Results()
    results.add('undercroft', 'has', [timing(2e4)])
    results.add('uwsgi', 'has', [timing(1e4)])
    const lines = goalsOf(results).map(goalLine)
    assert.ok(lines.some(line => /^reached .*has.*: 0\.50 \(0\.50\.\.0\.50\)$/.test(line)))
    assert.ok(lines.some(line => /^not measured .*get string/.test(line)))
  })

  test('one process is timed by its processor, unless a server does the work', () => {
    const results = new Results()
    const busy = { callCount: 1000, elapsedMs: 8, cpuMs: 2 }
    results.add('apcu', 'set', [busy])
    results.add('redis', 'set', [busy])
    results.add('apcu', 'set', [timing(3000), timing(1000)])
    assert.deepEqual(results.nsPerCall('apcu', 'set'), [2000])
    assert.deepEqual(results.nsPerCall('redis', 'set'), [8000])
    assert.deepEqual(results.scaling('apcu', 'set'), [32])
  })

  test('every process goes through the same keys in the same order', () => {
    assert.deepEqual(keysOf('get string', 1000), keysOf('has', 1000))
    assert.equal(new Set(keysOf('increment', 1000)).size, 1000)
    assert.deepEqual(chunksOf(keysOf('set', 1000)).flat(), keysOf('set', 1000))
  })

  test('a timed loop counts exactly the calls it made, awaited or not', async () => {
    let callCount = 0
    const call = () => ++callCount
    const ofSync = await timedLoop('sync', call, [['a', 'b'], ['c']])(1)
    assert.equal(ofSync.callCount, callCount)
    const ofAsync = await timedLoop('async', async () => call(), [['a', 'b']])(1)
    assert.equal(ofSync.callCount + ofAsync.callCount, callCount)
    assert.ok(ofAsync.elapsedMs >= 1)
  })
})

function timing(callCount: number) {
  return { callCount, elapsedMs: 1, cpuMs: 1 }
}
