import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seededRandom } from '../../testing/random.ts'
import { problemsOf } from '../../verification/soak/findings.ts'
import { growthOf } from '../../verification/soak/growth.ts'
import type { Sample, SoakResult } from '../../verification/soak/soak.ts'
import { soak } from '../../verification/soak/soak.ts'

const DURATION_MS = 6_000
const MIB = 1024 * 1024
const LIMIT = { factor: 1.2, slack: 5 }

/** The samples of a soak, with values computed from the number of the sample. */
function resultOf(
  memoryAt: (index: number) => number,
  freeBlocksAt: (index: number) => number = () => 10,
  fileCountAt: (index: number) => number = () => 3,
): SoakResult {
  const samples = Array.from({ length: 100 }, (_, index): Sample => {
    const freeBlocks = freeBlocksAt(index)
    return {
      atMs: index,
      usage: { master: { memory: memoryAt(index) * MIB, files: 20 } },
      fragmentation: {
        items: 1,
        usedBlocks: 100 - freeBlocks,
        freeBlocks,
        freeRuns: 1,
        longestRun: 1,
      },
      fileCount: fileCountAt(index),
    }
  })
  const counts = { http: 1, remote: 1, cut: 0, churned: 1, reloads: 1, kills: 1 }
  return { samples, counts, faults: [] }
}

describe('growth', () => {
  test('is seen where values are higher late than after warming up', () => {
    const steady = Array.from({ length: 40 }, (_, index) => 100 + (index % 5))
    assert.equal(growthOf(steady, LIMIT).isGrown, false)
    const warmedUp = Array.from({ length: 40 }, (_, index) => (index < 10 ? 10 : 200))
    assert.equal(growthOf(warmedUp, LIMIT).isGrown, false)
    const leaking = Array.from({ length: 40 }, (_, index) => 100 + 5 * index)
    assert.equal(growthOf(leaking, LIMIT).isGrown, true)
  })

  test('of memory, of unused blocks, and of files fails a soak', () => {
    assert.deepEqual(problemsOf(resultOf(index => 50 + (index % 9))), [])
    assert.match(String(problemsOf(resultOf(index => 50 + index))), /^memory of master: 87/)
    assert.deepEqual(problemsOf(resultOf(() => 50, Math.sqrt)), [])
    assert.match(
      String(
        problemsOf(
          resultOf(
            () => 50,
            index => index / 2,
          ),
        ),
      ),
      /^blocks unused: 1\d\.\d % to 4\d\.\d %$/,
    )
    assert.match(
      String(
        problemsOf(
          resultOf(
            () => 50,
            undefined,
            index => index,
          ),
        ),
      ),
      /^files of caches: /,
    )
  })
})

test('a short soak, with reloads and kills, meets no fault', async t => {
  const { seed } = seededRandom(t)
  const { counts, faults, samples } = await soak(DURATION_MS, seed, () => {})
  assert.deepEqual(faults, [])
  assert.ok(counts.http > 0 && counts.remote > 0 && counts.churned > 0)
  assert.ok(counts.kills > 0 && counts.reloads > 0)
  assert.ok(samples.some(({ fragmentation }) => fragmentation.items > 0))
  t.diagnostic(JSON.stringify(counts))
})
