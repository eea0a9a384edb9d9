/**
 * A short run of the fuzzer. `npm run fuzz` makes long runs.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Child } from '../../testing/child.ts'
import { within } from '../../testing/deadline.ts'
import { seededRandom } from '../../testing/random.ts'
import { fuzzTarget, TARGETS } from '../../verification/fuzz/fuzz.ts'

const INPUT_COUNT = 40_000
const SHARES = TARGETS.reduce((sum, { share }) => sum + share, 0)

describe('hostile bytes break no promise of', () => {
  for (const target of TARGETS) {
    test(target.name, t => {
      const { seed } = seededRandom(t)
      fuzzTarget(target, Math.ceil((INPUT_COUNT * target.share) / SHARES), seed)
    })
  }
})

test('an input that hangs is told, and ends the run', async t => {
  const script = new URL('../../verification/fuzz/hanging-child.js', import.meta.url)
  const child = await Child.start<never, never>(t, script)
  const { signal } = await within('the end of a run that hangs', child.exit)
  assert.equal(signal, 'SIGKILL')
  assert.match(child.stderr, /a hanging parser, seed 7, input [0-9a-f]+: the target hangs/)
})
