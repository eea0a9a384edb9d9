/**
 * A short run of the fuzzer; `npm run fuzz` makes long ones.
 */

import { describe, test } from 'node:test'
import { seededRandom } from '../support/random.ts'
import { fuzzTarget, TARGETS } from './fuzz.ts'

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
