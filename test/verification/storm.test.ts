import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tempDir } from '../../testing/temp-dir.ts'
import { type Mode, modeNamed } from '../../verification/storm/modes.ts'
import { StepCoverage } from '../../verification/storm/step-coverage.ts'
import { runStorm } from '../../verification/storm/storm.ts'
import { assertNoHarm } from './storms.ts'

// A mode for each eviction policy, with and without a bitmap, room for all, and a store.
const FEW_MODES = [
  'one block, lru, room for all',
  'one block, cleared when full',
  'bitmap, nothing evicted, often full',
  'a store, bitmap, adaptive',
].map(modeNamed)

// Sixteen for each mode: its seven workers end by a kill as well. storm.long.test.ts has all modes.
test('64 kills of processes and threads, under every eviction policy, do no harm', t =>
  assertNoHarm(t, 64, FEW_MODES))

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
