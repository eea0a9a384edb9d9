import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seededRandom } from '../../testing/random.ts'
import { checkMode, HISTORY_MODES } from '../../verification/histories/record.ts'

const ROUNDS = 40

describe('three processes at the same items', () => {
  for (const mode of Object.keys(HISTORY_MODES)) {
    test(`${mode}: all calls could have been made one after the other`, async t => {
      const { seed } = seededRandom(t)
      const { operations, overlaps, broken } = await checkMode(mode, ROUNDS, seed)
      assert.deepEqual(broken, [])
      assert.ok(overlaps > 0, 'no two calls met')
      t.diagnostic(`${operations} operations, ${overlaps} overlap`)
    })
  }
})
