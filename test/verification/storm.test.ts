import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tempDir } from '../../testing/temp-dir.ts'
import type { Mode } from '../../verification/storm/modes.ts'
import { StepCoverage } from '../../verification/storm/step-coverage.ts'
import { runStorm } from '../../verification/storm/storm.ts'
import { testStorm } from './storms.ts'

// Five for each mode; `storm.long.test.ts` has more, and `npm run storm` any number.
testStorm(60)

test('a storm reports each fault once, however many checks meet it', async t => {
  // Of a cache that evicts, each worker finds items lost.
  const evicting: Mode = {
    name: 'evicting, and expected to keep all',
    options: { maxItems: 20, maxKeySize: 64, bitmap: false, blockSize: 512, eviction: 'lru' },
    keepsAll: true,
  }
  const { faults } = await runStorm({
    mode: evicting,
    python: undefined,
    directory: tempDir(t),
    kills: 12,
    seed: 1,
    endMs: Number.POSITIVE_INFINITY,
    steps: new StepCoverage(),
  })
  const texts = faults.map(fault => fault.replace(/^.*?\): (killed .*?: )?/, ''))
  assert.ok(texts.length > 0)
  assert.deepEqual(texts, [...new Set(texts)])
})
