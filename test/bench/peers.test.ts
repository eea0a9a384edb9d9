/**
 * Each candidate as a benchmark runs it: two processes that return correct answers and timings.
 */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { CANDIDATES, findCandidate } from '../../bench/compare/candidates.ts'
import { measure } from '../../bench/compare/worker-processes.ts'
import { itemCount, OPERATIONS } from '../../bench/compare/workload.ts'
import { memoryDir } from '../../testing/temp-dir.ts'

const KEY_COUNT = 100

describe('a candidate of the comparison', () => {
  for (const name of CANDIDATES) {
    const { start, missing } = findCandidate(name)
    // Tests do not install caches that are only compared with, so a missing one is not a failure.
    if (start === undefined) {
      test(`${name}: is not here, and how to get it is told`, () => {
        assert.match(missing, /apt-get install \S+|npm run bench:peers/)
      })
      continue
    }
    test(`${name}: gives right answers and timings, by two processes`, async t => {
      const dir = memoryDir(t)
      const location = { dir, socketPath: join(dir, 'bench.sock'), itemCount: itemCount(KEY_COUNT) }
      const { first, second } = await start(t, { location, keyCount: KEY_COUNT })
      for (const worker of [first, second]) {
        assert.deepEqual(await worker.ask({ kind: 'check' }), { kind: 'done' })
      }
      for (const operation of OPERATIONS) {
        const timings = await measure([first, second], { operation, durationMs: 2 })
        assert.equal(timings.length, 2)
        for (const { callCount, elapsedMs, cpuMs } of timings) {
          assert.ok(callCount >= KEY_COUNT && elapsedMs >= 2 && cpuMs > 0, operation)
        }
      }
      for (const worker of [second, first]) await worker.ask({ kind: 'close' })
    })
  }
})
